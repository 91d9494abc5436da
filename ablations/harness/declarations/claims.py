"""Read the claims in an ablation's file: names of the paper's claims, and claims of the user.

User claims have the form of the paper's; `report.claim_types` checks both.
"""

from __future__ import annotations

import re
from typing import Any

from ablations.harness.declarations.document import Document
from report.claim_types.forms import problem_of
from report.claim_types.registry import claim_types

ID = re.compile(r"[a-z][a-z0-9.-]{0,59}")

KEYS = ("id", "quote", "type", "combine", "needs", "since")
"""What a claim of any type may say, beside its tests and what its type has it state."""


def split_claims(document: Document) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return the names of the paper's claims under ``claims``, and the unchecked user claims."""
    value = document.content.get("claims", [])
    value = value if isinstance(value, list) else [value]
    names = tuple(item for item in value if isinstance(item, str))
    own = [item for item in value if isinstance(item, dict)]
    if len(names) + len(own) != len(value):
        raise document.error(f"claims: expected names or claims, got {value!r}", "claims")
    return names, own


def own_claims(
    document: Document, claims: list[dict[str, Any]], arms: list[str]
) -> tuple[dict[str, Any], ...]:
    """Check the user's claims, and return them with arms written as ``ablation.arm``.

    Raises
    ------
    DeclarationError
        If a claim is incomplete or invalid, or names an unknown arm.
    """
    for claim in claims:
        problem = _problem(claim, arms)
        if problem:
            raise document.error(f"claims: {problem}", "claims")
    ids = [claim["id"] for claim in claims]
    if len(set(ids)) < len(ids):
        raise document.error(f"claims: two claims have the same id: {', '.join(ids)}", "claims")
    return tuple(_placed(claim, document.path.stem) for claim in claims)


def _placed(claim: dict[str, Any], ablation: str) -> dict[str, Any]:
    """Return a claim with its ablation as ``where``, and with arms written as ``ablation.arm``."""
    kind = claim_types()[claim["type"]]
    arms = {k for form in kind["forms"] for k, what in form["keys"].items() if what == "arm"}
    tests = [
        {key: f"{ablation}.{v}" if key in arms else v for key, v in test.items()}
        for test in claim[kind["tests"]]
    ]
    return {"combine": "all", **claim, "where": ablation, kind["tests"]: tests}


def _problem(claim: dict[str, Any], arms: list[str]) -> str:
    """Return the problem with a claim, or an empty text."""
    name = claim.get("id")
    if not isinstance(name, str) or not ID.fullmatch(name):
        return f"id: expected a-z, 0-9, - and ., a letter first, got {name!r}"
    if not isinstance(claim.get("quote"), str):
        return f"{name}: expected a quote, the claim in words"
    kind = claim_types().get(str(claim.get("type")))
    if kind is not None:
        allowed = (*KEYS, kind["tests"], *kind.get("claim", {}))
        unknown = [key for key in claim if key not in allowed]
        if unknown:
            return f"{name}: no key {unknown[0]!r}; allowed are {', '.join(allowed)}"
    if claim.get("combine", "all") not in ("all", "any"):
        return f"{name}: combine: allowed are all, any"
    problem = problem_of(claim, claim, ["base", *arms])
    return f"{name}: {problem}" if problem else ""
