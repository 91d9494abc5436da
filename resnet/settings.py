"""Kinds of legal values, each with the words that tell a person what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Allowed:
    """The legal values of a setting: ``parse`` returns the value or None where it is not legal."""

    text: str
    parse: Callable[[Any], Any]


def _whole(value: Any, low: int, high: int) -> int | None:
    ok = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    return value if ok else None


def integer(low: int, high: int) -> Allowed:
    """Allow whole numbers from ``low`` to ``high``."""
    return Allowed(
        f"allowed is a whole number from {low:,} to {high:,}", lambda v: _whole(v, low, high)
    )


def odd(low: int, high: int) -> Allowed:
    """Allow odd whole numbers: an even kernel has no centre, so the sizes would drift."""

    def parse(value: Any) -> int | None:
        number = _whole(value, low, high)
        return number if number is not None and number % 2 else None

    return Allowed(f"allowed is an odd whole number from {low} to {high}", parse)


def real(low: float, high: float) -> Allowed:
    """Allow finite numbers from ``low`` to ``high``."""

    def parse(value: Any) -> float | None:
        ok = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(value) if ok and low <= value <= high else None

    return Allowed(f"allowed is a number from {low:g} to {high:g}", parse)


def flag() -> Allowed:
    """Allow true and false."""
    return Allowed("allowed is true or false", lambda v: v if isinstance(v, bool) else None)


def choice(*options: str) -> Allowed:
    """Allow one of the names in ``options``."""
    return Allowed(
        f"allowed is one of: {', '.join(options)}",
        lambda v: v if isinstance(v, str) and v in options else None,
    )


def listing(length: int, item: Allowed) -> Allowed:
    """Allow a list of exactly ``length`` values, each allowed by ``item``."""

    def parse(value: Any) -> tuple[Any, ...] | None:
        if not isinstance(value, (list, tuple)) or len(value) != length:
            return None
        items = tuple(item.parse(v) for v in value)
        return None if None in items else items

    each = item.text.removeprefix("allowed is ")
    return Allowed(f"allowed is a list of {length} values, each {each}", parse)


def copies(transforms: tuple[str, ...]) -> Allowed:
    """Allow a list of copies, each a list of transforms by name."""

    def parse(value: Any) -> tuple[tuple[str, ...], ...] | None:
        if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= 16:
            return None
        for copy in value:
            if not isinstance(copy, (list, tuple)) or len(copy) > 8:
                return None
            if any(not isinstance(name, str) or name not in transforms for name in copy):
                return None
        return tuple(tuple(copy) for copy in value)

    text = (
        "allowed is a list of 1 to 16 copies, each a list of transforms out of: "
        f"{', '.join(transforms)}"
    )
    return Allowed(text, parse)


def optional(allowed: Allowed) -> Allowed:
    """Allow null beside what ``allowed`` does; null is kept as ``UNSET`` while parsing."""
    return Allowed(allowed.text + ", or null", lambda v: UNSET if v is None else allowed.parse(v))


UNSET = object()
"""A null that was allowed, while parsing."""


def setting(default: Any, allowed: Allowed) -> Any:
    """Declare a dataclass field with its legal values."""
    return field(default=default, metadata={"allowed": allowed})
