"""The effect of every arm on final test accuracy, grouped by ablation, with its interval."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from report.draw.drawing import (
    INK,
    PALETTE,
    Drawing,
    band,
    interval_line,
    label,
    levels,
    note,
    nothing,
    sheet,
)
from report.judge.comparisons import repeated
from report.judge.statistics.effects import MARGIN
from report.read.arms import label_of
from report.read.tables import Tables
from report.wording import DASH, interval, plural, seeds, signed

SECTION = "effects"
PER = "study"

MOST_ROWS = 60
"""Maximum number of arms in the plot for a phone, where the height is limited."""

PAGE, MOST_PACKED = 9.0, 70
"""Height of the rows that fit on a page of the PDF, in inches, and how many these can be."""


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw every arm's effect relative to its reference; a grid's cells share a row.

    The difference of a single pair is no estimate of an effect, and is left out.
    """
    every = _named(tables)
    table = every[every["n"] > 1].reset_index(drop=True)
    if table.empty:
        return nothing(narrow, "No arm has two pairs of runs, the fewest that give an interval.")
    shown = table
    if narrow and len(table) > MOST_ROWS:
        largest = table["difference_points"].abs().nlargest(MOST_ROWS).index
        shown = table.loc[sorted(largest)]
    rows = _rows(tables, shown)
    # As many rows as fit on a page of the PDF keep to it, with letters of their full size.
    packed = min(0.185, PAGE / len(rows)) if len(rows) <= MOST_PACKED else 0.185
    row_height = 0.24 if narrow else packed
    figure, axes = sheet(narrow, 0.7 + row_height * len(rows))
    # Scale the axis by the effects: an interval from two seeds can be fifty times as wide.
    limit = 1.35 * max(1.0, float(shown["difference_points"].abs().max()))
    band(axes.axvspan, -MARGIN, MARGIN)
    for y, (_, row) in enumerate(rows):
        _row(axes, y, row, limit, narrow)
    names = [label(name, 25, lines=2) if narrow else label(name, 52) for name, _ in rows]
    axes.set_yticks(range(len(rows)), names)
    for tick, (_, row) in zip(axes.get_yticklabels(), rows, strict=True):
        tick.set_fontweight("bold" if row is None else "normal")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-limit, limit)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("effect on final test accuracy (points)")
    alt, caption = _said(table, shown, len(every) - len(table))
    columns = ["ablation", "arm", "reference", "n", "difference_points", "low_points"]
    return Drawing(figure, alt, caption, table[[*columns, "high_points"]])


def _said(table: pd.DataFrame, shown: pd.DataFrame, single: int) -> tuple[str, str]:
    """Return the alternative text and the caption; ``single`` arms have one pair of runs."""
    # How long a run is says nothing of what it trains.
    alike = table if table["length"].all() else table[~table["length"]]
    largest = alike.loc[alike["difference_points"].abs().idxmax()]
    clear = table[(table["low_points"] > 0) | (table["high_points"] < 0)]
    alt = (
        f"Effects of {plural(len(table), 'arm')} on final test accuracy. The largest is "
        f"{largest['label']}: {signed(largest['difference_points'])} points. The intervals of "
        f"{len(clear)} leave out zero."
    )
    caption = (
        "Every arm's effect on final test accuracy against its reference, largest first within an "
        "ablation, a ladder in its order: the mean of paired differences and its "
        f"{levels(table['level'])} paired-t interval over seeds ({seeds(table['n'])}). Blue marks: "
        "the interval leaves out zero (not adjusted for the number of effects). Shaded: half a "
        "point, below which a difference counts as negligible. An arrowhead is an interval beyond "
        "the axis."
    )
    again = int(repeated(table).sum())
    if again:
        caption += f" {plural(again, 'arm')} {'repeats' if again == 1 else 'repeat'} a comparison "
        caption += "of another ablation, or its reverse."
    if single:
        caption += f" {plural(single, 'arm')} with one pair of runs, and so no interval, left out."
    if len(shown) < len(table):
        caption += f" The {len(shown)} largest of {len(table)}; the page shows all."
    return alt, caption


def _named(tables: Tables) -> pd.DataFrame:
    """Return the effects with the arms' labels, the largest of each ablation first."""
    table = tables.comparisons.dropna(subset="difference_points").copy()
    labels = {
        (name, arm["name"]): label_of(arm)
        for name, ablation in tables.study["ablations"].items()
        for arm in ablation["arms"]
    }
    lengths = {
        (name, arm["name"])
        for name, ablation in tables.study["ablations"].items()
        for arm in ablation["arms"]
        if any(key.startswith("budget.") for key in arm["changes"])
    }
    table["length"] = [key in lengths for key in zip(table["ablation"], table["arm"], strict=True)]
    table["label"] = [labels[key] for key in zip(table["ablation"], table["arm"], strict=True)]
    order = {name: number for number, name in enumerate(tables.study["ablations"])}
    keys = pd.DataFrame(
        {"of": table["ablation"].map(order), "size": -table["difference_points"].abs()}
    )
    ladders = table["ablation"].map(lambda a: tables.study["ablations"][a]["design"] == "ladder")
    keys.loc[ladders, "size"] = 0.0
    return table.loc[keys.sort_values(["of", "size"], kind="stable").index].reset_index(drop=True)


def _rows(tables: Tables, shown: pd.DataFrame) -> list[tuple[str, Any]]:
    """Return the rows of the plot: an ablation's title, then its arms; of a grid, all in one."""
    rows: list[tuple[str, Any]] = []
    for name, mine in shown.groupby("ablation", sort=False):
        ablation = tables.study["ablations"][name]
        if ablation["design"] == "grid":
            rows.append((f"{ablation['title']}: {plural(len(mine), 'cell')}", mine))
            continue
        rows.append((str(ablation["title"]), None))
        rows += [(str(row["label"]), row) for row in mine.to_dict("records")]
    return rows


def _row(axes: Axes, y: int, row: Any, limit: float, narrow: bool) -> None:
    if row is None:
        return
    if isinstance(row, pd.DataFrame):
        size = 4 if narrow else 8
        axes.plot(row["difference_points"], [y] * len(row), "|", color=PALETTE[5], markersize=size)
        return
    ends, size = (row["low_points"], row["high_points"]), 3 if narrow else 6
    ink = PALETTE[0] if ends[0] > 0 or ends[1] < 0 else PALETTE[5]
    interval_line(axes, y, ends, (-limit, limit), ink, narrow)
    axes.plot(row["difference_points"], y, "o", color=ink, markersize=size)
    bounds = interval(*ends)
    # A phone has no room for the interval's ends, which the tables have.
    ends_said = "" if bounds == DASH or narrow else f"  ({bounds})"
    said = signed(row["difference_points"], 1 if narrow else 2) + ends_said
    note(axes, y, said, narrow)
