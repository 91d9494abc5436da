"""Effects between arms: paired by seed, with intervals, equivalence, and what more seeds would say.

Two kinds of chance are kept apart: that of seeds (another run of the same arm) and that of test
images (another sample of photographs). Pure functions on numbers.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
SIGNIFICANCE = 0.05
POWER = 0.8

MARGIN = 0.5
"""Differences below this, in points of accuracy, are of no consequence: fixed beforehand."""

MOST_SEEDS = 50
"""More seeds than this are called "more than 50"."""

AGREEMENT = 1e-9
"""Standard errors below this are rounding: the differences are equal."""

NAN = float("nan")

Floats = NDArray[np.float64]
Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Effect:
    """What paired differences say: in the unit of the differences, NaN where they say nothing."""

    n: int
    difference: float
    low: float
    high: float
    p: float
    deviation: float = NAN
    sign_flip_p: float = NAN
    equivalence_p: float = NAN
    detectable: float = NAN


def t_interval(values: Floats) -> tuple[float, float]:
    """Return the 95% t interval of the mean of ``values``, of shape (n,).

    Student (1908), doi:10.2307/2331554. NaN for one value, and for values that all agree.
    """
    n = len(values)
    error = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    if error < AGREEMENT:
        return NAN, NAN
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def paired_effect(differences: Floats, margin: float = MARGIN) -> Effect:
    """Return the mean of paired differences with its 95% t interval, and what goes with it.

    One pair has a difference but no interval; nor have pairs that all agree, for their spread says
    nothing about that of others.

    Parameters
    ----------
    differences
        Of shape (n,), one a seed.
    margin
        Of equivalence, in the unit of the differences.
    """
    n = len(differences)
    mean = float(np.mean(differences)) if n else NAN
    deviation = float(np.std(differences, ddof=1)) if n > 1 else NAN
    error = deviation / math.sqrt(max(n, 1))
    if n < 2 or error < AGREEMENT:
        return Effect(n, mean, NAN, NAN, NAN, deviation)
    low, high = t_interval(differences)
    return Effect(
        n=n,
        difference=mean,
        low=low,
        high=high,
        p=float(2 * stats.t.sf(abs(mean) / error, n - 1)),
        deviation=deviation,
        sign_flip_p=sign_flip_p(differences),
        equivalence_p=equivalence_p(mean, error, n, margin),
        detectable=detectable(n, deviation),
    )


def equivalence_p(mean: float, error: float, n: int, margin: float = MARGIN) -> float:
    """Return the p of two one-sided t tests against a difference of ``margin`` or more.

    Schuirmann (1987), doi:10.1007/BF01068419: the larger of the two.
    """
    below = stats.t.sf((mean + margin) / error, n - 1)
    above = stats.t.cdf((mean - margin) / error, n - 1)
    return float(max(below, above))


def sign_flip_p(differences: Floats) -> float:
    """Return the exact two-sided p of flipping signs: the share of flips at least as extreme.

    Fisher (1935), The Design of Experiments, section 21. With n differences it can't go below
    2^(1-n), so it is shown and never decides. Beyond 20 differences 100,000 flips are drawn.
    """
    n = len(differences)
    if n > 20:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (100_000, n))
    else:
        signs = np.array(list(itertools.product([-1.0, 1.0], repeat=n)))
    totals = np.abs(signs @ differences)
    return float(np.mean(totals >= abs(differences.sum()) - AGREEMENT))


def correlation(a: Floats, b: Floats) -> float:
    """Return Pearson's correlation within pairs, NaN for under three or for a constant."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return NAN
    return float(np.corrcoef(a, b)[0, 1])


def detectable(n: int, deviation: float) -> float:
    """Return the difference that ``n`` pairs find with 80% power at 5%, two-sided.

    Cohen (1988), Statistical Power Analysis, chapter 2; ``deviation`` is that of the differences.
    """
    return _detectable(n) * deviation


@cache
def _detectable(n: int) -> float:
    from statsmodels.stats.power import TTestPower  # a second to import, so only where needed

    return float(TTestPower().solve_power(nobs=n, alpha=SIGNIFICANCE, power=POWER))


def more_seeds(effect: Effect, margin: float = MARGIN) -> int | None:
    """Return about how many more seeds would decide a direction, up to one more than `MOST_SEEDS`.

    So many that a true difference as large as the one seen, but no smaller than ``margin``, is
    found with 80% power at the spread seen; None where no spread was seen.
    """
    if not effect.deviation > 0:
        return None
    target = max(abs(effect.difference), margin)
    for more in range(1, MOST_SEEDS + 1):
        if _power(effect.n + more, target / effect.deviation) >= POWER:
            return more
    return MOST_SEEDS + 1


def seeds_to_clear(effect: Effect, bounds: tuple[float, float]) -> int | None:
    """Return about how many more seeds would put the whole interval on one side of every bound.

    At the difference and the spread seen; up to one more than `MOST_SEEDS`, and None where no
    spread was seen.

    Parameters
    ----------
    effect
        What was seen.
    bounds
        Thresholds, in the unit of the differences; infinite ones don't count.
    """
    if not effect.deviation > 0:
        return None
    distance = min(abs(effect.difference - bound) for bound in bounds if math.isfinite(bound))
    for more in range(1, MOST_SEEDS + 1):
        n = effect.n + more
        half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * effect.deviation / math.sqrt(n)
        if half <= distance:
            return more
    return MOST_SEEDS + 1


def _power(n: int, effect: float) -> float:
    from statsmodels.stats.power import TTestPower

    return float(TTestPower().power(effect, n, SIGNIFICANCE))


def holm(p: Floats) -> Floats:
    """Return Holm's (1979, Scand. J. Statist. 6:65-70) adjusted p; NaN stay and don't count.

    The smallest of m is multiplied by m, the next by m - 1, and so on, none below the one before.
    """
    adjusted = np.full(len(p), NAN)
    there = np.flatnonzero(~np.isnan(p))
    order = there[np.argsort(p[there])]
    scaled = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return adjusted


# --- test images ----------------------------------------------------------------------------


def image_interval(a: Hits, b: Hits, draws: int = 10_000) -> tuple[float, float]:
    """Return the 95% interval of the difference in points over other samples of test images.

    Paired bootstrap (Efron & Tibshirani 1993, chapter 13): images are drawn again, both arms'
    answers to an image together, seeds as they are. An image's mean difference takes few values,
    so a draw of all images is a draw of how many have each.

    Parameters
    ----------
    a, b
        Whether each answer was right, of shape (seeds, images).
    draws
        Samples drawn, with a fixed seed.
    """
    means = a.mean(0) - b.mean(0)
    values, counts = np.unique(means.round(9), return_counts=True)
    generator = np.random.default_rng(0)
    sampled = generator.multinomial(len(means), counts / len(means), draws) @ values / len(means)
    low, high = np.quantile(sampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) * 100
    return float(low), float(high)


def spreads(hits: Hits) -> tuple[float, float]:
    """Return the standard deviations of an arm's accuracy in points: over seeds, over test images.

    The first is how much another seed would differ; the second how much a run would differ on
    another sample of as many images.

    Parameters
    ----------
    hits
        Whether each answer was right, of shape (seeds, images).
    """
    seeds, images = hits.shape
    over_seeds = float(hits.mean(1).std(ddof=1)) if seeds > 1 else NAN
    over_images = math.sqrt(float(hits.var(axis=1, ddof=1).mean()) / images)
    return over_seeds * 100, over_images * 100
