"""Simulate studies to measure how often verdicts are wrong: ``python -m benchmarks.errors``.

Studies are numbers: accuracies of arms and their references, seed by seed. They are judged by the
functions that judge real studies. docs/statistics.md quotes the results of 2,000 studies a cell;
tests/test_errors.py repeats some of them with fewer.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from benchmarks.budgets import ARMS, BASES, RUNS, chosen_seeds, equal_seeds
from benchmarks.scenarios import SCENARIOS, Accuracies, Scenario, direction, directions, sizes
from report.judge.parts import REFUTED, SAME, SUPPORTED, Part, PValues
from report.judge.statistics.effects import MARGIN, SIGNIFICANCE, effect_of, sign_test_p
from report.judge.statistics.looks import Looks
from report.judge.verdicts import ClaimTests, decide

FAMILY = 7
"""Number of claims on a direction, as in the paper."""


PARTS = ((3, "all"), (1, "all"), (2, "any"), (1, "all"), (1, "all"), (7, "all"), (3, "all"))
"""The number of parts of each of the paper's claims on a direction, and how they are combined."""


def wrong_part(scenario: Scenario, declared: tuple[int, ...], studies: int) -> float:
    """Return how often any part of a family without effects, or any claim, has a verdict."""

    def happens(rng: np.random.Generator) -> bool:
        family = []
        for number, how in PARTS:
            drawn = scenario.draw(0.0, number, declared[-1], rng)
            parts = tuple(direction(row, declared, "positive") for row in drawn)
            family.append(ClaimTests(parts, how, two_sided=True, adjusted=True))
        found = {
            verdict
            for decision in decide(family)
            for verdict in (decision.verdict, *(part.verdict for part in decision.parts))
        }
        return bool({SUPPORTED, REFUTED} & found)

    return rate(studies, happens)


def wrong_part_beside_effects(declared: tuple[int, ...], studies: int) -> float:
    """Return how often a part without an effect has a verdict, where another part has a large one.

    The large effect of 20 points decides each claim.
    """

    def happens(rng: np.random.Generator) -> bool:
        family = []
        for number, how in PARTS:
            drawn = SCENARIOS[0].draw(0.0, number, declared[-1], rng)
            drawn[0] += 20 if how == "any" else -20
            parts = tuple(direction(row, declared, "positive") for row in drawn)
            family.append(ClaimTests(parts, how, two_sided=True, adjusted=True))
        found = {part.verdict for decision in decide(family) for part in decision.parts[1:]}
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

    def in_afamily_of(rng: np.random.Generator, others: int) -> bool:
        drawn = SCENARIOS[0].draw(effect_size, 1, 5, rng)
        rest = SCENARIOS[0].draw(0.5, others, 5, rng)
        return directions(np.vstack([drawn, rest]), (5,), "not positive")[0] == SUPPORTED

    def one_sided(rng: np.random.Generator) -> bool:
        effect = effect_of(SCENARIOS[0].draw(effect_size, 1, 5, rng)[0])
        return effect.below(MARGIN) < SIGNIFICANCE

    return [
        rate(studies, before),
        rate(studies, one_sided),
        rate(studies, lambda rng: in_afamily_of(rng, 0)),
        rate(studies, lambda rng: in_afamily_of(rng, FAMILY - 1)),
    ]


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
    wrong = wrong_part_beside_effects((5,), studies)
    print(f"\na part without an effect beside one of 20 points, five seeds: {wrong:.1%}")
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
