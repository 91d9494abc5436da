"""Power of the tests at the level that decides: what a study can find, with how many seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from scipy import optimize, stats

from report.judge.statistics.effects import MARGIN, NAN, SIGNIFICANCE, Effect

POWER = 0.8

MOST_SEEDS = 50
"""Larger numbers of required seeds are reported as "more than 50"."""


def power(n: int, ratio: float, level: float = SIGNIFICANCE) -> float:
    """Return the probability that a two-sided paired t test at ``level`` finds an effect.

    From the noncentral t distribution (Cohen 1988, Statistical Power Analysis, chapter 2).

    Parameters
    ----------
    n
        Number of pairs.
    ratio
        The true mean of the differences, divided by their standard deviation.
    level
        The significance at which the test decides, after all adjustments.
    """
    limit = stats.t.isf(level / 2, n - 1)
    return float(stats.nct.sf(limit, n - 1, abs(ratio) * math.sqrt(n)))


def detectable(n: int, deviation: float, level: float = SIGNIFICANCE) -> float:
    """Return the difference that ``n`` pairs find with 80% power at ``level``; NaN for one pair.

    ``deviation`` is the standard deviation of the differences.
    """
    return _detectable(n, level) * deviation if n > 1 else NAN


@cache
def _detectable(n: int, level: float) -> float:
    limit = float(stats.t.isf(level / 2, n - 1))
    return float(optimize.brentq(lambda r: power(n, r, level) - POWER, 0, 10 * limit))


def more_seeds(
    effect: Effect,
    thresholds: Sequence[float],
    level: float,
    later: Sequence[tuple[int, float]] = (),
    least: float = MARGIN,
    chance: float = POWER,
) -> float | None:
    """Return about how many further seeds decide on which side of its thresholds an effect is.

    With these seeds, a true effect equal to the observed one is decided with probability ``chance``
    at the observed spread. If declared looks are left, the result is the distance to one of them.
    It is infinite if none of these, or no number up to `MOST_SEEDS`, has that probability, and None
    if the spread is unknown.

    Parameters
    ----------
    effect
        The observed effect.
    thresholds
        The thresholds that the effect is tested against; infinite ones are ignored.
    level
        The significance at which one look would decide.
    later
        The looks that are left: how many more seeds each takes, and its share of the error.
    least
        The smallest distance from a threshold that is worth finding.
    chance
        The probability of a decision to reach.
    """
    if not effect.error > 0:
        return None
    looks = later or [(more, 1.0) for more in range(1, MOST_SEEDS + 1)]
    return next(
        (
            more
            for more, share in looks
            if _decides(effect.n + more, effect, thresholds, level * share, least) >= chance
        ),
        math.inf,
    )


def _decides(
    n: int, effect: Effect, thresholds: Sequence[float], level: float, least: float
) -> float:
    """Return about how probably ``n`` pairs decide on which side of its thresholds an effect is."""
    finite = [t for t in thresholds if math.isfinite(t)]
    ratios = [max(abs(effect.difference - t), least) / effect.deviation for t in finite]
    each = [power(n, ratio, level) for ratio in ratios]
    if len(finite) > 1 and min(finite) < effect.difference < max(finite):
        # Inside, it must be told from both; by Boole's inequality, with at least this probability.
        return 1 - sum(1 - p for p in each)
    return min(each)
