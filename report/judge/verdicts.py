"""Verdicts on claims, from the p-values of their parts, as pure functions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from report.judge.families import every, some
from report.judge.statistics.effects import MARGIN, SIGNIFICANCE, Effect, Floats, holm
from report.judge.statistics.power import MOST_SEEDS, more_seeds

SUPPORTED, REFUTED = "supported", "refuted"
SAME, UNDECIDED = "no meaningful difference", "undecided"
UNTESTABLE, NOT_RUN, SHOWN = "not testable in this study", "not run", "no verdict"

DECIDED = (SUPPORTED, REFUTED, SAME)
"""The verdicts that settle a claim."""


@dataclass(frozen=True)
class Part:
    """One test of a claim: a sentence that states the result, and a p-value for each way to go.

    Parameters
    ----------
    sentence
        The result in words.
    arm
        The arm that was tested, as ``ablation.arm``.
    support_p, refute_p
        One-sided p-values for the claim and for its opposite; arithmetic has 0 or 1.
    same_p
        The p-value of the equivalence test, if the type has one.
    verdict
        `NOT_RUN`, `UNTESTABLE` or `SHOWN` if the part can't be decided; else it is filled in with
        the claim's verdict.
    effect, thresholds
        The effect at the last look, and the values from which it is to be told.
    declared
        The declared looks.
    waiting
        How many more seeds the first look takes.
    """

    sentence: str
    arm: str = ""
    support_p: float = 1.0
    refute_p: float = 1.0
    same_p: float = 1.0
    verdict: str = ""
    effect: Effect | None = None
    thresholds: tuple[float, ...] = ()
    declared: tuple[int, ...] = ()
    waiting: int = 0

    def needed(self, level: float) -> int | None:
        """Return about how many more seeds decide the part at ``level``; None if unknown."""
        if self.waiting:
            return self.waiting
        if self.effect is None:
            return 0
        least = MARGIN if len(self.thresholds) == 1 else 0.0
        return more_seeds(self.effect, self.thresholds, level, self.declared, least)


def decided(holds: bool, sentence: str, arm: str = "") -> Part:
    """Return a part that is certain, such as arithmetic."""
    return Part(sentence, arm, support_p=float(not holds), refute_p=float(holds))


@dataclass(frozen=True)
class Odds:
    """A claim's p-values: for the claim, for its opposite, and for a negligible effect."""

    support: float
    refute: float
    same: float

    def p(self, two_sided: bool) -> float:
        """Return the p-value of the claim's test."""
        return min(1.0, (2 if two_sided else 1) * min(self.support, self.refute))


def odds(parts: Sequence[Part], how: str) -> Odds:
    """Return the p-values of a claim that needs ``all`` or ``any`` of its parts."""
    support, refute = [p.support_p for p in parts], [p.refute_p for p in parts]
    same = [p.same_p for p in parts]
    if how == "any":
        return Odds(some(support), every(refute), every(same))
    return Odds(every(support), some(refute), some(same))


def verdict_of(parts: Sequence[Part], found: Odds, p: float) -> str:
    """Return a claim's verdict.

    Parameters
    ----------
    parts
        The claim's parts.
    found
        Their p-values.
    p
        The claim's p-value after all adjustments.
    """
    if all(part.verdict == SHOWN for part in parts):
        return SHOWN
    if p < SIGNIFICANCE:
        return SUPPORTED if found.support < found.refute else REFUTED
    for lacking in (NOT_RUN, UNTESTABLE):
        if any(part.verdict == lacking for part in parts):
            return lacking
    return SAME if found.same < SIGNIFICANCE else UNDECIDED


def filled_in(part: Part, level: float, two_sided: bool) -> Part:
    """Return a part with its verdict at the ``level`` at which its claim is decided."""
    if part.verdict:
        return part
    alone = odds([part], "all")
    p = alone.p(two_sided) * SIGNIFICANCE / level
    return dataclasses.replace(part, verdict=verdict_of([part], alone, p))


@dataclass(frozen=True)
class ClaimTests:
    """The tests of a claim.

    Parameters
    ----------
    parts
        Their results.
    how
        Whether ``all`` or ``any`` of them must hold.
    two_sided
        Whether twice the smaller one-sided p-value decides.
    adjusted
        Whether the claim is adjusted for the others of its family.
    """

    parts: tuple[Part, ...]
    how: str
    two_sided: bool
    adjusted: bool

    @property
    def counting(self) -> int:
        """The number of parts of which one suffices for the claim, or 1 if all must hold."""
        return len(self.parts) if self.how == "any" else 1


@dataclass(frozen=True)
class Decision:
    """A claim's verdict, its parts with theirs, the p-value, and the level that decides a part."""

    parts: tuple[Part, ...]
    verdict: str
    p: float
    level: float


