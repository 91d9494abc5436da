"""Format numbers and settings for readers; only this module rounds numbers and adds units."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MINUS, DASH, NO_BREAK = "\u2212", "\u2013", "\u00a0"


def percent(value: float, digits: int = 2) -> str:
    """Return a share in [0, 1] as a percentage: ``91.05%``."""
    return DASH if math.isnan(value) else f"{value:.{digits}%}"


def stated(value: float) -> str:
    """Return a share that a claim states as a percentage, with its own digits: ``91.25%``."""
    return f"{value * 100:.10g}%"


def count(value: float) -> str:
    """Return a whole number with thousands separators: ``4,978,730``."""
    return f"{int(value):,}"


def signed(value: float, digits: int = 2) -> str:
    """Return percentage points with a sign and a true minus, such as ``+0.53``."""
    if math.isnan(value):
        return DASH
    rounded = round(value, digits)
    # What is rounded to zero has no sign that it could have had otherwise.
    return f"{rounded:+.{digits}f}".replace("-", MINUS) if rounded else f"{0:.{digits}f}"


def stated_points(value: float) -> str:
    """Return percentage points that a claim states: ``+0.5`` with all their digits, or ``0``."""
    return f"{value:+.10g}".replace("-", MINUS) if value else "0"


def points(value: float) -> str:
    """Return percentage points without a sign, such as ``0.53``, or a dash for NaN."""
    return DASH if math.isnan(value) else f"{value:.2f}"


def interval(low: float, high: float) -> str:
    """Return an interval as ``+0.10 to +0.96``, or a dash for NaN."""
    return DASH if math.isnan(low) else f"{signed(low)} to {signed(high)}"


def duration(seconds: float) -> str:
    """Return a duration in seconds, minutes or hours; 0 is that of runs whose time isn't known."""
    if not seconds:
        return "unknown time"
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def giga(flops: float) -> str:
    """Return FLOPs in units of 10^9: ``0.815``."""
    return f"{flops / 1e9:.3f}"


def setting(key: str, value: Any, titles: Mapping[str, str] | None = None) -> str:
    """Return a changed setting in words, such as ``maxpool after the stem: true``.

    ``titles`` has the settings' titles by dotted key; without one the key itself is written out.
    """
    words = "copies" if key == "augmentation.copies" else key.replace("_", " ").replace(".", " ")
    return f"{(titles or {}).get(key, words)}: {written(value)}"


def written(value: Any) -> str:
    """Return a setting's value in readable form; copies are shown as lists of transforms."""
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return " | ".join(", ".join(copy) if copy else "as is" for copy in value)
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value)


def shortened(name: str, length: int = 32) -> str:
    """Return a name cut to ``length`` characters, to limit the size of labels."""
    return name if len(name) <= length else name[: length - 1] + "\u2026"


def changes(mapping: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> str:
    """Return all changes on one line."""
    return "; ".join(setting(key, value, titles) for key, value in mapping.items())


def seeds(counts: Any) -> str:
    """Return the arms' number of seeds, such as ``n = 2 seeds`` or ``n = 1 to 2 seeds``."""
    return f"n = {number_of_seeds(counts)}"


def number_of_seeds(counts: Any) -> str:
    """Return ``2 seeds`` or ``1 to 2 seeds``, from the numbers of seeds of all arms."""
    low, high = int(min(counts, default=0)), int(max(counts, default=0))
    number = str(low) if low == high else f"{low} to {high}"
    return f"{number} {'seed' if high == 1 else 'seeds'}"


def seeds_named(numbers: Sequence[int]) -> str:
    """Return ``seed 3`` or ``seeds 3 and 4``."""
    return f"{'seed' if len(numbers) == 1 else 'seeds'} {listed(numbers)}"


def listed(items: Iterable[Any]) -> str:
    """Return ``1``, ``1 and 2`` or ``1, 2 and 3``."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last


def p_value(p: float) -> str:
    """Return ``p = 0.012``, or ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return ``1 run`` or ``2 runs``; ``many`` is the plural if it isn't formed with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def counted(words: Iterable[str]) -> str:
    """Return how often each word occurs, as ``2 supported, 1 refuted``, in the order of words."""
    return ", ".join(f"{n} {word}" for word, n in Counter(words).items())
