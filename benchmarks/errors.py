"""Simulate studies to measure how often verdicts are wrong: ``python -m benchmarks.errors``.

Studies are numbers: accuracies of arms and their references, seed by seed. They are judged by the
functions that judge real studies. docs/statistics.md quotes the results of 2,000 studies a cell;
tests/test_errors.py repeats some of them with fewer.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablations.planning.budget import Arm, Record, next_step
from report.judge.claim_types.direction import p_values, threshold_of
from report.judge.parts import REFUTED, SAME, SUPPORTED, Part, PValues, region
from report.judge.statistics.effects import MARGIN, SIGNIFICANCE, Effect, effect_of, sign_test_p
from report.judge.statistics.looks import Looks, reached
from report.judge.verdicts import ClaimTests, Verdict, decide

Accuracies = NDArray[np.float64]
"""Accuracies in percent of shape (arms, seeds)."""

SPREAD = 0.4
"""Standard deviation of a run's accuracy between seeds, in percentage points."""

FAMILY = 7
"""Number of claims on a direction, as in the paper."""


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
    return [decision.verdict for decision in decide(_family(differences, declared, sign))]


def _family(differences: Accuracies, declared: tuple[int, ...], sign: str) -> list[ClaimTests]:
    parts = (_direction(row, declared, sign) for row in differences)
    return [ClaimTests((part,), "all", two_sided=True, adjusted=True) for part in parts]


def _direction(differences: NDArray[np.float64], declared: tuple[int, ...], sign: str) -> Part:
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


PARTS = ((3, "all"), (1, "all"), (2, "any"), (1, "all"), (1, "all"), (7, "all"), (3, "all"))
"""The number of parts of each of the paper's claims on a direction, and how they are combined."""


def wrong_part(scenario: Scenario, declared: tuple[int, ...], studies: int) -> float:
    """Return how often any part of a family without effects, or any claim, has a verdict."""

    def happens(rng: np.random.Generator) -> bool:
        family = []
        for number, how in PARTS:
            drawn = scenario.draw(0.0, number, declared[-1], rng)
            parts = tuple(_direction(row, declared, "positive") for row in drawn)
            family.append(ClaimTests(parts, how, two_sided=True, adjusted=True))
        found = {
            verdict
            for decision in decide(family)
            for verdict in (decision.verdict, *(part.verdict for part in decision.parts))
        }
        return bool({SUPPORTED, REFUTED} & found)

    return rate(studies, happens)


def rate(studies: int, happens: Callable[[np.random.Generator], bool], seed: int = 0) -> float:
    """Return the share of studies in which something happens."""
    rng = np.random.default_rng(seed)
    return sum(happens(rng) for _ in range(studies)) / studies


def wrong_direction(scenario: Scenario, declared: tuple[int, ...], studies: int) -> float:
    """Return how often a family of claims without effects has any verdict on a direction."""

    def happens(rng: np.random.Generator) -> bool:
        drawn = scenario.draw(0.0, FAMILY, declared[-1], rng)
        return bool({SUPPORTED, REFUTED} & set(directions(drawn, declared, "positive")))

    return rate(studies, happens)


def alone(
    scenario: Scenario,
    declared: tuple[int, ...],
    studies: int,
    effect: float,
    judged: Callable[[Accuracies], list[str]],
    verdict: str,
) -> float:
    """Return how often a single claim with a true ``effect`` gets ``verdict``."""

    def happens(rng: np.random.Generator) -> bool:
        return judged(scenario.draw(effect, 1, declared[-1], rng)) == [verdict]

    return rate(studies, happens)


def wrong_same(scenario: Scenario, declared: tuple[int, ...], studies: int) -> float:
    """Return how often an effect of exactly 0.5 points is called no meaningful difference."""
    return alone(
        scenario, declared, studies, 0.5, lambda d: directions(d, declared, "negative"), SAME
    )


def wrong_size(scenario: Scenario, declared: tuple[int, ...], studies: int) -> float:
    """Return how often an effect of exactly 1 point is found to be within 1 point, or beyond."""
    verdicts = (
        alone(scenario, declared, studies, 1.0, lambda d: sizes(d, declared, -1, 1), verdict)
        for verdict in (SUPPORTED, REFUTED)
    )
    return sum(verdicts)