def decide(family: Sequence[ClaimTests]) -> list[Decision]:
    """Return the decision on every claim of a family, after Holm's procedure over its claims."""
    found = [odds(tests.parts, tests.how) for tests in family]
    p = np.array([o.p(tests.two_sided) for o, tests in zip(found, family, strict=True)])
    level, chosen = np.full(len(p), SIGNIFICANCE), [tests.adjusted for tests in family]
    if any(chosen):
        p[chosen], level[chosen] = _adjust(p[chosen])
    decisions = []
    for i, tests in enumerate(family):
        at = float(level[i]) / tests.counting
        parts = tuple(filled_in(part, at, tests.two_sided) for part in tests.parts)
        verdict = verdict_of(parts, found[i], float(p[i]))
        decisions.append(Decision(parts, verdict, float(p[i]), at))
    return decisions


def _adjust(p: Floats) -> tuple[Floats, Floats]:
    """Return the adjusted p-values, and the significance of each claim's step in Holm's procedure.

    The claims that aren't decided yet share the step after the last decided one.
    """
    final = holm(p)
    rank = np.minimum(np.argsort(np.argsort(p)), (final < SIGNIFICANCE).sum())
    return final, SIGNIFICANCE / np.maximum(1, len(p) - rank)


@dataclass(frozen=True)
class Verdict:
    """A claim with its verdict and evidence.

    Parameters
    ----------
    id, type, where, quote
        The claim.
    verdict
        The verdict.
    parts
        The tests that the verdict rests on.
    level
        The significance at which each part is decided, after all adjustments.
    decision
        How the parts were combined and adjusted, in words; may be empty.
    logs
        What the published logs say, which doesn't affect the verdict.
    beside
        Effects that stand beside the verdict and don't affect it.
    notes
        What a reader should know of the claim.
    here
        If this study can't test the claim: the results of its runs by the same rule.
    verdict_here
        The verdict that they would give.
    post_hoc
        Why the verdict is post hoc, in words, or an empty text.
    """

    id: str
    type: str
    where: str
    quote: str
    verdict: str
    parts: tuple[Part, ...]
    level: float = SIGNIFICANCE
    decision: str = ""
    logs: tuple[Part, ...] = field(default=())
    beside: tuple[Part, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
    here: tuple[Part, ...] = field(default=())
    verdict_here: str = ""
    post_hoc: str = ""

    @property
    def holds(self) -> bool:
        """Whether the claim was supported."""
        return self.verdict == SUPPORTED

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the report says of the verdict after its parts."""
        return tuple(said for said in (self.decision, self.post_hoc, *self.notes) if said)

    @property
    def label(self) -> str:
        """The verdict as shown in the report, with the number of further seeds if undecided."""
        after = ", post hoc" if self.post_hoc and self.verdict in DECIDED else ""
        return _label(self.verdict, self.parts, self.level) + after

    @property
    def label_here(self) -> str:
        """The verdict of the runs in ``here``, or an empty text if they give none."""
        if self.verdict_here in ("", NOT_RUN, SHOWN, UNTESTABLE):
            return ""
        return _label(self.verdict_here, self.here, self.level)


def _label(verdict: str, parts: Sequence[Part], level: float) -> str:
    open_parts = [part for part in parts if part.verdict == UNDECIDED]
    if verdict != UNDECIDED or not open_parts:
        return verdict
    waiting = max(part.waiting for part in open_parts)
    if waiting:
        return f"{UNDECIDED} ({_seeds(waiting)} until the first look)"
    needed = [part.needed(level) for part in open_parts]
    if None in needed:
        return f"{UNDECIDED} (at least 1 more seed)"
    most = max(n for n in needed if n is not None)
    if not most:
        return UNDECIDED
    return f"{UNDECIDED} ({'more than' if most > MOST_SEEDS else 'about'} {_seeds(most)})"


def _seeds(number: int) -> str:
    return f"{min(number, MOST_SEEDS)} more {'seed' if number == 1 else 'seeds'}"


def region(low: float, high: float, effect: Effect) -> tuple[float, float]:
    """Return the one-sided p-values for an effect inside and outside the interval (low, high).

    Twice a p-value is below 0.05 if and only if the whole 95% interval is on one side.
    """
    if math.isnan(effect.error):
        return math.nan, math.nan
    above = effect.above(low) if math.isfinite(low) else 0.0
    below = effect.below(high) if math.isfinite(high) else 0.0
    out_below = effect.below(low) if math.isfinite(low) else 1.0
    out_above = effect.above(high) if math.isfinite(high) else 1.0
    return max(above, below), min(out_below, out_above)
