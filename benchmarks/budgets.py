"""Simulate how a budget of runs is spent: equally on all arms, or where it decides most claims."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ablations.planning.budget import Arm, Record, next_step
from benchmarks.scenarios import Accuracies, Scenario, directions, family_of
from report.judge.parts import REFUTED, SAME, SUPPORTED
from report.judge.statistics.effects import MARGIN
from report.judge.verdicts import Verdict, decide

ARMS, BASES, RUNS, BUDGET_SPREAD = 40, 4, 220, 0.6
BUDGET_LOOKS = (3, 5, 8, 12, 20)


def true_effects(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the effects of all arms: half of them none, half normal with a deviation of 2."""
    return rng.normal(0, 2, ARMS) * (np.arange(ARMS) % 2)


def outcome(effects: NDArray[np.float64], verdicts: list[str]) -> tuple[int, bool]:
    """Return how many claims that effects are positive were decided, and whether any wrongly."""
    right = {SUPPORTED: effects > 0, REFUTED: effects < 0, SAME: np.abs(effects) <= MARGIN}
    wrong = [v in right and not right[v][i] for i, v in enumerate(verdicts)]
    return sum(v in right for v in verdicts), any(wrong)


def _with_shared_bases(
    scenario: Scenario, effects: NDArray[np.float64], seeds: int, rng: np.random.Generator
) -> Accuracies:
    bases = scenario.runs(np.zeros(BASES), BUDGET_SPREAD, seeds, rng)
    arms = scenario.runs(effects, BUDGET_SPREAD * scenario.arm_spread, seeds, rng)
    return np.asarray(arms - bases[np.arange(ARMS) % BASES])


def equal_seeds(scenario: Scenario, rng: np.random.Generator) -> tuple[int, bool]:
    """Spend the budget on as many seeds for every arm and base, looked at once."""
    effects, seeds = true_effects(rng), RUNS // (ARMS + BASES)
    differences = _with_shared_bases(scenario, effects, seeds, rng)
    return outcome(effects, directions(differences, (seeds,), "positive"))


def chosen_seeds(scenario: Scenario, rng: np.random.Generator) -> tuple[int, bool]:
    """Spend the budget as ``python -m ablations study`` does."""
    effects, most = true_effects(rng), BUDGET_LOOKS[-1]
    differences = _with_shared_bases(scenario, effects, most, rng)
    claims = [
        [Arm(str(i), f"arm_{i}", (f"arm_{i}", f"base_{i % BASES}"), BUDGET_LOOKS)]
        for i in range(ARMS)
    ]
    there: set[Record] = set()
    while True:
        # An arm has a pair where its run and its base's are there.
        seen = differences.copy()
        for i, (arm,) in enumerate(claims):
            have = most - len({seed for _, seed in arm.missing(most, there)})
            seen[i, have:] = np.nan
        decisions = decide(family_of(seen, BUDGET_LOOKS, "positive"))
        verdicts = [
            Verdict(
                id=str(i),
                type="direction",
                where="",
                says="",
                quote="",
                verdict=d.verdict,
                parts=(dataclasses.replace(d.parts[0], arm=f"arm_{i}"),),
                level=d.level,
            )
            for i, d in enumerate(decisions)
        ]
        step = next_step(claims, verdicts, there, lambda run: 1.0)
        if step is None or len(there) + len(step.records) > RUNS:
            return outcome(effects, [v.verdict for v in verdicts])
        there |= set(step.records)
