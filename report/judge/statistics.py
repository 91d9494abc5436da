"""Statistics of effects between arms: paired tests, intervals, equivalence tests and power.

Two sources of random variation are treated separately: seeds (another run of the same arm) and test
images (another sample of photographs). All functions are pure functions of numbers.
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
"""Equivalence margin in percentage points of accuracy, chosen before the experiments."""

MOST_SEEDS = 50
"""Larger numbers of required seeds are reported as "more than 50"."""

AGREEMENT = 1e-9
"""Standard errors below this are rounding errors, and the differences count as equal."""

NAN = float("nan")

Floats = NDArray[np.float64]
Hits = NDArray[np.bool_]


@dataclass(frozen=True)
class Effect:
    """Statistics of paired differences, in their unit; NaN if a statistic is undefined."""

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

    See Student (1908), doi:10.2307/2331554. Returns NaN for one value, and for equal values.
    """
    n = len(values)
    error = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    if error < AGREEMENT:
        return NAN, NAN
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def paired_effect(differences: Floats, margin: float = MARGIN) -> Effect:
    """Return the mean of paired differences with its 95% t interval and tests.

    A single pair has no interval, and neither have pairs with equal differences, because their
    spread can't be estimated.

    Parameters
    ----------
    differences
        Differences of shape (n,), one for each seed.
    margin
        Equivalence margin, in the unit of the differences.
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
    """Return the p-value of the equivalence test with a margin of ``margin``.

    It is the larger one of two one-sided t tests (Schuirmann 1987, doi:10.1007/BF01068419).
    """
    below = stats.t.sf((mean + margin) / error, n - 1)
    above = stats.t.cdf((mean - margin) / error, n - 1)
    return float(max(below, above))


def sign_flip_p(differences: Floats) -> float:
    """Return the exact two-sided p-value of the sign-flip test of paired differences.

    See Fisher (1935), The Design of Experiments, section 21. With n differences the p-value is at
    least 2^(1-n), so it is shown but decides no verdict. For n > 20, 100,000 flips are sampled.
    """
    n = len(differences)
    if n > 20:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (100_000, n))
    else:
        signs = np.array(list(itertools.product([-1.0, 1.0], repeat=n)))
    totals = np.abs(signs @ differences)
    return float(np.mean(totals >= abs(differences.sum()) - AGREEMENT))


def correlation(a: Floats, b: Floats) -> float:
    """Return Pearson's correlation within pairs; NaN for fewer than three pairs or a constant."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return NAN
    return float(np.corrcoef(a, b)[0, 1])


def detectable(n: int, deviation: float) -> float:
    """Return the difference that ``n`` pairs detect with 80% power at 5%, two-sided.

    ``deviation`` is that of the differences. See Cohen (1988), Statistical Power Analysis, ch. 2.
    """
    return _detectable(n) * deviation


@cache
def _detectable(n: int) -> float:
    from statsmodels.stats.power import TTestPower  # takes a second, so import it only when needed

    return float(TTestPower().solve_power(nobs=n, alpha=SIGNIFICANCE, power=POWER))


def more_seeds(effect: Effect, margin: float = MARGIN) -> int | None:
    """Return the approximate number of further seeds to decide a direction, at most MOST_SEEDS + 1.

    With these seeds, a true difference equal to the observed one, or to ``margin`` if that is
    larger, has 80% power at the observed spread. Returns None if the spread is unknown.
    """
    if not effect.deviation > 0:
        return None
    target = max(abs(effect.difference), margin)
    for more in range(1, MOST_SEEDS + 1):
        if _power(effect.n + more, target / effect.deviation) >= POWER:
            return more
    return MOST_SEEDS + 1


def seeds_to_clear(effect: Effect, bounds: tuple[float, float]) -> int | None:
    """Return about how many further seeds put the whole interval on one side of every bound.

    The difference and its spread are assumed to stay as observed. The result is at most
    ``MOST_SEEDS + 1``, and None if the spread is unknown.

    Parameters
    ----------
    effect
        The observed effect.
    bounds
        Thresholds, in the unit of the differences; infinite values are ignored.
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
    """Return the adjusted p-values of Holm (1979, Scand. J. Statist. 6:65-70); NaN are ignored.

    The smallest of m is multiplied by m, the next by m - 1, etc.; results never decrease.
    """
    adjusted = np.full(len(p), NAN)
    there = np.flatnonzero(~np.isnan(p))
    order = there[np.argsort(p[there])]
    scaled = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return adjusted


# --- test images ----------------------------------------------------------------------------


def image_interval(a: Hits, b: Hits, draws: int = 10_000) -> tuple[float, float]:
    """Return the 95% interval of the difference over samples of test images, in percentage points.

    Uses the paired bootstrap (Efron & Tibshirani 1993, chapter 13): images are resampled with both
    arms' answers, while seeds are fixed. Since an image's mean difference has few distinct values,
    it is enough to sample how many images have each value.

    Parameters
    ----------
    a, b
        Whether each answer was correct, of shape (seeds, images).
    draws
        Number of bootstrap samples, drawn with a fixed seed.
    """
    means = a.mean(0) - b.mean(0)
    values, counts = np.unique(means.round(9), return_counts=True)
    generator = np.random.default_rng(0)
    sampled = generator.multinomial(len(means), counts / len(means), draws) @ values / len(means)
    low, high = np.quantile(sampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) * 100
    return float(low), float(high)


def spreads(hits: Hits) -> tuple[float, float]:
    """Return an arm's standard deviations of accuracy over seeds and over test images, in points.

    The first is the variation between seeds; the second is the variation of a run between samples
    of equally many test images.

    Parameters
    ----------
    hits
        Whether each answer was correct, of shape (seeds, images).
    """
    seeds, images = hits.shape
    over_seeds = float(hits.mean(1).std(ddof=1)) if seeds > 1 else NAN
    over_images = math.sqrt(float(hits.var(axis=1, ddof=1).mean()) / images)
    return over_seeds * 100, over_images * 100
