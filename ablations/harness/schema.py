"""The JSON Schema of an ablation's file, by which an editor completes and checks it."""

from __future__ import annotations

from typing import Any

import msgspec

from ablations.harness.declarations.arms import LEFT_TO_SCALE, LONGEST_LABEL, Relative
from ablations.harness.declarations.declaration import BUDGETS, TEXTS
from ablations.harness.declarations.names import NAME
from resnet.config import GROUPS, KINDS, SETTINGS
from resnet.settings import Group, hints


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the files in ``ablations``, of draft 7, which most editors know."""
    change = _change()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "An ablation",
        "type": "object",
        "required": [*TEXTS, "base"],
        "properties": {
            **{key: {"type": "string"} for key in (*TEXTS, "base")},
            "factor": {"anyOf": [_names(), {"type": "array", "items": _names()}]},
            "budget": {"enum": list(BUDGETS)},
            "claims": {"type": "array", "items": {"type": ["string", "object"]}},
            "arms": _named(change),
            "ladder": _named(change),
            "grid": {
                "type": "object",
                "properties": {k: {"type": "array", "items": v} for k, v in _settings().items()},
                "additionalProperties": False,
            },
            "records": {"type": "array", "items": {"type": "string"}},
        },
        "additionalProperties": False,
    }


def _names() -> dict[str, Any]:
    return {"enum": [*GROUPS, *SETTINGS, "budget.fraction"]}


def _named(change: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME.pattern}$"},
        "additionalProperties": change,
    }


def _change() -> dict[str, Any]:
    settings = _settings()
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        group, _, name = key.rpartition(".")
        if group:
            nested.setdefault(group, {})[name] = value
    groups = {
        group: {"type": "object", "properties": properties, "additionalProperties": False}
        for group, properties in nested.items()
    }
    properties = {**settings, **groups}
    also = {"type": "object", "properties": properties, "additionalProperties": False}
    label = {"type": "string", "minLength": 1, "maxLength": LONGEST_LABEL}
    return {**also, "properties": {**properties, "also_changes": also, "label": label}}


def _settings() -> dict[str, Any]:
    """Return the schema of every setting that an arm may change, by its dotted key."""
    found: dict[str, Any] = {f"{g}.name": {"enum": list(kinds)} for g, kinds in KINDS.items()}
    for key, owners in SETTINGS.items():
        if owners and key not in LEFT_TO_SCALE:
            forms = [_type(owner, key.rpartition(".")[2]) for owner in owners]
            different = [form for i, form in enumerate(forms) if form not in forms[:i]]
            found[key] = different[0] if len(different) == 1 else {"anyOf": different}
    return {**found, "budget.fraction": _type(Relative, "fraction")}


def _type(owner: type[Group], name: str) -> dict[str, Any]:
    return dict(_of_draft_7(msgspec.json.schema(hints(owner)[name])))


def _of_draft_7(part: Any) -> Any:
    """Return a part of a schema of draft 2020-12 in the words of draft 7."""
    if isinstance(part, list):
        return [_of_draft_7(item) for item in part]
    if not isinstance(part, dict):
        return part
    if "prefixItems" in part:
        items = {"items": part["prefixItems"], "additionalItems": part.get("items", True)}
        part = {k: v for k, v in part.items() if k not in ("prefixItems", "items")} | items
    return {key: _of_draft_7(value) for key, value in part.items()}
