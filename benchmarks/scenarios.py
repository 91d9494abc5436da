"""Studies in numbers: accuracies of arms and their references, seed by seed, and their verdicts.

They are judged by the functions that judge real studies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from report.judge.claim_types.direction import p_values, threshold_of
from report.judge.parts import Part, PValues, region
from report.judge.statistics.effects import Effect, effect_of
from report.judge.statistics.looks import Looks, reached
from report.judge.verdicts import ClaimTests, decide

Accuracies = NDArray[np.float64]
"""Accuracies in percent of shape (arms, seeds)."""

SPREAD = 0.4
"""Standard deviation of a run's accuracy between seeds, in percentage points."""


@dataclass(frozen=True)
class Scenario:
    """How runs vary.

    Parameters
    ----------
    name
        What it is called.
    arm_spread
        How much more widely arms spread than their references.
    failing
        The share of runs that fail.
    loss
        How many points a failed run loses.
    missing
        The share of runs that have no record.
    """

    name: str
    arm_spread: float = 1.0
    failing: float = 0.0
    loss: float = 0.0
    missing: float = 0.0

    def draw(self, effect: float, arms: int, seeds: int, rng: np.random.Generator) -> Accuracies:
        """Return differences of shape (arms, seeds), in points; NaN where a run is missing."""
        means = np.full(arms, effect), np.zeros(arms)
        spreads = SPREAD * self.arm_spread, SPREAD
        mine, other = (
            self.runs(mean, spread, seeds, rng) for mean, spread in zip(means, spreads, strict=True)
        )
        return mine - other

    def runs(
        self, means: NDArray[np.float64], spread: float, seeds: int, rng: np.random.Generator
    ) -> Accuracies:
        """Return accuracies of shape (means, seeds), in points; NaN where a run is missing."""
        shape = (len(means), seeds)
        runs = rng.normal(means[:, None], spread, shape)
        runs -= self.loss * (rng.random(shape) < self.failing)
        runs[rng.random(shape) < self.missing] = np.nan
        return runs


SCENARIOS = (
    Scenario("normal"),
    Scenario("one run in ten loses 5 points", failing=0.1, loss=5),
    Scenario("arms spread three times as widely", arm_spread=3),
    Scenario("one run in twenty diverges", failing=0.05, loss=50),
    Scenario("one run in ten is missing", missing=0.1),
)


def looked_at(differences: NDArray[np.float64], declared: tuple[int, ...]) -> Looks[Effect]:
    """Return an arm's effects at the looks whose seeds are all there."""
    gaps = np.flatnonzero(np.isnan(differences))
    there = int(gaps[0]) if len(gaps) else len(differences)
    return Looks(
        declared, tuple(effect_of(differences[:look]) for look in reached(declared, there))
    )


def directions(differences: Accuracies, declared: tuple[int, ...], sign: str) -> list[str]:
    """Return the verdicts on a family of claims, one for each arm, on the sign of its effect."""
    return [decision.verdict for decision in decide(family_of(differences, declared, sign))]


def family_of(differences: Accuracies, declared: tuple[int, ...], sign: str) -> list[ClaimTests]:
    """Return the tests of a family of claims, one for each arm, on the sign of its effect."""
    parts = (direction(row, declared, sign) for row in differences)
    return [ClaimTests((part,), "all", two_sided=True, adjusted=True) for part in parts]


def direction(differences: NDArray[np.float64], declared: tuple[int, ...], sign: str) -> Part:
    """Return the test of the sign of an arm's effect; ``differences`` has shape (seeds,)."""
    looks = looked_at(differences, declared)
    return Part(
        "",
        p=p_values(looks, sign),
        effect=looks.last if looks.seen else None,
        thresholds=(threshold_of(sign),),
        later=looks.left,
        waiting=0 if looks.seen else 1,
        gains=True,
    )


def sizes(differences: Accuracies, declared: tuple[int, ...], low: float, high: float) -> list[str]:
    """Return the verdicts on claims that an effect is between ``low`` and ``high``."""
    verdicts = []
    for row in differences:
        looks = looked_at(row, declared)
        both = [region(low, high, effect) for effect in looks.seen]
        found = PValues(looks.p(p for p, _ in both), looks.p(p for _, p in both))
        test = ClaimTests((Part("", p=found),), "all", two_sided=True, adjusted=False)
        verdicts.append(decide([test])[0].verdict)
    return verdicts
