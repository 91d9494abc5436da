"""Choose the next runs of a study by their chance of a verdict for each hour of training.

First every claim gets the seeds of its first look, the cheapest claim first. Then the arm with the
best chance of a verdict for its hours gets the seeds of a later look, and so does its reference.
The choice may use everything that was seen, since verdicts allow for every declared look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ablations.planning.chances import chance, distinguishable, negligible, pooled, spread_of
from report.claim_types.registry import gives_verdict, key_of_tests, trained
from report.judge.families import families
from report.judge.needs import unmet
from report.judge.parts import DECIDED, UNDECIDED, Part
from report.judge.statistics.effects import SIGNIFICANCE, sign_test_p
from report.judge.verdicts import Verdict
from report.read.arms import ablation_of, looks_of, member_of, pair_of
from report.read.published import Published

WORTH = 0.01
"""The least chance of a verdict for which further seeds are trained."""

Record = tuple[str, int]
"""A run and a seed."""


@dataclass(frozen=True)
class Arm:
    """An arm that a claim rests on: its runs (with its reference's, if it has one) and looks."""

    claim: str
    name: str
    runs: tuple[str, ...]
    looks: tuple[int, ...]

    def missing(self, seeds: int, there: set[Record]) -> list[Record]:
        """Return the records that the arm lacks for its first ``seeds`` seeds."""
        wanted = ((run, seed) for seed in range(seeds) for run in self.runs)
        return [record for record in wanted if record not in there]


@dataclass(frozen=True)
class Step:
    """Runs to train next, and why.

    Parameters
    ----------
    arms
        The arms that the runs belong to.
    seeds
        The number of seeds that they will have.
    records
        The missing runs and seeds.
    hours
        How long they take, one after another.
    chance
        The chance that they lead to a verdict; None for a first look.
    """

    arms: tuple[Arm, ...]
    seeds: int
    records: tuple[Record, ...]
    hours: float
    chance: float | None = None

    def in_words(self) -> str:
        """Return the step in words."""
        names = ", ".join(dict.fromkeys(arm.name for arm in self.arms))
        claim = self.arms[0].claim
        if self.chance is None:
            return f"{names}: up to {self.seeds} seeds, the first look at {claim}"
        return f"{names}: up to {self.seeds} seeds, a chance of {self.chance:.0%} to decide {claim}"


def arms_of_claims(study: dict[str, Any], paper: Published) -> list[list[Arm]]:
    """Return the arms of each claim that seeds of this study could decide.

    Claims of arithmetic need no runs, choices get no verdict, and runs that a claim needs longer or
    on other images don't become evidence by more seeds. In a study that can test none of the
    claims, such as one on digits, all of them count, by what its runs would say by themselves.
    """
    return _arms(study, paper, strict=True) or _arms(study, paper, strict=False)


def _arms(study: dict[str, Any], paper: Published, strict: bool) -> list[list[Arm]]:
    found = []
    for family in families(study, paper):
        for claim, tests in family:
            key = key_of_tests(claim["type"])
            if not (trained(claim["type"]) and gives_verdict(claim["type"])):
                continue
            arms = [_arm(study, claim["id"], test["arm"], key == "effects") for test in tests[key]]
            needs = tests.get("needs", {}) if strict else {}
            able = [arm for arm in arms if arm and _able(study, needs, arm)]
            found.append(list(dict.fromkeys(able)))
    return [arms for arms in found if arms]


def _arm(study: dict[str, Any], claim: str, name: str, compared: bool) -> Arm | None:
    """Return a claim's arm, or None if the study doesn't have it."""
    ablation = ablation_of(study, name)
    members = pair_of(study, name) if compared else (member_of(study, name),)
    if ablation is None or not members or None in members:
        return None
    runs = tuple(str(member["run"]) for member in members if member)
    return Arm(claim, name, runs, looks_of(ablation))


def _able(study: dict[str, Any], needs: dict[str, Any], arm: Arm) -> bool:
    with_config = all(study["runs"][run]["config"] for run in arm.runs)
    return with_config and not any(unmet(needs, study, run) for run in arm.runs)


def next_step(
    claims: Sequence[Sequence[Arm]],
    verdicts: Sequence[Verdict],
    there: set[Record],
    seconds: Callable[[str], float],
) -> Step | None:
    """Return the runs to train next, or None if nothing more can be decided.

    Parameters
    ----------
    claims
        Result of `arms_of_claims`.
    verdicts
        The verdicts so far; empty before the first run.
    there
        The records that exist, and those that can't be made.
    seconds
        Function that returns how long a run trains.
    """

    def hours(records: Sequence[Record]) -> float:
        return sum(seconds(run) for run, _ in records) / 3600

    first = []
    for arms in claims:
        missing = dict.fromkeys(r for arm in arms for r in arm.missing(arm.looks[0], there))
        if missing:
            seeds = max(arm.looks[0] for arm in arms)
            first.append(Step(tuple(arms), seeds, tuple(missing), hours(list(missing))))
    if first:
        return min(first, key=lambda step: step.hours)
    later = _later_steps(claims, verdicts, there, hours)
    worth = (step for step in later if step.chance and step.chance >= WORTH)
    return max(worth, key=lambda step: (step.chance or 0) / step.hours, default=None)


def _later_steps(
    claims: Sequence[Sequence[Arm]],
    verdicts: Sequence[Verdict],
    there: set[Record],
    hours: Callable[[Sequence[Record]], float],
) -> Iterator[Step]:
    """Yield a step for every later look of every part that isn't decided."""
    by_id = {verdict.id: verdict for verdict in verdicts}
    over_arms = pooled(p.effect for v in verdicts for p in v.parts if p.effect)
    for arms in claims:
        verdict = by_id.get(arms[0].claim)
        if verdict is None:
            continue
        tested = verdict.here or verdict
        if tested.verdict in DECIDED:
            continue
        left = [part for part in tested.parts if part.verdict == UNDECIDED and not part.waiting]
        # All open parts must be decided for a claim over all of them.
        together = 1 if verdict.how == "any" else len(left)
        level = tested.level / len(tested.parts) if verdict.how == "any" else tested.level
        for part in left:
            for arm in (arm for arm in arms if arm.name == part.arm):
                looks = arm.looks[len(arm.looks) - len(part.later) :]
                for seeds, (more, share) in zip(looks, part.later, strict=True):
                    missing = arm.missing(seeds, there)
                    odds = _chance(part, over_arms, more, level, share) / together
                    if missing:
                        yield Step((arm,), seeds, tuple(missing), hours(missing), odds)


def _chance(part: Part, over_arms: float, more: int, level: float, share: float) -> float:
    """Return the chance that a part is decided by ``more`` seeds at a look with ``share``."""
    if part.held:
        held, n = part.held
        agreed = held in (0, n) and sign_test_p(n + more, n + more) < level * share
        # Half of such trends go on as they began: a guess, for want of a spread.
        return 0.5 if agreed else 0.0
    if part.effect is None:
        return 0.0
    spread, seeds = spread_of(part.effect, over_arms), part.effect.n + more
    found = distinguishable(spread, seeds, part.thresholds, level * share)
    if part.gains is not None:
        found += negligible(spread, seeds, SIGNIFICANCE * share)
    return chance(part.effect, spread, seeds, found)
