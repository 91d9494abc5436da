"""The settings of a run config by their dotted keys, such as ``model.blocks``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Meta

from resnet.config.run_config import KINDS, RunConfig
from resnet.settings import ConfigError, Group, hints, nearest, parse


def _groups() -> dict[str, dict[str, type[Group]]]:
    """Return the kinds of every group by name; a group's only kind has the group's name."""
    defaults = RunConfig()
    parts = {name: getattr(defaults, name) for name in RunConfig.__struct_fields__}
    single = {name: {name: type(part)} for name, part in parts.items() if isinstance(part, Group)}
    return single | KINDS


GROUPS = _groups()
"""The groups of settings, each with its kinds: ``model``, ``data``, ..."""


def _owners() -> Iterator[tuple[str, type[Group]]]:
    for group, members in GROUPS.items():
        for kind in members.values():
            yield from ((f"{group}.{name}", kind) for name in kind.__struct_fields__)
    yield from ((n, RunConfig) for n in RunConfig.__struct_fields__ if n not in GROUPS)


def _settings() -> dict[str, tuple[type[Group], ...]]:
    found: dict[str, tuple[type[Group], ...]] = {f"{group}.name": () for group in KINDS}
    for key, owner in _owners():
        found[key] = (*found.get(key, ()), owner)
    return found


SETTINGS = _settings()
"""Every dotted key of a run config, with the settings classes that define it."""


def titles() -> dict[str, str]:
    """Return the title of every setting, as shown in the report, by dotted key."""
    found = {f"{group}.name": group.replace("model", "network") for group in KINDS}
    for key, owner in _owners():
        notes = getattr(hints(owner)[key.rpartition(".")[2]], "__metadata__", ())
        said = [meta.title for meta in notes if isinstance(meta, Meta) and meta.title]
        found.setdefault(key, said[-1] if said else key.rpartition(".")[2].replace("_", " "))
    return found


def parse_setting(key: str, value: Any) -> Any:
    """Return ``value`` converted to the type of the setting ``key`` in any kind that has it.

    Raises
    ------
    ConfigError
        If the key is unknown or the value isn't legal.
    """
    if key not in SETTINGS:
        near = nearest(key, SETTINGS)
        raise ConfigError(
            key, value, f"no such setting{near}" if near else "no such setting (see resnet/config)"
        )
    group, _, name = key.rpartition(".")
    if group in KINDS and name == "name":
        return _parse_kind(group, value)
    problems: list[ConfigError] = []
    for owner in SETTINGS[key]:
        try:
            return parse(owner, key, value)
        except ConfigError as error:
            problems.append(error)
    raise problems[0]


def _parse_kind(group: str, value: Any) -> str:
    if not isinstance(value, str) or value not in KINDS[group]:
        near = nearest(str(value), KINDS[group])
        allowed = f"allowed is one of: {', '.join(KINDS[group])}"
        raise ConfigError(f"{group}.name", value, allowed + near)
    return value


def flatten(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested groups with dotted keys: ``{"model": {"maxpool": x}}`` as ``model.maxpool``."""
    flat: dict[str, Any] = {}
    for name, value in mapping.items():
        key = f"{prefix}{name}"
        nested = key in GROUPS and isinstance(value, Mapping)
        inner = flatten(value, f"{key}.") if nested else {key: value}
        for twice in inner.keys() & flat.keys():
            raise ConfigError(twice, inner[twice], "is set twice: as a dotted key and in its group")
        flat |= inner
    return flat
