"""A ladder of changes as a waterfall chart: the effect of each change added to those above it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from report.draw.drawing import (
    INK,
    PALETTE,
    Drawing,
    interval_line,
    label,
    levels,
    note,
    nothing,
    sheet,
)
from report.read.arms import label_of
from report.read.tables import Tables, belonging
from report.wording import listed, plural, seeds, signed

SECTION = "path"
PER = "ladder"


def draw(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw a ladder as a waterfall chart, with a step for each rung's effect."""
    ablation = tables.study["ablations"][name]
    every = _rungs(tables, name)
    rungs = every.dropna(subset="accuracy_percent").reset_index(drop=True)
    if len(rungs) < 2:
        return nothing(narrow, f"{ablation['title']}: {len(rungs)} of {len(every)} rungs finished.")
    figure, axes = sheet(narrow, 0.6 + (0.22 if narrow else 0.27) * (len(rungs) + 1))
    low, high = rungs["accuracy_percent"].min(), rungs["accuracy_percent"].max()
    room = 0.1 * (high - low) + 1
    limits = (low - room, high + room)
    for row in rungs.itertuples():
        _step(axes, row, limits, narrow)
    names = [label(rung, 28 if narrow else 40, lines=2) for rung in rungs["rung"]]
    whole = len(rungs) == len(every)
    axes.set_yticks(range(len(rungs) + whole), [*names, *(["in all"] if whole else [])])
    if whole:
        _total(axes, rungs, narrow)
    axes.set_ylim(len(rungs) - 0.4 + whole, -0.6)
    axes.set_xlim(*limits)
    axes.set_xlabel("final test accuracy (%)")
    axes.grid(axis="x", alpha=0.3)
    level = tables.comparisons.query("ablation == @name")["level"]
    caption = (
        f"{ablation['title']}: each bar is what a change adds to the rung above it (means over "
        f"seeds, {seeds(rungs['n'])}); lines are its {levels(level)} paired-t interval, "
        "where there is more than one seed (an arrowhead: it extends beyond the axis); a bar is "
        "pale where the interval contains zero or there is one seed. Numbers at the right: the "
        "accuracy in percent, and the step in points. "
    )
    missing = every[every["accuracy_percent"].isna()]["rung"]
    caption += (
        "In all: the last mean minus the first."
        if whole
        else f"Rungs without a run are left out: {listed(missing)}. A later dot has no bar, "
        "because the rung before it is one of these; it has the changes of all rungs before it."
    )
    return Drawing(figure, _ladder_in_words(ablation["title"], rungs), caption, rungs)


def _ladder_in_words(title: str, rungs: pd.DataFrame) -> str:
    first, last = rungs["accuracy_percent"].iloc[[0, -1]]
    steps = rungs.dropna(subset="effect_points")
    said = f"{title}: from {first:.1f}% to {last:.1f}%, {plural(len(steps), 'step')} measured."
    if len(steps):
        largest = steps.loc[steps["effect_points"].abs().idxmax()]
        said += f" The largest is {largest['rung']}: {signed(largest['effect_points'])} points."
    return said


def _step(axes: Axes, row: Any, limits: tuple[float, float], narrow: bool) -> None:
    """Draw a rung as a bar from the previous mean to its own; one without a pair is a point.

    A bar whose interval leaves out zero is darker than the others.
    """
    y, mean, step = row.Index, row.accuracy_percent, row.effect_points
    if y == 0 or pd.isna(step):
        axes.plot(mean, y, "o", color=PALETTE[0])
        note(axes, y, f"{mean:.1f}", narrow)
        return
    before = mean - step
    clear = row.low_points > 0 or row.high_points < 0
    ink = PALETTE[2 if step >= 0 else 1]
    axes.barh(y, step, 0.55, before, color=ink, alpha=1.0 if clear else 0.4, linewidth=0)
    axes.plot([before, before], [y - 1, y], color=PALETTE[5], linewidth=0.8)
    ends = (before + row.low_points, before + row.high_points)
    interval_line(axes, y, ends, limits, INK, narrow)
    note(axes, y, f"{mean:.1f}  {signed(step, 1)}", narrow)


def _total(axes: Axes, rungs: pd.DataFrame, narrow: bool) -> None:
    """Draw the bar from the first rung to the last."""
    first, last = rungs["accuracy_percent"].iloc[[0, -1]]
    y = len(rungs)
    axes.barh(y, last - first, 0.55, first, color=PALETTE[0], alpha=0.7, linewidth=0)
    note(axes, y, f"{last:.1f}  {signed(last - first, 1)}", narrow)


def _rungs(tables: Tables, name: str) -> pd.DataFrame:
    """Return each rung's mean final accuracy, number of seeds, and effect with its interval."""
    runs, ablation = belonging(tables.study, name, tables.runs), tables.study["ablations"][name]
    effects = tables.comparisons.query("ablation == @name").set_index("arm")
    rows = []
    for arm in ablation["arms"]:
        mine = runs.loc[runs["run"] == arm["run"], "final_test_accuracy"].dropna()
        effect = effects.loc[arm["name"]] if arm["name"] in effects.index else {}
        steps = [effect.get(f"{k}_points", float("nan")) for k in ("difference", "low", "high")]
        rows.append((label_of(arm), mine.mean() * 100, len(mine), *steps))
    columns = ["rung", "accuracy_percent", "n", "effect_points", "low_points", "high_points"]
    return pd.DataFrame(rows, columns=columns)
