"""The types of claims: a registry, in which each type is ``report/claim_types/<type>.yaml``.

Such a file says what tests a claim of its type is made of; ``report/judge/claim_types/<type>.py``
judges them. The files are data, since what reads ablations' own claims reads them, too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema
import yaml

FOLDER = Path(__file__).parent.parent / "claim_types"

VALUES: dict[str, dict[str, Any]] = {
    "arm": {"type": "string", "pattern": r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"},
    "text": {"type": "string"},
    "number": {"type": "number", "minimum": -1e12, "maximum": 1e12},
    "positive": {"type": "number", "exclusiveMinimum": 0, "maximum": 1e12},
    "share": {"type": "number", "minimum": 0, "maximum": 1},
    "whole": {"type": "integer", "minimum": 1, "maximum": 10**12},
}
"""The kinds of values of a test, as JSON Schema."""


@cache
def claim_types() -> dict[str, dict[str, Any]]:
    """Return every type of claim by name, as its file has it."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))}


def key_of_tests(kind: str) -> str:
    """Return the key under which a claim of that type has its tests."""
    return str(claim_types()[kind]["tests"])


def problem_with(kind: str, test: dict[str, Any]) -> str:
    """Return what is wrong with one of a claim's tests in ``paper/claims.yaml``, or nothing."""
    forms = claim_types()[kind]["forms"]
    # Of the form that it is most like, whose complaint helps most.
    form = max(forms, key=lambda form: _likeness(form, test))
    try:
        fastjsonschema.validate(_schema(form), test)
    except fastjsonschema.JsonSchemaValueException as error:
        return str(error).removeprefix("data.").removeprefix("data ")
    return ""


def _likeness(form: dict[str, Any], test: dict[str, Any]) -> int:
    words = {k: v for k, v in form["keys"].items() if isinstance(v, list)}
    return sum(
        2 if test.get(k) in words.get(k, ()) else 1 for k in form["keys"].keys() & test.keys()
    )


def _schema(form: dict[str, Any]) -> dict[str, Any]:
    choices = {**form.get("one_of", {}), **form.get("some_of", {})}
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
        word = "oneOf" if "one_of" in form else "anyOf"
        schema[word] = [{"required": [key]} for key in choices]
    return schema
