"""Claims that state a choice by convention."""

from __future__ import annotations

from typing import Any

from report.judge.evidence import Evidence
from report.judge.parts import SHOWN, Part


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the effect of an arm, without a verdict."""
    effect = evidence.effect(test["arm"])
    return Part(
        effect.sentence(), test["arm"], measured=effect.brief, verdict=SHOWN, name=effect.name
    )
