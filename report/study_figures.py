"""The study's own figures: effects, curves, grids, cost, and what choosing the epoch buys."""

from __future__ import annotations

import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from report import statistics
from report.drawing import (
    DASHES,
    INK,
    MARKERS,
    PALETTE,
    Drawing,
    beside,
    colour,
    nothing,
    sheet,
    thin,
)
from report.statistics import accuracies, t_interval
from report.tables import Tables, setting_of
from report.wording import interval, percent, shortened, signed, written

MOST_POINTS = 24
"""Epochs of a curve that a figure draws; the explorer holds more."""

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
    labels = [shortened(f"{r.ablation}: {r.arm}", 34 if narrow else 48) for r in shown.itertuples()]
    axes.set_yticks(range(len(shown)), labels, fontsize=4.8 if narrow else 8)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(-limit, limit)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("effect on final test accuracy (points)")
    largest = table.loc[table["difference_points"].abs().idxmax()]
    clear = table[(table["low_points"] > 0) | (table["high_points"] < 0)]
    alt = (
        f"Effects of {len(table)} arms on final test accuracy. The largest is {largest['arm']} of "
        f"{largest['ablation']}: {signed(largest['difference_points'])} points. The 95% intervals "
        f"of {len(clear)} leave out zero."
    )
    caption = (
        "Every arm's effect on final test accuracy against its reference: mean of paired "
        f"differences and 95% paired-t interval over seeds (n = {_n(table['n'])}). Hollow marks "
        "come from one seed and have no interval; an arrowhead is an interval that goes on."
    )
    if len(shown) < len(table):
        caption += f" The {len(shown)} largest of {len(table)}; the page shows all."
    columns = ["ablation", "arm", "reference", "n", "difference_points", "low_points"]
    return Drawing(figure, alt, caption, table[[*columns, "high_points"]])


def _n(counts: pd.Series) -> str:
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"


def _effect_row(axes: Axes, y: int, row: Any, number: int, limit: float, narrow: bool) -> None:
    ink, size = colour(number), 3 if narrow else 6
    if not math.isnan(row.low_points):
        low, high = max(row.low_points, -limit), min(row.high_points, limit)
        axes.plot([low, high], [y, y], color=ink, linewidth=1 if narrow else 2)
        for end, beyond, mark in (
            (low, row.low_points < -limit, "<"),
            (high, row.high_points > limit, ">"),
        ):
            if beyond:
                axes.plot(end, y, mark, color=ink, markersize=size - 1, clip_on=False)
    mark, filled = MARKERS[number % len(MARKERS)], ink if row.n > 1 else "none"
    axes.plot(row.difference_points, y, mark, color=ink, markerfacecolor=filled, markersize=size)


# --- one ablation ---------------------------------------------------------------------------


