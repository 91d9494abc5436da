"""Figures over all ablations: effects, cost, and what choosing the epoch buys."""

from __future__ import annotations

import math
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes

from report import statistics
from report.drawing import (
    INK,
    MARKERS,
    PALETTE,
    Drawing,
    beside,
    colour,
    interval_line,
    label,
    nothing,
    sheet,
)
from report.statistics import t_interval
from report.tables import Tables
from report.wording import interval, percent, plural, seeds, signed

MOST_ROWS = 80
"""Arms in the forest plot on paper, where a column has one height."""


def draw_effects(tables: Tables, narrow: bool) -> Drawing:
    """Draw every arm's effect against its reference, with its interval."""
    table = tables.comparisons.dropna(subset="difference_points").reset_index(drop=True)
    if table.empty:
        return nothing(narrow, "No arm to compare.")
    shown = table
    if narrow and len(table) > MOST_ROWS:
        largest = table["difference_points"].abs().nlargest(MOST_ROWS).index
        shown = table.loc[sorted(largest)].reset_index(drop=True)
    row_height = min(0.14, 8.6 / len(shown)) if narrow else 0.24
    figure, axes = sheet(narrow, 0.7 + row_height * len(shown))
    # An interval from two seeds can be fifty times as wide as any effect.
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
        f"points. The 95% intervals of {len(clear)} leave out zero."
    )
    caption = (
        "Every arm's effect on final test accuracy against its reference: mean of paired "
        f"differences and 95% paired-t interval over seeds ({seeds(table['n'])}). Hollow marks "
        "come from one seed and have no interval; an arrowhead is an interval that goes on."
    )
    if len(shown) < len(table):
        caption += f" The {len(shown)} largest of {len(table)}; the page shows all."
    columns = ["ablation", "arm", "reference", "n", "difference_points", "low_points"]
    return Drawing(figure, alt, caption, table[[*columns, "high_points"]])


def _effect_row(axes: Axes, y: int, row: Any, number: int, limit: float, narrow: bool) -> None:
    ink, size = colour(number), 3 if narrow else 6
    interval_line(axes, y, (row.low_points, row.high_points), (-limit, limit), ink, narrow)
    mark, filled = MARKERS[number % len(MARKERS)], ink if row.n > 1 else "none"
    axes.plot(row.difference_points, y, mark, color=ink, markerfacecolor=filled, markersize=size)


# --- cost and selection ---------------------------------------------------------------------


def draw_pareto(tables: Tables, narrow: bool) -> Drawing:
    """Draw accuracy against parameters and against FLOPs, with the Pareto front of each."""
    runs = tables.runs.groupby("run", sort=False)
    data = runs[["final_test_accuracy", "parameters", "flops_per_image"]].mean().reset_index()
    data["final_test_accuracy"] *= 100
    data = data.dropna(subset="final_test_accuracy").reset_index(drop=True)
    if data.empty:
        return nothing(narrow, "0 runs ended with an accuracy.")
    figure, panels = beside(narrow, 2.2 if narrow else 3.4)
    fronts = []
    for axes, cost, named in (
        (panels[0], "parameters", "parameters"),
        (panels[1], "flops_per_image", "FLOPs of one image forward"),
    ):
        front = pareto_front(data[cost].to_numpy(), data["final_test_accuracy"].to_numpy())
        best = data.iloc[front]
        size = 12 if narrow else 24
        axes.scatter(
            data[cost], data["final_test_accuracy"], size, PALETTE[5], marker="o", alpha=0.8
        )
        axes.step(best[cost], best["final_test_accuracy"], color=PALETTE[1], where="post")
        axes.scatter(
            best[cost], best["final_test_accuracy"], size, PALETTE[1], marker="D", zorder=3
        )
        axes.set_xscale("log")
        axes.set(xlabel=named, ylabel="final test accuracy (%)")
        axes.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
        axes.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
        axes.grid(alpha=0.3)
        data[f"on_front_of_{cost}"] = data.index.isin(front)
        fronts.append(best["run"].tolist())
    limit = tables.published.facts["constraint"]["parameters_below"]
    panels[0].axvline(limit, color=INK, linestyle=":", linewidth=1)
    names = ", ".join(fronts[0])
    alt = (
        f"Final test accuracy of {plural(len(data), 'run')} against parameters and FLOPs. By "
        f"parameters the Pareto front is {names}."
    )
    caption = (
        "Mean final test accuracy of every run against its parameters (dotted: the paper's limit) "
        f"and FLOPs ({seeds(runs.size())}; no intervals here, they stand in the tables). "
        "Diamonds are the Pareto front: no other run is as cheap and more accurate. Runs differ in "
        "training too, not only in cost."
    )
    return Drawing(figure, alt, caption, data)


def pareto_front(cost: np.ndarray[Any, Any], value: np.ndarray[Any, Any]) -> list[int]:
    """Return the places of points that no other beats in both: lower cost, higher value.

    In the order of cost; of equal points the first.
    """
    front: list[int] = []
    best = -math.inf
    for place in np.lexsort((np.arange(len(cost)), -value, cost)):
        if value[place] > best:
            front.append(int(place))
            best = value[place]
    return front


def draw_optimism(tables: Tables, narrow: bool) -> Drawing:
    """Draw how far the best epoch on the test set lies above the last, over all runs."""
    data = statistics.optimism(tables.epochs)
    gained = data["optimism_points"].dropna()
    if gained.empty:
        return nothing(narrow, "0 runs ended with an accuracy.")
    figure, axes = sheet(narrow, 1.7 if narrow else 2.4)
    bins = min(30, max(5, len(gained) // 4))
    sns.histplot(x=gained, bins=bins, ax=axes, color=PALETTE[0], edgecolor="none")
    axes.axvline(gained.mean(), color=PALETTE[1], linestyle="--")
    axes.set_xlabel("best epoch on the test set minus last epoch (points)")
    axes.set_ylabel("runs")
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    above = float((gained > 0).mean())
    alt = (
        f"Choosing the epoch on the test set gains {signed(gained.mean())} points on average over "
        f"{plural(len(gained), 'run')}, and anything at all in {percent(above, 0)} of them."
    )
    mean = t_interval(gained.to_numpy())
    several = f"95% t interval {interval(*mean)} over runs" if len(gained) > 1 else "no interval"
    caption = (
        "How far the best epoch on the test set lies above the last (n = "
        f"{plural(len(gained), 'run')}): the dashed line is the mean, {several}."
    )
    return Drawing(figure, alt, caption, data)
