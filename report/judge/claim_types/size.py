"""Claims about the size of an effect, relative to a threshold."""

from __future__ import annotations

import math
from typing import Any

from report.judge.evidence import Evidence
from report.judge.statistics import seeds_to_clear
from report.judge.verdicts import UNDECIDED, Part, region, size
from report.wording import signed


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the verdict on the size of an arm's effect, from its confidence interval."""
    effect, said = evidence.effect(test["arm"])
    low, high = region(test)
    bound = f"claimed is {signed(low, 0)} to {signed(high, 0)}" if low > -math.inf else ""
    bound = bound or f"claimed is below {signed(high, 0)}"
    verdict = size(effect, low, high)
    needed = seeds_to_clear(effect, (low, high)) if verdict == UNDECIDED else 0
    return Part(verdict, f"{said}; {bound} points.", test["arm"], needed)
