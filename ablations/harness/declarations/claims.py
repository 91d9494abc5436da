"""Read the claims in an ablation's file: names of the paper's claims, and claims of the user.

User claims have the format of paper/, with the keys in ``report/claim_types/<type>.yaml``.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import Any

from ablations.harness.declarations.document import Document, read
from ablations.harness.declarations.home import ROOT
from resnet.files import listed

ID = re.compile(r"[a-z][a-z0-9.-]{0,59}")

FOLDER = ROOT / "report" / "claim_types"

Form = dict[str, Any]
"""One form of a test: required ``keys``, and maybe ``optional`` ones or ``some_of`` several."""


@cache
def claim_types() -> dict[str, dict[str, Any]]:
    """Return every type of claim by name, with the forms of tests that are open to users."""
    found = {}
    for path in listed(FOLDER, "*.yaml"):
        content = dict(read(path).content)
        content["forms"] = [form for form in content["forms"] if not form.get("paper")]
        found[path.stem] = content
    return found


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
    name, given = claim.get("id"), claim.get("type")
    if not isinstance(name, str) or not ID.fullmatch(name):
        return f"id: expected a-z, 0-9, - and ., a letter first, got {name!r}"
    if not isinstance(claim.get("quote"), str):
        return f"{name}: expected a quote, the claim in words"
    if not isinstance(given, str) or given not in claim_types():
        return f"{name}: type: allowed are {', '.join(claim_types())}, got {given!r}"
    kind = claim_types()[given]
    own = kind.get("claim", {})
    allowed = ("id", "quote", "type", kind["tests"], "combine", "needs", "since", *own)
    unknown = [key for key in claim if key not in allowed]
    if unknown:
        return f"{name}: no key {unknown[0]!r}; allowed are {', '.join(allowed)}"
    if claim.get("combine", "all") not in ("all", "any"):
        return f"{name}: combine: allowed are all, any"
    problem = _needs_problem(claim.get("needs", {}), kind["tests"]) or _since_problem(claim)
    if problem:
        return f"{name}: {problem}"
    tests = claim.get(kind["tests"])
    if not isinstance(tests, list) or not tests:
        return f"{name}: expected {kind['tests']}, a list of tests"
    # The base has no effect against itself; only tests of a single arm may name it.
    members = ["base", *arms] if kind.get("against_base", True) else arms
    problems = [
        *(_value_problem(key, claim.get(key), what, members) for key, what in own.items()),
        *(_test_problem(test, kind["forms"], members) for test in tests),
    ]
    return next((f"{name}: {problem}" for problem in problems if problem), "")


NEEDS = {
    "dataset": "text",
    "training_images": "whole",
    "images_seen": "whole",
    "train_accuracy": "share",
    "plain_train_accuracy": "share",
}
"""What a claim can need of the runs that it rests on, and the kind of value of each."""


def _needs_problem(needs: Any, tests: str) -> str:
    """Return the problem with what a claim needs, or an empty text."""
    if not isinstance(needs, dict):
        return f"needs: expected some of {', '.join(NEEDS)}, got {needs!r}"
    unknown = [key for key in needs if key not in NEEDS]
    if unknown:
        return f"needs: no key {unknown[0]!r}; allowed are {', '.join(NEEDS)}"
    reached = [key for key, kind in NEEDS.items() if kind == "share" and key in needs]
    if reached and tests != "effects":
        return f"needs: {reached[0]} belongs to claims on effects"
    problems = (_value_problem(key, value, NEEDS[key], []) for key, value in needs.items())
    return next((f"needs: {problem}" for problem in problems if problem), "")


def _since_problem(claim: dict[str, Any]) -> str:
    """Return the problem with the moment since which a claim stands, or an empty text."""
    since = claim.get("since", "2026-11-26")
    try:
        datetime.fromisoformat(since)
    except (TypeError, ValueError):
        return f"since: expected a moment such as 2026-11-26 or 2026-11-26T22:00Z, got {since!r}"
    return ""


def _test_problem(test: Any, forms: list[Form], arms: list[str]) -> str:
    """Return the problem with one test of a claim, or an empty text."""
    if not isinstance(test, dict):
        return f"expected a test such as arm: {arms[-1]}, got {test!r}"
    form = _meant(test, forms)
    if form is None:
        return _no_form(test, forms)
    needed, choices = form["keys"], form.get("some_of", {})
    known = {**needed, **form.get("optional", {}), **choices}
    unknown = [key for key in test if key not in known]
    if unknown:
        return f"no key {unknown[0]!r}; allowed are {', '.join(known)}"
    for key, what in known.items():
        if key in needed or key in test:
            problem = _value_problem(key, test.get(key), what, arms)
            if problem:
                return problem
    if choices and not choices.keys() & test.keys():
        return f"expected at least one of {', '.join(choices)}"
    return ""


def _meant(test: dict[str, Any], forms: list[Form]) -> Form | None:
    """Return the form whose fixed words match the test's, with the most keys in common."""

    def fits(form: Form) -> bool:
        words = {k: v for k, v in form["keys"].items() if isinstance(v, list) and len(v) == 1}
        return all(test.get(key) in word for key, word in words.items())

    fitting = [form for form in forms if fits(form)]
    return max(fitting, key=lambda form: len(form["keys"].keys() & test.keys()), default=None)


def _no_form(test: dict[str, Any], forms: list[Form]) -> str:
    words: dict[str, list[str]] = {}
    for form in forms:
        for key, value in form["keys"].items():
            if isinstance(value, list):
                words[key] = [*words.get(key, []), *value]
    key, allowed = next(iter(words.items()))
    return f"{key}: allowed are {', '.join(allowed)}, got {test.get(key)!r}"


def _value_problem(key: str, value: Any, what: Any, arms: list[str]) -> str:
    """Return the problem with a value, or an empty text; ``what`` is a list or a kind of value."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12
    if isinstance(what, list):
        return "" if value in what else f"{key}: allowed are {', '.join(what)}, got {value!r}"
    legal, said = {
        "arm": (value in arms, f"no arm {value!r}; allowed are {', '.join(arms)}"),
        "text": (isinstance(value, str), f"expected a text, got {value!r}"),
        "number": (number, f"expected a number, got {value!r}"),
        "positive": (number and value > 0, f"expected a number above 0, got {value!r}"),
        "share": (
            number and 0 < value <= 1,
            f"expected an accuracy above 0, such as 0.91, got {value!r}",
        ),
        "whole": (
            number and isinstance(value, int) and value > 0,
            f"expected a whole number above 0, got {value!r}",
        ),
    }[what]
    return "" if legal else f"{key}: {said}"
