"""Accuracy against parameters and against FLOPs, with the Pareto front of each."""

from __future__ import annotations

import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from report.draw.drawing import INK, PALETTE, Drawing, beside, label, nothing
from report.read.arms import name_of
from report.read.tables import Tables
from report.wording import plural, seeds

SECTION = "pareto"
PER = "study"


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw accuracy against parameters and against FLOPs, with the Pareto front of each."""
    runs = tables.runs.groupby("run", sort=False)
    data = runs[["final_test_accuracy", "parameters", "flops_per_image"]].mean().reset_index()
    data["final_test_accuracy"] *= 100
    data = data.dropna(subset="final_test_accuracy").reset_index(drop=True)
    if data.empty:
        return nothing(narrow, "0 runs ended with an accuracy.")
    fronts = {
        cost: pareto_front(data[cost].to_numpy(), data["final_test_accuracy"].to_numpy())
        for cost in COSTS
    }
    names = 0.13 * max(map(len, fronts.values()))
    figure, panels = beside(narrow, (2.0 if narrow else 3.2) + names)
    for axes, (cost, front) in zip(panels, fronts.items(), strict=True):
        _panel(axes, tables, data, cost, front, narrow)
        data[f"on_front_of_{cost}"] = data.index.isin(front)
    limit = tables.published.facts.get("constraint")
    if limit:
        panels[0].axvline(limit["parameters_below"], color=INK, linestyle=":", linewidth=1)
    dotted = " (dotted: the paper's limit)" if limit else ""
    named = "; ".join(name_of(tables.study, run) for run in data.loc[fronts["parameters"], "run"])
    alt = (
        f"Final test accuracy of {plural(len(data), 'configuration')} against parameters and "
        f"FLOPs. By parameters the Pareto front is {named}."
    )
    caption = (
        f"Mean final test accuracy of every configuration against its parameters{dotted} "
        f"and FLOPs ({seeds(runs.size())}; no intervals here, they stand in the tables). "
        "Diamonds are the Pareto front, numbered by cost and named beneath: no other "
        "configuration is as cheap and more accurate. They differ in training, too, not in cost "
        "alone."
    )
    return Drawing(figure, alt, caption, data)


COSTS = {"parameters": "parameters", "flops_per_image": "FLOPs of one image forward"}
"""The columns of the panels' costs, with their names."""


def _panel(
    axes: Axes, tables: Tables, data: pd.DataFrame, cost: str, front: list[int], narrow: bool
) -> None:
    """Draw accuracy against a cost, with the front's points numbered and named beneath."""
    best, size = data.iloc[front], 12 if narrow else 24
    axes.scatter(data[cost], data["final_test_accuracy"], size, PALETTE[5], alpha=0.8)
    axes.step(best[cost], best["final_test_accuracy"], color=PALETTE[1], where="post")
    axes.scatter(best[cost], best["final_test_accuracy"], size, PALETTE[1], marker="D", zorder=3)
    axes.set_xscale("log")
    axes.margins(0.2, 0.15)
    _number(axes, best, cost, narrow)
    names = [name_of(tables.study, run) for run in best["run"]]
    key = [f"{number}: {label(name, 60)}" for number, name in enumerate(names, 1)]
    axes.set_xlabel("\n".join([COSTS[cost], *key]))
    axes.set_ylabel("final test accuracy (%)")
    several = data[cost].max() > 30 * data[cost].min()
    axes.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1,) if several else (1, 2, 5)))
    axes.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    axes.grid(alpha=0.3)


def _number(axes: Axes, best: pd.DataFrame, cost: str, narrow: bool) -> None:
    """Write numbers at the points of the front, whose names have no room beside them."""
    for number, row in enumerate(best.to_dict("records"), 1):
        axes.annotate(
            str(number),
            (row[cost], row["final_test_accuracy"]),
            (-4, 3),
            textcoords="offset points",
            ha="right",
            fontsize=6.5 if narrow else 8,
        )


def pareto_front(cost: np.ndarray[Any, Any], value: np.ndarray[Any, Any]) -> list[int]:
    """Return the indices of the points on the Pareto front of low cost and high value.

    Indices are in the order of cost. Of equal points, only the first is included.
    """
    front: list[int] = []
    best = -math.inf
    for place in np.lexsort((np.arange(len(cost)), -value, cost)):
        if value[place] > best:
            front.append(int(place))
            best = value[place]
    return front
