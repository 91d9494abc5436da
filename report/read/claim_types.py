"""The registry of types of claims; each type is a file ``report/claim_types/<type>.yaml``.

The file defines the tests of a claim of this type; ``report/judge/claim_types/<type>.py`` judges
them. The files are data, not code, because `ablations.harness.declarations.claims` also reads them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema
import yaml

from report.read.moments import is_moment
from resnet.files import listed

FOLDER = Path(__file__).parent.parent / "claim_types"

OF_EFFECTS = ("train_accuracy", "plain_train_accuracy")
"""What only a claim on effects can need of its runs."""

VALUES: dict[str, dict[str, Any]] = {
    "arm": {"type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"},
    "text": {"type": "string"},
    "texts": {"type": "array", "minItems": 1, "items": {"type": "string"}},
    "number": {"type": "number", "minimum": -1e12, "maximum": 1e12},
    "positive": {"type": "number", "exclusiveMinimum": 0, "maximum": 1e12},
    "share": {"type": "number", "minimum": 0, "maximum": 1},
    "names": {"type": "object", "additionalProperties": {"type": "string"}},
    "whole": {"type": "integer", "minimum": 1, "maximum": 10**12},
}
"""The kinds of values in a test, as JSON Schema."""


KEYS = {
    "tests": "the key of ``claims.yaml`` that has the tests of such a claim",
    "forms": "the forms of a test: `keys` that it needs, `optional` ones, `some_of` several",
    "claim": "what a claim of ``published.yaml`` must state",
    "trained": "false: judged by the declarations alone",
    "verdict": "false: shown without a verdict",
    "states_accuracy": "true: states an accuracy, from which runs have a distance",
    "holm": "true: adjusted for the other claims of this type by Holm's procedure",
    "two_sided": "true: decided by twice the smaller of the p-values for and against",
    "against_base": "false: a user's claim may not name the base",
}
"""What a type's file may say; all but ``tests`` and ``forms`` may be left out."""


@cache
def claim_types() -> dict[str, dict[str, Any]]:
    """Return the content of every type's file, by the type's name.

    Raises
    ------
    ValueError
        If a file has a key that isn't in `KEYS`.
    """
    found = {}
    for path in listed(FOLDER, "*.yaml"):
        found[path.stem] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key in found[path.stem].keys() - KEYS.keys():
            raise ValueError(f"{path}: {key}: no such key; allowed are {', '.join(KEYS)}")
    return found


def key_of_tests(kind: str) -> str:
    """Return the key that contains the tests of a claim of type ``kind``."""
    return str(claim_types()[kind]["tests"])


def adjusted(kind: str) -> bool:
    """Return whether claims of type ``kind`` are adjusted for each other by Holm's procedure."""
    return bool(claim_types()[kind].get("holm", False))


def two_sided(kind: str) -> bool:
    """Return whether a claim of type ``kind`` is decided by twice the smaller one-sided p-value."""
    return bool(claim_types()[kind].get("two_sided", False))


def trained(kind: str) -> bool:
    """Return whether claims of type ``kind`` rest on runs, not on the declarations alone."""
    return bool(claim_types()[kind].get("trained", True))


def gives_verdict(kind: str) -> bool:
    """Return whether claims of type ``kind`` get a verdict."""
    return bool(claim_types()[kind].get("verdict", True))


def states_accuracy(kind: str) -> bool:
    """Return whether claims of type ``kind`` state an accuracy, from which runs have a distance."""
    return bool(claim_types()[kind].get("states_accuracy", False))


def problem_of(claim: dict[str, Any], tests: dict[str, Any]) -> str:
    """Return the problem with a claim or its tests, or an empty text.

    Parameters
    ----------
    claim
        The claim, with its ``type``.
    tests
        Where its tests are: an entry of ``claims.yaml``, or the claim itself.
    """
    kind = claim["type"]
    if kind not in claim_types():
        return f"type: {kind!r}; allowed are {', '.join(claim_types())}"
    parts = tests.get(key_of_tests(kind))
    if not isinstance(parts, list) or not parts:
        return f"a claim of type {kind} is tested by {key_of_tests(kind)}"
    if not is_moment(tests.get("since", "2026-11-27")):
        return f"since: expected a moment such as 2026-11-27T01:30Z, got {tests['since']!r}"
    reached = [key for key in OF_EFFECTS if key in tests.get("needs", {})]
    if reached and key_of_tests(kind) != "effects":
        return f"needs: {reached[0]} belongs to claims on effects"
    needed = [key for key in claim_types()[kind].get("claim", {}) if key not in claim]
    if needed:
        return f"a claim of type {kind} needs {', '.join(needed)}"
    return next((found for part in parts if (found := problem_with(kind, part))), "")


def problem_with(kind: str, test: dict[str, Any]) -> str:
    """Return the problem with a claim's test in ``paper/claims.yaml``, or an empty text."""
    forms = claim_types()[kind]["forms"]
    # Validate against the most similar form, which gives the most helpful message.
    form = max(forms, key=lambda form: _likeness(form, test))
    try:
        fastjsonschema.validate(_schema(form), test)
    except fastjsonschema.JsonSchemaValueException as error:
        return str(error).removeprefix("data.").removeprefix("data ")
    return ""


def _likeness(form: dict[str, Any], test: dict[str, Any]) -> int:
    known = {**form["keys"], **form.get("optional", {})}
    words = {k: v for k, v in known.items() if isinstance(v, list)}
    return sum(2 if test[k] in words.get(k, ()) else 1 for k in known.keys() & test.keys())


def _schema(form: dict[str, Any]) -> dict[str, Any]:
    choices = form.get("some_of", {})
    every = {**form["keys"], **form.get("optional", {}), **choices}
    schema: dict[str, Any] = {
        "type": "object",
        "required": list(form["keys"]),
        "properties": {
            key: {"enum": what} if isinstance(what, list) else VALUES[what]
            for key, what in every.items()
        },
        "additionalProperties": False,
    }
    if choices:
        schema["anyOf"] = [{"required": [key]} for key in choices]
    return schema
