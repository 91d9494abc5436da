"""A run config as plain data, and its identity: the settings that differ from their defaults."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import msgspec

from resnet.config.run_config import KINDS, RunConfig
from resnet.settings import Group, kind_of


def to_dict(config: RunConfig) -> dict[str, Any]:
    """Return the config as nested plain data, including defaults."""
    plain: dict[str, Any] = json.loads(msgspec.json.encode(config))
    return plain


@cache
def to_json(config: RunConfig) -> str:
    """Return the config's identity: one line of JSON with the settings that differ from defaults.

    Equal configs give equal text, even after a new setting is added to the project.
    """
    return json.dumps(identity(config), sort_keys=True, separators=(",", ":"))


def identity(config: RunConfig) -> dict[str, Any]:
    """Return the settings that differ from their defaults, as nested plain data."""
    found: dict[str, Any] = {}
    for name, default in _values(RunConfig()).items():
        value = getattr(config, name)
        if isinstance(value, Group):
            inner = {k: v for k, v in _values(value).items() if v != _values(type(value)())[k]}
            if kind_of(value) != kind_of(default):
                inner["name"] = kind_of(value)
            if inner:
                found[name] = msgspec.to_builtins(inner)
        elif value != default:
            found[name] = value
    return found


def _values(group: Group) -> dict[str, Any]:
    return {name: getattr(group, name) for name in group.__struct_fields__}


def work_of(config: RunConfig) -> dict[str, Any]:
    """Return the parts of a config that determine the computing time per image."""
    plain = to_dict(config)
    return {
        **{group: plain[group] for group in ("model", "augmentation", "evaluation")},
        "batch_size": config.batch_size,
        "image_size": config.dataset.image_size,
        "optimizer": kind_of(config.optimizer),
        "compile": config.compile,
    }


def defaults() -> dict[str, Any]:
    """Return every setting's default as plain data; groups with several kinds are keyed by kind."""
    plain = to_dict(RunConfig())
    for group, members in KINDS.items():
        kinds = {name: _values(kind()) for name, kind in members.items()}
        plain[group] = msgspec.to_builtins(kinds)
    return plain
