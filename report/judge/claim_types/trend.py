"""Claims about a run's learning curves, tested by a rule."""

from __future__ import annotations

from typing import Any

from report.judge.evidence import Evidence
from report.judge.trends import RULES
from report.judge.verdicts import NOT_RUN, REFUTED, SUPPORTED, UNDECIDED, Part


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the verdict on a rule: supported if it holds in all seeds, refuted if in none."""
    results = [RULES[test["rule"]](curve, test) for curve in evidence.curves(test["arm"])]
    short = next((said for holds, said in results if holds is None), None)
    if short:
        return Part(NOT_RUN, f"{test['arm']}: {short}.", test["arm"])
    held = sum(bool(holds) for holds, _ in results)
    verdict = SUPPORTED if held == len(results) else REFUTED if not held else UNDECIDED
    sentence = f"{test['arm']}: {results[0][1]} (seed 0); holds in {held} of {len(results)}."
    return Part(verdict, sentence, test["arm"])
