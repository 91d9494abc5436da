"""Verdicts on claims, from the p-values of their parts, as pure functions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from report.claim_types.registry import states_accuracy, trained
from report.judge.families import p_of_all, p_of_any
from report.judge.parts import (
    DECIDED,
    NOT_RUN,
    REFUTED,
    SAME,
    SHOWN,
    SUPPORTED,
    UNDECIDED,
    UNTESTABLE,
    Part,
    PValues,
    verdict_of,
)
from report.judge.statistics.effects import MARGIN, SIGNIFICANCE, Floats, holm
from report.judge.statistics.power import POWER
from report.wording import plural


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
    def p(self) -> PValues:
        """The p-values of all parts together; a negligible effect is one of every part."""
        support, refute = [p.p.support for p in self.parts], [p.p.refute for p in self.parts]
        same = p_of_all([p.p.same for p in self.parts])
        if self.how == "any":
            return PValues(p_of_any(support), p_of_all(refute), same)
        return PValues(p_of_all(support), p_of_any(refute), same)

    def filled_in(self, level: float, verdict: str) -> tuple[Part, ...]:
        """Return the parts with their verdicts.

        A part is decided at the level divided by the number of parts, so that parts are wrong no
        more often than the claim may be. Where the claim needed every part, each has its verdict.

        Parameters
        ----------
        level
            The significance that decides the claim, after all adjustments.
        verdict
            The claim's verdict.
        """
        sides, number = 2 if self.two_sided else 1, len(self.parts)
        if rests_on_all(verdict, self.how):
            return tuple(dataclasses.replace(part, verdict=verdict) for part in self.parts)
        return tuple(
            part
            if part.verdict
            else dataclasses.replace(
                part, verdict=verdict_of(part.p, sides, level / number, SIGNIFICANCE / number)
            )
            for part in self.parts
        )


def rests_on_all(verdict: str, how: str) -> bool:
    """Return whether a verdict needed each part of a claim of which ``how`` must hold."""
    return verdict in (SAME, REFUTED if how == "any" else SUPPORTED)


@dataclass(frozen=True)
class Decision:
    """A claim's verdict, its parts with theirs, its p-value, and the level that decides it."""

    parts: tuple[Part, ...]
    verdict: str
    p: float
    level: float


def decide(family: Sequence[ClaimTests]) -> list[Decision]:
    """Return the decision on every claim of a family, after Holm's procedure over its claims."""
    p = np.array([tests.p.p(tests.two_sided) for tests in family])
    level, chosen = np.full(len(p), SIGNIFICANCE), [tests.adjusted for tests in family]
    if any(chosen):
        p[chosen], level[chosen] = _adjust(p[chosen])
    return [
        _decision(tests, float(q), float(at)) for tests, q, at in zip(family, p, level, strict=True)
    ]


def _decision(tests: ClaimTests, p: float, level: float) -> Decision:
    verdict = claim_verdict(tests.parts, tests.p, p)
    return Decision(tests.filled_in(level, verdict), verdict, p, level)


def _adjust(p: Floats) -> tuple[Floats, Floats]:
    """Return the adjusted p-values, and the significance of each claim's step in Holm's procedure.

    The claims that aren't decided yet share the step after the last decided one.
    """
    final = holm(p)
    rank = np.minimum(np.argsort(np.argsort(p)), (final < SIGNIFICANCE).sum())
    return final, SIGNIFICANCE / np.maximum(1, len(p) - rank)


