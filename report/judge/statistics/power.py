"""Power of the tests at the level that decides: what a study can find, with how many seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable
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
    thresholds: Iterable[float],
    level: float,
    later: Iterable[tuple[int, float]] = (),
    least: float = MARGIN,
) -> int | None:
    """Return about how many further seeds decide on which side of a threshold an effect is.

    With these seeds, a true effect equal to the observed one has 80% power at the observed spread.
    If a declared look is left that has this power, the result is the distance to it. The result is
    at most ``MOST_SEEDS + 1``, and None if the spread is unknown.

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
    """
    if not effect.error > 0:
        return None
    distance = min(abs(effect.difference - t) for t in thresholds if math.isfinite(t))
    ratio = max(distance, least) / effect.deviation
    free = ((more, 1.0) for more in range(1, MOST_SEEDS + 1))
    return next(
        (
            more
            for more, share in (*later, *free)
            if power(effect.n + more, ratio, level * share) >= POWER
        ),
        MOST_SEEDS + 1,
    )