def wrong_trend(scenario: Scenario, declared: tuple[int, ...], studies: int) -> float:
    """Return how often a rule that holds in every second run is supported."""

    def happens(rng: np.random.Generator) -> bool:
        held = rng.random(declared[-1]) < 0.5
        looks = Looks(declared, tuple(int(held[:n].sum()) for n in declared))
        p = looks.p(sign_test_p(k, n) for k, n in zip(looks.seen, declared, strict=True))
        test = ClaimTests((Part("", p=PValues(p)),), "all", two_sided=False, adjusted=False)
        return decide([test])[0].verdict == SUPPORTED

    return rate(studies, happens)


def does_not_help(effect_size: float, studies: int) -> list[float]:
    """Return how often a claim that a change doesn't help is supported, at five seeds.

    By the rule until 2026-11-27 (it harms significantly, one of 17 tests, or is equivalent to no
    effect), by a one-sided test at 5%, by the deciding rule alone, and by it in a family of seven.
    """

    def before(rng: np.random.Generator) -> bool:
        effect = effect_of(SCENARIOS[0].draw(effect_size, 1, 5, rng)[0])
        harms = effect.difference < 0 and effect.p < SIGNIFICANCE / 17
        return harms or effect.equivalence_p < SIGNIFICANCE

    def in_a_family(rng: np.random.Generator, others: int) -> bool:
        drawn = SCENARIOS[0].draw(effect_size, 1, 5, rng)
        rest = SCENARIOS[0].draw(0.5, others, 5, rng)
        return directions(np.vstack([drawn, rest]), (5,), "not positive")[0] == SUPPORTED

    def one_sided(rng: np.random.Generator) -> bool:
        effect = effect_of(SCENARIOS[0].draw(effect_size, 1, 5, rng)[0])
        return effect.below(MARGIN) < SIGNIFICANCE

    return [
        rate(studies, before),
        rate(studies, one_sided),
        rate(studies, lambda rng: in_a_family(rng, 0)),
        rate(studies, lambda rng: in_a_family(rng, FAMILY - 1)),
    ]


# --- a budget of runs -----------------------------------------------------------------------

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
        decisions = decide(_family(seen, BUDGET_LOOKS, "positive"))
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


ERRORS = {
    "a direction in a family of seven without effects": wrong_direction,
    "a direction, or a part of it, in a family with the paper's parts": wrong_part,
    "no meaningful difference at an effect of 0.5": wrong_same,
    "within or beyond 1 point at an effect of 1": wrong_size,
    "a trend that holds in every second run": wrong_trend,
}
LOOKS = ((2,), (3,), (5,), (2, 3, 5, 8), (5, 8, 12, 20), (2, 3, 5, 8, 12))


def main(argv: list[str] | None = None) -> None:
    """Print how often each kind of verdict is wrong, by scenario and looks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.errors", description=main.__doc__)
    parser.add_argument("--studies", type=int, default=2_000, help="a cell")
    studies = parser.parse_args(argv).studies
    for name, error in ERRORS.items():
        print(f"\n{name}: share of {studies:,} studies")
        print(f"  {'':34}" + "".join(f"{'/'.join(map(str, looks)):>12}" for looks in LOOKS))
        # A trend is counted, so that how accuracies vary doesn't matter.
        for scenario in SCENARIOS[: 1 if error is wrong_trend else None]:
            rates = (error(scenario, looks, studies) for looks in LOOKS)
            print(f"  {scenario.name:34}" + "".join(f"{r:12.1%}" for r in rates), flush=True)
    print("\na change that doesn't help, five seeds: supported")
    print(f"  {'':24}{'before':>12}{'one-sided':>12}{'alone':>12}{'of seven':>12}")
    for effect in (-0.5, 0.0, 0.5):
        shares = "".join(f"{share:12.1%}" for share in does_not_help(effect, studies))
        print(f"  at an effect of {effect:+.1f}    {shares}")
    print(
        f"\n{ARMS} arms, {BASES} bases, {RUNS} runs: claims decided, studies with a wrong verdict"
    )
    print(f"  {'':34}{'equal seeds':>24}{'chosen seeds':>24}")
    for scenario in SCENARIOS[:4]:
        cells = ""
        for spent in (equal_seeds, chosen_seeds):
            rng = np.random.default_rng(0)
            found = [spent(scenario, rng) for _ in range(max(20, studies // 20))]
            decided, wrong = (float(np.mean(column)) for column in zip(*found, strict=True))
            cells += f"{decided:16.1f}{wrong:8.1%}"
        print(f"  {scenario.name:34}{cells}", flush=True)


if __name__ == "__main__":
    main()
