"""The registry of types of claims, and what each type's file says of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from resnet.files import listed

FOLDER = Path(__file__).parent

KEYS = {
    "tests": "the key of ``claims.yaml`` that has the tests of such a claim",
    "forms": "the forms of a test: `keys` that it needs, `optional` ones, `some_of` several",
    "claim": "what a claim of ``published.yaml`` must state",
    "trained": "false: judged by the declarations alone",
    "verdict": "false: shown without a verdict",
    "states_accuracy": "true: states an accuracy, from which runs have a distance",
    "holm": "true: adjusted for the other claims of this type by Holm's procedure",
    "two_sided": "true: decided by twice the smaller of the p-values for and against",
    "against_base": "false: a claim may not name the base",
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
