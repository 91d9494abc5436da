"""The effect of every arm on final test accuracy, paired by seed, with 95% paired-t intervals."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from report.draw.drawing import INK, MARKERS, Drawing, colour, interval_line, label, nothing, sheet
from report.read.tables import Tables
from report.wording import plural, seeds, signed

SECTION = "effects"
PER = "study"

MOST_ROWS = 80
"""Maximum number of arms in the forest plot on paper, where the height is limited."""


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw every arm's effect relative to its reference, with its interval."""
    table = tables.comparisons.dropna(subset="difference_points").reset_index(drop=True)
    if table.empty:
        return nothing(narrow, "No arm to compare.")
    shown = table
    if narrow and len(table) > MOST_ROWS:
        largest = table["difference_points"].abs().nlargest(MOST_ROWS).index
        shown = table.loc[sorted(largest)].reset_index(drop=True)
    row_height = min(0.14, 8.6 / len(shown)) if narrow else 0.24
    figure, axes = sheet(narrow, 0.7 + row_height * len(shown))
    # Scale the axis by the effects: an interval from two seeds can be fifty times as wide.
    limit = 1.35 * max(1.0, float(shown["difference_points"].abs().max()))
    names = list(dict.fromkeys(shown["ablation"]))
    for y, row in enumerate(shown.itertuples()):
        _effect_row(axes, y, row, names.index(row.ablation), limit, narrow)
    labels = [label(f"{r.ablation}: {r.arm}", 34 if narrow else 48) for r in shown.itertuples()]
    axes.set_yticks(range(len(shown)), labels, fontsize=4.8 if narrow else 8)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(-limit, limit)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("effect on final test accuracy (points)")
    largest = table.loc[table["difference_points"].abs().idxmax()]
    clear = table[(table["low_points"] > 0) | (table["high_points"] < 0)]
    alt = (
        f"Effects of {plural(len(table), 'arm')} on final test accuracy. The largest is "
        f"{largest['arm']} of {largest['ablation']}: {signed(largest['difference_points'])} "
        f"points. The intervals of {len(clear)} leave out zero."
    )
    caption = (
        "Every arm's effect on final test accuracy against its reference: mean of paired "
        f"differences and {_levels(table)} paired-t interval over seeds "
        f"({seeds(table['n'])}). Hollow marks "
        "come from one seed and have no interval; an arrowhead is an interval that goes on."
    )
    if len(shown) < len(table):
        caption += f" The {len(shown)} largest of {len(table)}; the page shows all."
    columns = ["ablation", "arm", "reference", "n", "difference_points", "low_points"]
    return Drawing(figure, alt, caption, table[[*columns, "high_points"]])


def _levels(table: pd.DataFrame) -> str:
    """Return the intervals' confidence in words, such as ``95%`` or ``95% to 98.75%``."""
    low, high = (f"{end * 100:.4g}%" for end in (table["level"].min(), table["level"].max()))
    return low if low == high else f"{low} to {high}"


def _effect_row(axes: Axes, y: int, row: Any, number: int, limit: float, narrow: bool) -> None:
    ink, size = colour(number), 3 if narrow else 6
    interval_line(axes, y, (row.low_points, row.high_points), (-limit, limit), ink, narrow)
    mark, filled = MARKERS[number % len(MARKERS)], ink if row.n > 1 else "none"
    axes.plot(row.difference_points, y, mark, color=ink, markerfacecolor=filled, markersize=size)
