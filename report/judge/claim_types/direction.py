"""Claims about the sign of an effect."""

from __future__ import annotations

import math
from typing import Any

from report.judge.evidence import Evidence
from report.judge.statistics import more_seeds
from report.judge.verdicts import UNDECIDED, Part, direction


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the verdict on the sign of an arm's effect, from its adjusted p-value."""
    effect, said = evidence.effect(test["arm"])
    p = evidence.adjusted[test["arm"]]
    verdict = direction(effect, p, test["sign"])
    if not math.isnan(p):
        said += f", Holm-adjusted p = {p:.3f}, equivalence p = {effect.equivalence_p:.3f}"
    needed = more_seeds(effect) if verdict == UNDECIDED else 0
    return Part(verdict, f"{said}.", test["arm"], needed)
