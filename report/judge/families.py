"""Families of claims, and the p-value of a claim over several arms.

A claim has a p-value for each way it can go. To support a claim that *all* of its parts hold, each
must be significant, so the largest p-value counts (an intersection-union test, Berger 1982,
doi:10.2307/1271080); to refute it, one part suffices, so the smallest counts, multiplied by the
number of parts (Bonferroni). For a claim that *any* part holds it is the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from report.claim_types.registry import adjusted, gives_verdict, key_of_tests
from report.judge.statistics.effects import SIGNIFICANCE
from report.read.published import Published

Claim = dict[str, Any]


def p_of_all(p: Sequence[float]) -> float:
    """Return the p-value for all of the parts."""
    return max(p)


def p_of_any(p: Sequence[float]) -> float:
    """Return the p-value for at least one of the parts."""
    return min(1.0, len(p) * min(p))


def families(study: dict[str, Any], paper: Published) -> list[list[tuple[Claim, Claim]]]:
    """Return the paper's claims and the users' claims, each with its tests, as separate families.

    A family has the claims that were declared, whatever was run.
    """
    return [
        [(claim, paper.tests[claim["id"]]) for claim in paper.facts["claims"]],
        [(claim, claim) for claim in study["own_claims"]],
    ]


def levels(study: dict[str, Any], paper: Published) -> dict[str, float]:
    """Return by arm the significance at which claims about its effect are decided at first.

    It is 5%, divided by the number of claims in the family if the type is adjusted for them (the
    first step of Holm's procedure), and by the number of parts if one of them suffices. The
    smallest value counts for an arm in several claims.
    """
    found: dict[str, float] = {}
    for family in families(study, paper):
        tested = sum(adjusted(claim["type"]) for claim, _ in family)
        for claim, tests in family:
            arms = _arms_with_effects(claim, tests)
            level = SIGNIFICANCE / (tested if adjusted(claim["type"]) else 1)
            parts = len(arms) if tests.get("combine") == "any" else 1
            found |= {arm: min(found.get(arm, 1.0), level / parts) for arm in arms}
    return found


def _arms_with_effects(claim: Claim, tests: Claim) -> list[str]:
    """Return the arms on whose effects a verdict rests, one for each part."""
    if key_of_tests(claim["type"]) != "effects" or not gives_verdict(claim["type"]):
        return []
    return [test["arm"] for test in tests["effects"]]
