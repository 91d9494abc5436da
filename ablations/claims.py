"""Claims in an ablation's file: the paper's by name, and a user's own, in the form of paper/."""

from __future__ import annotations

import re
from typing import Any

from ablations.document import Document

ID = re.compile(r"[a-z][a-z0-9.-]{0,59}")
SIGNS = ("positive", "negative", "not positive")
KINDS = {
    "direction": "effects",
    "size": "effects",
    "choice": "effects",
    "value": "values",
    "exact": "exact",
    "trend": "trends",
}
"""Each type of claim with the key of its tests (docs/statistics.md)."""

BOUNDS = ("above", "below", "equals")
COLUMNS = ("parameters", "flops_per_image")
RULES: dict[str, tuple[str, ...]] = {
    "train_accuracy_reaches": ("value", "by_epoch"),
    "test_accuracy_falls": ("by_epoch",),
    "test_above_train": (),
    "slow_after_train_accuracy": ("value", "points_per_epoch"),
    "test_accuracy_then": ("value", "within"),
    "slow_after_epoch": ("epoch", "points_per_epoch"),
    "still_rising": ("last_share",),
    "best_test_accuracy": ("of", "within"),
}
"""Rules on a run's curves (report/curves.py), each with the numbers that it takes."""

WHOLE = ("by_epoch", "epoch", "equals")


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
    for claim in claims:
        problem = _problem(claim, arms)
        if problem:
            raise document.error(f"claims: {problem}", "claims")
    ids = [claim["id"] for claim in claims]
    if len(set(ids)) < len(ids):
        raise document.error(f"claims: an id is there twice: {', '.join(ids)}", "claims")
    return tuple(_placed(claim, document.path.stem) for claim in claims)


def _placed(claim: dict[str, Any], ablation: str) -> dict[str, Any]:
    """Return a claim with its place, and its arms written ``ablation.arm``."""
    kind = KINDS[claim["type"]]
    tests = [
        {key: f"{ablation}.{v}" if key in ("arm", "over") else v for key, v in test.items()}
        for test in claim[kind]
    ]
    return {"combine": "all", **claim, "where": ablation, kind: tests}


def _problem(claim: dict[str, Any], arms: list[str]) -> str:
    """Return what is wrong with a claim, or nothing."""
    name, kind = claim.get("id"), claim.get("type")
    if not isinstance(name, str) or not ID.fullmatch(name):
        return f"id: sought a-z, 0-9, - and ., a letter first, got {name!r}"
    if not isinstance(claim.get("quote"), str):
        return f"{name}: sought a quote, the claim in words"
    if not isinstance(kind, str) or kind not in KINDS:
        return f"{name}: type: allowed are {', '.join(KINDS)}, got {kind!r}"
    key = KINDS[kind]
    numbers = ("published", "tolerance") if kind == "value" else ()
    allowed = ("id", "quote", "type", key, "combine", *numbers)
    unknown = [given for given in claim if given not in allowed]
    if unknown:
        return f"{name}: no key {unknown[0]!r}; allowed are {', '.join(allowed)}"
    if claim.get("combine", "all") not in ("all", "any"):
        return f"{name}: combine: allowed are all, any"
    for number in numbers:
        if not _positive(claim.get(number)):
            return f"{name}: {number}: sought an accuracy above 0, such as 0.91"
    if not isinstance(claim.get(key), list) or not claim[key]:
        return f"{name}: sought {key}, a list of tests"
    # Against the base itself there is no effect; other tests look at a single arm.
    members = arms if key == "effects" else ["base", *arms]
    problems = (_test_problem(test, kind, members) for test in claim[key])
    return next((f"{name}: {problem}" for problem in problems if problem), "")


def _test_problem(test: Any, kind: str, arms: list[str]) -> str:
    """Return what is wrong with one test of a claim, or nothing."""
    if not isinstance(test, dict):
        return f"sought a test such as arm: {arms[-1]}, got {test!r}"
    for key in ("arm", "over"):
        if (key == "arm" or key in test) and test.get(key) not in arms:
            return f"{key}: no arm {test.get(key)!r}; allowed are {', '.join(arms)}"
    if KINDS[kind] == "effects":
        return _effect_problem(test, kind)
    return {"value": _no_more, "exact": _exact_problem, "trend": _trend_problem}[kind](test)


def _effect_problem(effect: dict[str, Any], kind: str) -> str:
    allowed = {"direction": ("sign",), "size": ("sign", "within", "beyond")}.get(kind, ())
    unknown = [key for key in effect if key not in ("arm", *allowed)]
    if unknown:
        return f"effects: no key {unknown[0]!r}; allowed are {', '.join(('arm', *allowed))}"
    if effect.get("sign", "positive") not in SIGNS or (
        kind == "direction" and "sign" not in effect
    ):
        return f"sign: allowed are {', '.join(SIGNS)}"
    bounds = [effect[key] for key in ("within", "beyond") if key in effect]
    if kind == "size" and (len(bounds) != 1 or not _positive(bounds[0])):
        return "a size needs within or beyond, in points above 0"
    return ""


def _exact_problem(test: dict[str, Any]) -> str:
    if test.get("column") not in COLUMNS:
        return f"column: allowed are {', '.join(COLUMNS)}, got {test.get('column')!r}"
    if "over" in test:
        return _no_more(test, "column", "over", numbers=("ratio_above",))
    bounds = tuple(bound for bound in BOUNDS if bound in test)
    if not bounds:
        return f"an exact claim needs one of {', '.join(BOUNDS)}, or over and ratio_above"
    return _no_more(test, "column", numbers=bounds)


def _trend_problem(test: dict[str, Any]) -> str:
    if not isinstance(test.get("rule"), str) or test["rule"] not in RULES:
        return f"rule: allowed are {', '.join(RULES)}, got {test.get('rule')!r}"
    return _no_more(test, "rule", numbers=RULES[test["rule"]])


def _no_more(test: dict[str, Any], *texts: str, numbers: tuple[str, ...] = ()) -> str:
    """Return what a test lacks, or holds beside its arm, ``texts`` and ``numbers``, or nothing."""
    for key in numbers:
        value = test.get(key)
        if not _positive(value) or (key in WHOLE and not isinstance(value, int)):
            sought = "whole number" if key in WHOLE else "number"
            return f"{key}: sought a {sought} above 0, got {value!r}"
    allowed = ("arm", *texts, *numbers)
    unknown = [key for key in test if key not in allowed]
    return f"no key {unknown[0]!r}; allowed are {', '.join(allowed)}" if unknown else ""


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12
