"""Check claims against the forms that their types allow."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from report.claim_types.moments import is_moment
from report.claim_types.registry import claim_types, key_of_tests

ARM = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
"""How a claim of the paper names an arm: ``ablation.arm``."""

OF_EFFECTS = ("train_accuracy", "plain_train_accuracy")
"""What only a claim on effects can need of its runs."""

NEEDS = {
    "dataset": "text",
    "training_images": "whole",
    "images_seen": "whole",
    **dict.fromkeys(OF_EFFECTS, "share"),
}
"""What a claim can need of the runs that it rests on, and the kind of value of each."""

Form = dict[str, Any]
"""One form of a test: required ``keys``, and maybe ``optional`` ones or ``some_of`` several."""


def problem_of(claim: dict[str, Any], tests: dict[str, Any], arms: list[str] | None = None) -> str:
    """Return the problem with a claim or its tests, or an empty text.

    Parameters
    ----------
    claim
        The claim, with its ``type``.
    tests
        Where its tests are: an entry of ``claims.yaml``, or the claim itself.
    arms
        The names of its ablation's arms, the base first, where the claim is one of the user's. The
        paper's claims name an arm as ``ablation.arm``, and can have forms that are theirs alone.
    """
    given = claim.get("type")
    if not isinstance(given, str) or given not in claim_types():
        return f"type: allowed are {', '.join(claim_types())}, got {given!r}"
    kind, key = claim_types()[given], key_of_tests(given)
    parts = tests.get(key)
    others = {str(other["tests"]) for other in claim_types().values()} - {key}
    if others & tests.keys():
        return f"{min(others & tests.keys())}: not of a claim of type {given}, which has {key}"
    if not isinstance(parts, list) or not parts:
        return f"expected {key}, the list of tests of a claim of type {given}"
    since = tests.get("since", "2026-11-26")
    if not is_moment(since):
        return f"since: expected a moment such as 2026-11-26 or 2026-11-26T22:00Z, got {since!r}"
    # The base has no effect against itself; only tests of a single arm may name it.
    names_base = kind.get("against_base", True)
    members = arms and (arms if names_base else arms[1:])
    stated = kind.get("claim", {}).items()
    problems = [
        _problem_with_needs(tests.get("needs", {}), key),
        *(_problem_with_value(name, claim.get(name), what, members) for name, what in stated),
        *(_problem_with_base(test) for test in parts if not names_base),
        *(problem_with(given, test, members) for test in parts),
    ]
    return next((problem for problem in problems if problem), "")


def _problem_with_base(test: Any) -> str:
    arm = str(test.get("arm")) if isinstance(test, dict) else ""
    named = arm == "base" or arm.endswith(".base")
    return f"{arm}: the base has no effect against itself" if named else ""


def _problem_with_needs(needs: Any, tests: str) -> str:
    """Return the problem with what a claim needs, or an empty text."""
    if not isinstance(needs, dict):
        return f"needs: expected some of {', '.join(NEEDS)}, got {needs!r}"
    unknown = [key for key in needs if key not in NEEDS]
    if unknown:
        return f"needs: no key {unknown[0]!r}; allowed are {', '.join(NEEDS)}"
    reached = [key for key in OF_EFFECTS if key in needs]
    if reached and tests != "effects":
        return f"needs: {reached[0]} belongs to claims on effects"
    problems = (_problem_with_value(key, value, NEEDS[key]) for key, value in needs.items())
    return next((f"needs: {problem}" for problem in problems if problem), "")


def problem_with(kind: str, test: Any, arms: list[str] | None = None) -> str:
    """Return the problem with one test of a claim of type ``kind``, or an empty text.

    ``arms`` are those that it may name, if it is one of the user's.
    """
    if not isinstance(test, dict):
        return f"expected a test such as arm: {arms[-1] if arms else 'ablation.arm'}, got {test!r}"
    forms = [form for form in claim_types()[kind]["forms"] if arms is None or not form.get("paper")]
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
            problem = _problem_with_value(key, test.get(key), what, arms)
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


def _problem_with_value(key: str, value: Any, what: Any, arms: list[str] | None = None) -> str:
    """Return the problem with a value, or an empty text; ``what`` is a list or a kind of value."""
    if isinstance(what, list):
        return "" if value in what else f"{key}: allowed are {', '.join(what)}, got {value!r}"
    if what == "arm" and arms is not None:
        legal = value in arms
        return "" if legal else f"{key}: no arm {value!r}; allowed are {', '.join(arms)}"
    is_kind, expected = KINDS[what]
    return "" if is_kind(value) else f"{key}: expected {expected}, got {value!r}"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def _text(value: Any) -> bool:
    return isinstance(value, str)


KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "arm": (lambda v: _text(v) and bool(ARM.fullmatch(v)), "an arm such as maxpool.with_maxpool"),
    "text": (_text, "a text"),
    "texts": (lambda v: isinstance(v, list) and bool(v) and all(map(_text, v)), "a list of texts"),
    "names": (lambda v: isinstance(v, dict) and all(map(_text, v.values())), "names and texts"),
    "number": (_number, "a number"),
    "positive": (lambda v: _number(v) and v > 0, "a number above 0"),
    "share": (lambda v: _number(v) and 0 < v <= 1, "an accuracy above 0, such as 0.91"),
    "tolerance": (
        lambda v: _number(v) and 0 < v <= 0.2,
        "a share of at most 0.2, such as 0.02 for 2 points",
    ),
    "whole": (lambda v: _number(v) and isinstance(v, int) and v > 0, "a whole number above 0"),
}
"""The kinds of values in a test: whether a value is of the kind, and what is expected."""
