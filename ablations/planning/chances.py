"""Chances that further seeds lead to a verdict; they guide what is run, and decide no verdict."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

from scipy import special

from report.judge.statistics.effects import MARGIN, Effect

PRIOR_SEEDS = 4
"""How many degrees of freedom the spread pooled over all arms counts for, beside an arm's own."""


def pooled(effects: Iterable[Effect]) -> float:
    """Return the typical standard deviation of differences over arms; NaN without any.

    It is the median of the arms' variances, each divided by the median that a variance of 1 would
    have, so that arms with a run that failed don't widen it.
    """
    known = [(e.n - 1, e.deviation**2) for e in effects if e.error > 0]
    variances = [v * freedom / float(special.chdtri(freedom, 0.5)) for freedom, v in known]
    return math.sqrt(statistics.median(variances)) if variances else math.nan


def spread_of(effect: Effect, over_arms: float) -> float:
    """Return an arm's standard deviation of differences, drawn towards that over all arms."""
    own = effect.n - 1 if effect.error > 0 else 0
    if not own:
        return over_arms
    if math.isnan(over_arms):
        return effect.deviation
    total = own * effect.deviation**2 + PRIOR_SEEDS * over_arms**2
    return math.sqrt(total / (own + PRIOR_SEEDS))


Interval = tuple[float, float]


def distinguishable(
    spread: float, seeds: int, thresholds: Sequence[float], level: float
) -> list[Interval]:
    """Return the means of ``seeds`` differences that are told from all thresholds.

    Parameters
    ----------
    spread
        The standard deviation of the differences.
    seeds
        The number of differences.
    thresholds
        The thresholds that the effect is tested against; infinite ones are ignored.
    level
        The two-sided significance.
    """
    half = -float(special.stdtrit(seeds - 1, level / 2)) * spread / math.sqrt(seeds)
    found, low = [], -math.inf
    for high in [*sorted(t for t in thresholds if math.isfinite(t)), math.inf]:
        found.append((low + half, high - half))
        low = high
    return found


def negligible(spread: float, seeds: int, level: float) -> list[Interval]:
    """Return the means of ``seeds`` differences that pass the equivalence test at ``level``."""
    half = -float(special.stdtrit(seeds - 1, level)) * spread / math.sqrt(seeds)
    return [(half - MARGIN, MARGIN - half)]


def chance(effect: Effect, spread: float, seeds: int, intervals: Iterable[Interval]) -> float:
    """Return the probability that the mean of ``seeds`` differences is in one of the intervals.

    The mean is predicted from the mean so far, for a normal spread that is known and a flat prior
    on the true effect.
    """
    if not spread > 0 or seeds <= effect.n or not effect.n:
        return 0.0
    moves = spread * math.sqrt((seeds - effect.n) / (effect.n * seeds))
    total, end = 0.0, -math.inf
    for low, high in sorted(intervals):
        start = max(low, end)  # intervals may overlap
        if start < high:
            at = ((edge - effect.difference) / moves for edge in (start, high))
            below, above = (float(special.ndtr(z)) for z in at)
            total, end = total + above - below, high
    return total
