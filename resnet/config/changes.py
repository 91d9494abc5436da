"""A run config made from another one, or from plain data, by setting dotted keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from resnet.config.names import flatten, parse_setting
from resnet.config.run_config import KINDS, RunConfig
from resnet.settings import ConfigError, Group, kind_of, nearest, parse


def changed(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """Return ``config`` with the dotted keys in ``changes`` set.

    If a group's ``name`` changes to another kind, the settings that both kinds have are kept.

    Raises
    ------
    ConfigError
        If a key is unknown, a value isn't legal, or two settings contradict each other.
    """
    return _with(config, changes, keep=True)


def from_dict(mapping: Mapping[str, Any]) -> RunConfig:
    """Return the config that ``mapping`` (nested or dotted keys) describes, with defaults added.

    Raises
    ------
    ConfigError
        As in `changed`.
    """
    return _with(RunConfig(), mapping, keep=False)


def _with(config: RunConfig, changes: Mapping[str, Any], keep: bool) -> RunConfig:
    if not isinstance(changes, Mapping):
        raise ConfigError("config", changes, "allowed is a mapping of settings")
    groups: dict[str, dict[str, Any]] = {}
    top: dict[str, Any] = {}
    for key, value in flatten(changes).items():
        group, _, name = key.rpartition(".")
        (groups.setdefault(group, {}) if group else top)[name] = parse_setting(key, value)
    parts = {g: _with_settings(g, getattr(config, g), new, keep) for g, new in groups.items()}
    return msgspec.structs.replace(config, **parts, **top)


def _with_settings(group: str, old: Group, new: dict[str, Any], keep: bool) -> Group:
    if group not in KINDS:
        return msgspec.structs.replace(old, **new)
    name = new.pop("name", kind_of(old))
    kind = KINDS[group][name]
    for key, value in new.items():
        if key not in kind.__struct_fields__:
            has = ", ".join(kind.__struct_fields__) or "none"
            near = nearest(key, kind.__struct_fields__)
            raise ConfigError(
                f"{group}.{key}",
                value,
                f"the {group} {name} has no such setting; it has {has}{near}",
            )
    shared = kind.__struct_fields__ if keep or kind is type(old) else ()
    kept = {key: getattr(old, key) for key in shared if hasattr(old, key)}
    plain = msgspec.to_builtins(kept | new)
    return kind(**{key: parse(kind, f"{group}.{key}", value) for key, value in plain.items()})