def draw_ablation(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw an ablation's final accuracies, every seed, and its learning curves."""
    ablation = tables.study["ablations"][name]
    arms, seeds = ablation["arms"], ablation["seeds"]
    row = 0.19 if narrow else 0.28
    figure, (left, right) = beside(narrow, max(1.5 if narrow else 2.6, 0.9 + row * len(arms)), 1.15)
    size, said, rows = (3 if narrow else 6), [], []
    for y, arm in enumerate(arms):
        ink, mark = colour(y), MARKERS[y % len(MARKERS)]
        values = accuracies(tables.runs, arm["run"], seeds)
        if len(values) > 1:
            left.plot(t_interval(values.to_numpy()), [y, y], color=ink, linewidth=2, alpha=0.5)
            left.plot(values.mean(), y, "|", color=ink, markersize=2 * size)
        left.plot(values, [y] * len(values), mark, color=ink, markersize=size, alpha=0.9)
        said.append(f"{arm['name']} " + (f"{values.mean():.1f}%" if len(values) else "not run"))
        rows += [(arm["name"], arm["run"], seed, value) for seed, value in values.items()]
        _curves(right, tables.epochs, arm, seeds, y, narrow)
    left.set_yticks(range(len(arms)), [shortened(arm["name"], 26) for arm in arms])
    left.set_ylim(len(arms) - 0.5, -0.5)
    _percent_limits(left, [value for *_, value in rows])
    left.set_xlabel("final test accuracy (%)")
    left.grid(axis="x", alpha=0.3)
    right.set_xlabel("training images seen")
    right.set_ylabel("test accuracy (%)")
    right.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    right.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
    right.grid(alpha=0.3)
    if right.lines and len(arms) <= 6:
        right.legend(fontsize=5 if narrow else 8)
    elif right.lines:
        names = right.get_legend_handles_labels()
        figure.legend(*names, loc="outside lower center", ncols=2 if narrow else 3)
    place = "Above" if narrow else "Left"
    caption = (
        f"{place}: final test accuracy, every seed, with the mean and its 95% t interval over "
        f"seeds (n = {seeds}{'' if seeds > 1 else ', so no interval'}). "
        f"{'Below' if narrow else 'Right'}: test accuracy by training images seen, every seed."
    )
    data = pd.DataFrame(rows, columns=["arm", "run", "seed", "final_test_accuracy_percent"])
    return Drawing(figure, f"{_best(ablation, data)}: {', '.join(said)}.", caption, data)


def _best(ablation: dict[str, Any], data: pd.DataFrame) -> str:
    """Return the start of the alt text: what the figure is of, and its main finding."""
    if data.empty:
        return f"{ablation['title']}, nothing run"
    means = data.groupby("arm", sort=False)["final_test_accuracy_percent"].mean()
    return f"{ablation['title']}, highest for {means.idxmax()}; mean final test accuracy"


def _percent_limits(axes: Axes, values: list[float]) -> None:
    """Keep the points in view: a t interval from two seeds may be far wider than they are apart."""
    if not values:
        return
    low, high = min(values), max(values)
    room = max(1.0, 0.75 * (high - low))
    axes.set_xlim(max(-2.0, low - room), min(102.0, high + room))


def _curves(
    axes: Axes, epochs: pd.DataFrame, arm: dict[str, Any], seeds: int, number: int, narrow: bool
) -> None:
    mine = epochs[(epochs["run"] == arm["run"]) & (epochs["seed"] < seeds)]
    for seed, whole in mine.groupby("seed"):
        curve = thin(whole, MOST_POINTS)
        axes.plot(
            curve["images_seen"],
            curve["test_accuracy"] * 100,
            DASHES[number % len(DASHES)],
            color=colour(number),
            linewidth=0.8 if narrow else 1.3,
            marker="o" if len(curve) < 3 else "",
            markersize=3,
            label=shortened(arm["name"], 24) if seed == mine["seed"].min() else "",
        )


# --- grids ----------------------------------------------------------------------------------


def draw_grid(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw a grid of settings as a heatmap of mean accuracy, on held-out images where there are."""
    ablation = tables.study["ablations"][name]
    keys = list(dict.fromkeys(key for arm in ablation["arms"] for key in arm["changes"]))
    last = tables.epochs.groupby(["run", "seed"], sort=False).tail(1)
    column = "test_accuracy"
    if last.get("held_out_accuracy", pd.Series(dtype=float)).notna().any():
        column = "held_out_accuracy"
    means = last.groupby("run")[column].mean() * 100
    rows = []
    for arm in ablation["arms"]:
        config = tables.study["runs"][arm["run"]]["config"]
        values = [written(arm["changes"].get(key, setting_of(config, key))) for key in keys]
        rows.append((arm["name"], *values, means.get(arm["run"], float("nan"))))
    data = pd.DataFrame(rows, columns=["cell", *keys, f"{column}_percent"])
    if data.iloc[:, -1].notna().sum() == 0:
        return nothing(narrow, f"{ablation['title']}: no cell is finished.")
    first, others = keys[0], keys[1:]
    across = data[others].apply("\n".join, axis=1)
    cells = data.assign(across=across).pivot_table(
        index=first, columns="across", values=data.columns[-1], sort=False
    )
    figure, axes = sheet(narrow, 0.9 + (0.28 if narrow else 0.42) * len(cells))
    sns.heatmap(
        cells,
        ax=axes,
        annot=True,
        fmt=".1f",
        cmap="cividis",
        cbar_kws={"label": f"{column.replace('_', ' ')} (%)"},
    )
    axes.set(xlabel=", then ".join(map(_word, others)), ylabel=_word(first))
    axes.tick_params(axis="x", rotation=0)
    axes.tick_params(axis="y", rotation=0)
    best = data.loc[data.iloc[:, -1].idxmax()]
    alt = (
        f"{ablation['title']}: {column.replace('_', ' ')} of {len(data)} combinations, from "
        f"{data.iloc[:, -1].min():.1f}% to {best.iloc[-1]:.1f}%, the highest for "
        f"{', '.join(f'{_word(key)} {best[key]}' for key in keys)}."
    )
    seeds = ablation["seeds"]
    caption = (
        f"Mean {column.replace('_', ' ')} after the last epoch of every combination (n = {seeds} "
        f"{'seed' if seeds == 1 else 'seeds'} each; intervals stand in the table)."
    )
    return Drawing(figure, alt, caption, data)


def _word(key: str) -> str:
    return key.rpartition(".")[2].replace("_", " ")


# --- cost and selection ---------------------------------------------------------------------


def draw_pareto(tables: Tables, narrow: bool) -> Drawing:
    """Draw accuracy against parameters and against FLOPs, with the Pareto front of each."""
    runs = tables.runs.groupby("run", sort=False)
    data = runs[["final_test_accuracy", "parameters", "flops_per_image"]].mean().reset_index()
    data["final_test_accuracy"] *= 100
    figure, panels = beside(narrow, 2.2 if narrow else 3.4)
    fronts = []
    for axes, cost, label in (
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
        axes.set(xlabel=label, ylabel="final test accuracy (%)")
        axes.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
        axes.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
        axes.grid(alpha=0.3)
        data[f"on_front_of_{cost}"] = data.index.isin(front)
        fronts.append(best["run"].tolist())
    limit = tables.published.facts["constraint"]["parameters_below"]
    panels[0].axvline(limit, color=INK, linestyle=":", linewidth=1)
    names = ", ".join(fronts[0])
    alt = (
        f"Final test accuracy of {len(data)} models against parameters and FLOPs. By parameters "
        f"the Pareto front is {names}."
    )
    caption = (
        "Mean final test accuracy of every run against its parameters (dotted: the paper's limit) "
        f"and FLOPs (n = {_n(runs.size())} seeds; no intervals here, they stand in the tables). "
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
        f"{len(gained)} runs, and anything at all in {percent(above, 0)} of them."
    )
    caption = (
        f"How far the best epoch on the test set lies above the last (n = {len(gained)} runs): the "
        "dashed line is the mean, "
        f"95% t interval {interval(*t_interval(gained.to_numpy()))} over runs."
    )
    return Drawing(figure, alt, caption, data)
