"""Verdicts on claims, and the decision rule of each type of claim, as pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from report.judge.statistics import MOST_SEEDS, SIGNIFICANCE, Effect

SUPPORTED, REFUTED = "supported", "refuted"
SAME, UNDECIDED = "no meaningful difference", "undecided"
UNTESTABLE, NOT_RUN, SHOWN = "not testable at this scale", "not run", "no verdict"

SIGNS = {"positive": 1, "negative": -1, "not positive": -1}


@dataclass(frozen=True)
class Part:
    """One test of a claim: its verdict, and a sentence that states the result.

    ``seeds_needed`` is None if the spread, and so the number of needed seeds, is unknown.
    """

    verdict: str
    sentence: str
    arm: str = ""
    seeds_needed: int | None = 0


@dataclass(frozen=True)
class Verdict:
    """A claim with its verdict and evidence.

    If this study can't test the claim, ``here`` has the results of its runs, which don't affect
    the verdict.
    """

    id: str
    type: str
    where: str
    quote: str
    verdict: str
    parts: tuple[Part, ...]
    logs: tuple[Part, ...] = field(default=())
    here: tuple[Part, ...] = field(default=())
    combined: str = "all"

    @property
    def holds(self) -> bool:
        """Whether the claim was supported."""
        return self.verdict == SUPPORTED

    @property
    def label(self) -> str:
        """The verdict as shown in the report, with the number of further seeds if undecided."""
        return _label(self.verdict, self.parts)

    @property
    def label_here(self) -> str:
        """The verdict of the runs in ``here``, or an empty text."""
        verdicts = [part.verdict for part in self.here]
        if set(verdicts) <= {NOT_RUN, SHOWN}:
            return ""
        return _label(combine(verdicts, self.combined), self.here)


def _label(verdict: str, parts: tuple[Part, ...]) -> str:
    needed = [part.seeds_needed for part in parts]
    if verdict != UNDECIDED or not any(n is None or n for n in needed):
        return verdict
    if None in needed:
        return f"{UNDECIDED} (at least 1 more seed)"
    most = max(n for n in needed if n is not None)
    more = f"more than {MOST_SEEDS}" if most > MOST_SEEDS else f"about {most}"
    return f"{UNDECIDED} ({more} more {'seed' if most == 1 else 'seeds'})"


def held(holds: bool) -> str:
    """Return `SUPPORTED` or `REFUTED`."""
    return SUPPORTED if holds else REFUTED


def direction(effect: Effect, p: float, sign: str) -> str:
    """Return the verdict on a claim about the sign of an effect.

    The claim is supported or refuted if the Holm-adjusted two-sided paired-t ``p`` is below 0.05
    with the claimed or the opposite sign. Otherwise there is no meaningful difference if the
    equivalence test passes (which supports the sign ``not positive``); else it is undecided.

    Parameters
    ----------
    effect
        The arm minus its reference, in percentage points.
    p
        The adjusted p-value, or NaN.
    sign
        ``positive``, ``negative`` or ``not positive``.
    """
    if p < SIGNIFICANCE:
        return held(effect.difference * SIGNS[sign] > 0)
    if effect.equivalence_p < SIGNIFICANCE:
        return SUPPORTED if sign == "not positive" else SAME
    return UNDECIDED


def region(part: dict[str, Any]) -> tuple[float, float]:
    """Return the interval (low, high) of differences that a size claim allows."""
    sign = SIGNS.get(part.get("sign", ""), 0)
    if "within" in part:
        bound = part["within"]
        return (0.0 if sign > 0 else -bound), (0.0 if sign < 0 else bound)
    return (-math.inf, -part["beyond"]) if sign < 0 else (part["beyond"], math.inf)


def size(effect: Effect, low: float, high: float) -> str:
    """Return the verdict on a size: decided if the whole interval is inside or outside bounds."""
    if math.isnan(effect.low):
        return UNDECIDED
    if low <= effect.low and effect.high <= high:
        return SUPPORTED
    return REFUTED if effect.high < low or effect.low > high else UNDECIDED


def combine(verdicts: list[str], how: str) -> str:
    """Return a claim's verdict from those of its parts; ``how`` is ``all`` or ``any``."""
    decided = [v for v in verdicts if v not in (NOT_RUN, UNTESTABLE)]
    if not decided:
        return verdicts[0]
    if how == "any":
        order = (SUPPORTED, UNDECIDED, NOT_RUN, SAME, REFUTED, SHOWN)
    else:
        order = (REFUTED, UNDECIDED, NOT_RUN, SAME, SUPPORTED, SHOWN)
    return next(v for v in order if v in verdicts)