def claim_verdict(parts: Sequence[Part], found: PValues, p: float) -> str:
    """Return a claim's verdict.

    Parameters
    ----------
    parts
        The claim's parts.
    found
        The p-values of all parts together.
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


@dataclass(frozen=True)
class Verdict:
    """A claim with its verdict and evidence.

    Parameters
    ----------
    id, type, where, says, quote
        The claim; ``says`` is it in plain words.
    verdict
        The verdict.
    parts
        The tests that the verdict rests on.
    how
        Whether ``all`` or ``any`` of them must hold.
    level
        The significance that decides the claim, after all adjustments.
    decision
        How the parts were combined and adjusted, in words; may be empty.
    logs
        What the published logs say, which doesn't affect the verdict.
    beside
        Effects that stand beside the verdict and don't affect it.
    notes
        What a reader should know of the claim.
    here
        If this study can't test the claim: the decision on its runs by the same rule.
    post_hoc
        Why the verdict is post hoc, or would be if it were decided, in words, or an empty text.
    """

    id: str
    type: str
    where: str
    says: str
    quote: str
    verdict: str
    parts: tuple[Part, ...]
    how: str = "all"
    level: float = SIGNIFICANCE
    decision: str = ""
    logs: tuple[Part, ...] = field(default=())
    beside: tuple[Part, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
    here: Decision | None = None
    post_hoc: str = ""

    @property
    def holds(self) -> bool:
        """Whether the claim was supported."""
        return self.verdict == SUPPORTED

    @property
    def trained(self) -> bool:
        """Whether the claim rests on runs, not on the declarations alone."""
        return trained(self.type)

    @property
    def claimed(self) -> str:
        """What was published, in a few words; of one arm, or if it differs by arm, of which."""
        stated = [part for part in self.parts if part.claimed]
        words = list(dict.fromkeys(part.claimed for part in stated))
        # A claim on one accuracy names its network itself.
        alone = len(self.parts) == 1 and not states_accuracy(self.type)
        if alone or len(words) > 1:
            words = list(dict.fromkeys(_of(part, part.claimed) for part in stated))
        return (", or " if self.how == "any" else "; ").join(words)

    @property
    def measured(self) -> str:
        """What was found, in a few words; of more than three results, how many say what."""
        results = [part for part in self.parts if part.measured]
        # An arm that `claimed` names needs no second name.
        known = len(self.parts) == 1 and self.parts[0].claimed
        found = list(dict.fromkeys(p.measured if known else _of(p, p.measured) for p in results))
        if len(found) <= 3:
            return "; ".join(found)
        verdicts = [part.verdict for part in self.parts]
        counts = {said: verdicts.count(said) for said in dict.fromkeys(verdicts)}
        return ", ".join(f"{n} of {len(verdicts)} {said}" for said, n in counts.items())

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the report says of the verdict after its parts."""
        late = "Post hoc: " if self.verdict in DECIDED else "A decision would be post hoc: "
        said = self.post_hoc and late + self.post_hoc
        return tuple(text for text in (self.decision, said, *self.notes) if text)

    @property
    def label(self) -> str:
        """The verdict as shown in the report, with the number of further seeds if undecided."""
        return _label(self.verdict, self.parts, self.level, self.how) + self._after

    @property
    def short_label(self) -> str:
        """The verdict, and whether it is post hoc."""
        return self.verdict + self._after

    @property
    def _after(self) -> str:
        return ", post hoc" if self.post_hoc and self.verdict in DECIDED else ""

    @property
    def label_here(self) -> str:
        """The verdict of the runs in ``here``, or an empty text if they give none."""
        if self.here is None or self.here.verdict not in (*DECIDED, UNDECIDED):
            return ""
        return _label(self.here.verdict, self.here.parts, self.here.level, self.how)


def _of(part: Part, said: str) -> str:
    return f"{part.name}: {said}" if part.name else said


def _label(verdict: str, parts: Sequence[Part], level: float, how: str) -> str:
    open_parts = [part for part in parts if part.verdict == UNDECIDED]
    if verdict == NOT_RUN and any(part.verdict != NOT_RUN for part in parts):
        return "not run in full"
    if verdict != UNDECIDED or not open_parts:
        return verdict
    waiting = (min if how == "any" else max)(part.waiting for part in open_parts)
    if waiting:
        return f"{UNDECIDED} ({plural(waiting, 'more seed')} until the first look)"
    more = seeds_to_decide(parts, level, how)
    if more is None:
        return f"{UNDECIDED} (at least 1 more seed)"
    if not more:
        return UNDECIDED
    if math.isinf(more):
        most = max(part.most_seeds for part in open_parts)
        return f"{UNDECIDED} (more than {plural(most, 'more seed')})"
    return f"{UNDECIDED} (about {plural(int(more), 'more seed')})"


def seeds_to_decide(parts: Sequence[Part], level: float, how: str) -> float | None:
    """Return about how many more seeds decide a claim if its effects are as seen so far.

    One part suffices to support a claim of which any must hold, and to refute one of which all
    must: at the level divided by the number of parts. Where no part points that way, all of them
    must be decided, each so probably that all together are with 80%. Only if every effect is
    negligible, equivalence decides the claim; then none smaller than `MARGIN` need be found. The
    number is infinite if it is larger than any that is looked at, and None if it is unknown.
    """
    same = all(part.negligible for part in parts)
    # A negligible effect beside one that isn't would have to be told from zero after all.
    still = (UNDECIDED,) if same else (UNDECIDED, SAME)
    open_parts = [part for part in parts if part.verdict in still]
    one_suffices = SUPPORTED if how == "any" else REFUTED
    alone = [part for part in open_parts if part.leans == one_suffices]
    if alone and not same:
        needed = [part.needed(level / len(parts)) for part in alone]
        known = [seeds for seeds in needed if seeds is not None and math.isfinite(seeds)]
        return min(known, default=None if None in needed else math.inf)
    chance = 1 - (1 - POWER) / len(open_parts)
    needed = [part.needed(level, chance, MARGIN if same else 0.0) for part in open_parts]
    known = [seeds for seeds in needed if seeds is not None]
    return max(known) if len(known) == len(needed) else None
