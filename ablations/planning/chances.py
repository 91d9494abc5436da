"""Chances that further seeds lead to a verdict; they guide what is run, and decide no verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from scipy import special

from report.judge.statistics.effects import Effect

PRIOR_SEEDS = 4
"""How many degrees of freedom the spread pooled over all arms counts for, beside an arm's own."""


def pooled(effects: Iterable[Effect]) -> float:
    """Return the standard deviation of differences, pooled over arms; NaN without any."""
    known = [(e.n - 1, e.deviation**2) for e in effects if e.error > 0]
    freedom = sum(weight for weight, _ in known)
    return math.sqrt(sum(w * v for w, v in known) / freedom) if freedom else math.nan


def spread_of(effect: Effect, over_arms: float) -> float:
    """Return an arm's standard deviation of differences, drawn towards that over all arms."""
    own = effect.n - 1 if effect.error > 0 else 0
    if not own:
        return over_arms
    if math.isnan(over_arms):
        return effect.deviation
    total = own * effect.deviation**2 + PRIOR_SEEDS * over_arms**2
    return math.sqrt(total / (own + PRIOR_SEEDS))


def chance(
    effect: Effect, spread: float, seeds: int, thresholds: Sequence[float], level: float
) -> float:
    """Return the probability that a look tells an effect from all thresholds.

    The mean at the look is predicted from the mean so far, for a normal spread that is known and a
    flat prior on the true effect.

    Parameters
    ----------
    effect
        The effect so far, over ``effect.n`` seeds.
    spread
        The standard deviation of the differences.
    seeds
        The number of seeds at the look.
    thresholds
        The values from which the effect is to be told; infinite ones are ignored.
    level
        The two-sided significance at the look.
    """
    if not spread > 0 or seeds <= effect.n:
        return 0.0
    half = -float(special.stdtrit(seeds - 1, level / 2)) * spread / math.sqrt(seeds)
    moves = spread * math.sqrt((seeds - effect.n) / (effect.n * seeds))
    total, low = 0.0, -math.inf
    # Between two thresholds that are far enough apart, beyond the last and before the first.
    for high in [*sorted(t for t in thresholds if math.isfinite(t)), math.inf]:
        start, end = low + half, high - half
        if start < end:
            at = ((edge - effect.difference) / moves for edge in (start, end))
            below, above = (float(special.ndtr(z)) for z in at)
            total += above - below
        low = high
    return total
