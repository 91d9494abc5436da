"""Claims in an ablation's file: the paper's by name, and a user's own, in the paper's form."""

from __future__ import annotations

import re
from typing import Any

from ablations.document import Document

ID = re.compile(r"[a-z][a-z0-9.-]{0,59}")
TYPES = ("direction", "size")
SIGNS = ("positive", "negative", "not positive")
KEYS = ("id", "quote", "type", "effects", "combine")
EFFECT_KEYS = ("arm", "sign", "within", "beyond")


def split_claims(document: Document) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return the names of the paper's claims under ``claims``, and the user's own, unchecked."""
    value = document.content.get("claims", [])
    value = value if isinstance(value, list) else [value]
    names = tuple(item for item in value if isinstance(item, str))
    own = [item for item in value if isinstance(item, dict)]
    if len(names) + len(own) != len(value):
        raise document.error(f"claims: sought names or claims, got {value!r}", "claims")
    return names, own


def own_claims(
    document: Document, claims: list[dict[str, Any]], arms: list[str]
) -> tuple[dict[str, Any], ...]:
    """Return a user's own claims, checked, their arms written ``ablation.arm``.

    Raises
    ------
    DeclarationError
        Where a claim lacks something, or names an arm that isn't there.
    """
    checked = tuple(_claim(document, claim, arms) for claim in claims)
    ids = [claim["id"] for claim in checked]
    if len(set(ids)) < len(ids):
        raise document.error(f"claims: an id is there twice: {', '.join(ids)}", "claims")
    return checked


def _claim(document: Document, claim: dict[str, Any], arms: list[str]) -> dict[str, Any]:
    def refuse(problem: str) -> None:
        raise document.error(f"claims: {problem}", "claims")

    unknown = [key for key in claim if key not in KEYS]
    if unknown:
        refuse(f"no key {unknown[0]!r}; allowed are {', '.join(KEYS)}")
    if not isinstance(claim.get("id"), str) or not ID.fullmatch(claim["id"]):
        refuse(f"id: sought a-z, 0-9, - and ., a letter first, got {claim.get('id')!r}")
    if not isinstance(claim.get("quote"), str):
        refuse(f"{claim['id']}: sought a quote, the claim in words")
    if claim.get("type") not in TYPES:
        refuse(f"{claim['id']}: type: allowed are {', '.join(TYPES)}, got {claim.get('type')!r}")
    effects = claim.get("effects")
    if not isinstance(effects, list) or not effects:
        refuse(f"{claim['id']}: sought effects, a list of tests")
    if claim.get("combine", "all") not in ("all", "any"):
        refuse(f"{claim['id']}: combine: allowed are all, any")
    for effect in effects or []:
        problem = _effect_problem(effect, claim["type"], arms)
        if problem:
            refuse(f"{claim['id']}: {problem}")
    name = document.path.stem
    tests = [effect | {"arm": f"{name}.{effect['arm']}"} for effect in effects or []]
    return {"combine": "all", **claim, "where": name, "effects": tests}


def _effect_problem(effect: Any, kind: str, arms: list[str]) -> str:
    """Return what is wrong with one test of a claim, or nothing."""
    if not isinstance(effect, dict) or any(key not in EFFECT_KEYS for key in effect):
        return f"effects: allowed keys are {', '.join(EFFECT_KEYS)}, got {effect!r}"
    if effect.get("arm") not in arms:
        return f"arm: no arm {effect.get('arm')!r}; allowed are {', '.join(arms)}"
    if effect.get("sign", "positive") not in SIGNS or (
        kind == "direction" and "sign" not in effect
    ):
        return f"sign: allowed are {', '.join(SIGNS)}"
    bounds = [effect[key] for key in ("within", "beyond") if key in effect]
    numbers = all(isinstance(b, (int, float)) and not isinstance(b, bool) and b > 0 for b in bounds)
    if kind == "size" and (len(bounds) != 1 or not numbers):
        return "a size needs within or beyond, in points above 0"
    return ""
