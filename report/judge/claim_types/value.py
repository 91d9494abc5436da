"""Claims that state an accuracy."""

from __future__ import annotations

from typing import Any

from report.judge.evidence import Evidence
from report.judge.verdicts import Part, held
from report.wording import percent


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the verdict on whether an arm's mean accuracy is within the claim's tolerance."""
    values = evidence.runs(test["arm"])["best_notebook_test_accuracy"]
    off = abs(values.mean() - claim["published"])
    sentence = (
        f"{test['arm']}: {percent(values.mean())} (n = {len(values)}) by the paper's metric, "
        f"published {percent(claim['published'])} with a tolerance of "
        f"{claim['tolerance'] * 100:g} points."
    )
    return Part(held(off <= claim["tolerance"]), sentence, test["arm"])
