"""Base classes and validation of settings; error messages state the allowed values.

Groups of settings are msgspec structs, with types and ranges as annotations of the fields. A group
with several kinds, such as the optimizer, is a tagged union: ``name`` selects the kind, and each
kind defines its own settings. This module doesn't import torch.
"""

from __future__ import annotations

import difflib
import json
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta, inspect

Odd = Literal[1, 3, 5, 7, 9, 11, 13, 15]
"""Kernel sizes. An even kernel has no centre and would shift the image."""

Share = Annotated[float, Meta(ge=0, le=1)]

Rate = Annotated[float, Meta(ge=1e-8, le=100)]
"""A learning rate."""


class ConfigError(ValueError):
    """A setting has an illegal value; the message states key, value and allowed values."""

    def __init__(self, key: str, value: Any, allowed: str) -> None:
        self.key, self.value, self.allowed = key, value, allowed
        named = key if key.replace(".", "_").isidentifier() else json.dumps(key)
        super().__init__(
            f"{_short(named)}: got {_short(json.dumps(value, default=str))}; {allowed}"
        )


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings that belong together, such as the optimizer's."""


def kind_of(group: Group) -> str | None:
    """Return the kind of a group that has several kinds, or None for other groups."""
    tag = type(group).__struct_config__.tag
    return tag if isinstance(tag, str) else None


# --- types in words -------------------------------------------------------------------------


@cache
def field_types(group: type[Group]) -> dict[str, Any]:
    """Return the types of a group's settings, by name, as msgspec describes them."""
    described = inspect.type_info(group)
    assert isinstance(described, inspect.StructType)
    return {field.name: field.type for field in described.fields}


@cache
def hints(group: type[Group]) -> dict[str, Any]:
    """Return the annotations of a group's settings, by name."""
    found = get_type_hints(group, include_extras=True)
    return {name: found[name] for name in group.__struct_fields__}


def parse(group: type[Group], key: str, value: Any) -> Any:
    """Return ``value`` converted to the type of a group's setting.

    Parameters
    ----------
    group
        The settings class of the group or of its kind.
    key
        The setting's full name, such as ``optimizer.momentum``.
    value
        Plain data, as parsed from YAML or JSON.

    Raises
    ------
    ConfigError
        If the value is not legal.
    """
    name = key.rpartition(".")[2]
    try:
        return msgspec.convert(value, hints(group)[name])
    except msgspec.ValidationError:
        raise ConfigError(key, value, f"allowed is {allowed(field_types(group)[name])}") from None


WORDS = {inspect.BoolType: "true or false", inspect.StrType: "a text", inspect.NoneType: "null"}


def allowed(kind: inspect.Type) -> str:
    """Return a type's allowed values in words, such as ``a whole number from 1 to 64``."""
    if type(kind) in WORDS:
        return WORDS[type(kind)]
    match kind:
        case inspect.Metadata(type=inner):
            return allowed(inner)
        case inspect.IntType(ge=low, le=high):
            return f"a whole number{_bounds(low, high)}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number{_bounds(low, high)}"
        case inspect.LiteralType(values=values):
            return f"one of: {', '.join(map(str, values))}"
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)} values, each {allowed(items[0])}"
        case inspect.VarTupleType(item_type=item, min_length=low, max_length=high):
            return f"a list{_bounds(low, high, of='of ')} values, each {allowed(item)}"
        case inspect.UnionType(types=types):
            return " or ".join(map(allowed, types))
    return f"a value of the type {type(kind).__name__.removesuffix('Type').lower()}"


def _bounds(low: float | None, high: float | None, of: str = "") -> str:
    """Return the bounds of a number, or ``of`` how many there may be, in words."""
    said = f" {of or 'from '}{_number(low)}" if low is not None else ""
    upto = " to " if said else f" {of}up to "
    return said + (f"{upto}{_number(high)}" if high is not None else "")


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def nearest(word: str, words: Any) -> str:
    """Return ``; did you mean ...?`` with the legal word closest to ``word``, or an empty text."""
    close = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {close[0]}?" if close else ""
