"""Figures of one ablation: its accuracies and curves, and what its design adds to them."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from report.drawing import (
    INK,
    MARKERS,
    PALETTE,
    Drawing,
    beside,
    colour,
    dash,
    interval_line,
    label,
    nothing,
    sheet,
    thin,
)
from report.statistics import accuracies, t_interval
from report.tables import Tables, last_epochs, runs_of, setting_of
from report.wording import plural, seeds, signed, written

MOST_POINTS = 24
"""Epochs of a curve that a figure draws; the explorer holds more."""


def draw_ablation(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw an ablation's final accuracies, every seed, and its learning curves."""
    ablation = tables.study["ablations"][name]
    arms = ablation["arms"]
    finals = {
        arm["name"]: accuracies(tables.runs, arm["run"], ablation["seeds"]).dropna() for arm in arms
    }
    row = 0.19 if narrow else 0.28
    figure, (left, right) = beside(narrow, max(1.5 if narrow else 2.6, 0.9 + row * len(arms)), 1.15)
    _finals(left, finals, narrow)
    curves = tables.epochs[tables.epochs["seed"] < ablation["seeds"]]
    for y, arm in enumerate(arms):
        _curves(right, curves[curves["run"] == arm["run"]], arm["name"], y, narrow)
    right.set(xlabel="training images seen", ylabel="test accuracy (%)")
    right.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    right.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
    right.grid(alpha=0.3)
    if right.lines and len(arms) <= 6:
        right.legend(fontsize=5 if narrow else 8)
    elif right.lines:
        names = right.get_legend_handles_labels()
        figure.legend(*names, loc="outside lower center", ncols=2 if narrow else 3)
    data = pd.DataFrame(
        [
            (arm["name"], arm["run"], seed, value)
            for arm in arms
            for seed, value in finals[arm["name"]].items()
        ],
        columns=["arm", "run", "seed", "final_test_accuracy_percent"],
    )
    caption = _caption(pd.Series({key: len(values) for key, values in finals.items()}), narrow)
    return Drawing(figure, _in_words(ablation["title"], finals), caption, data)


def _caption(counts: pd.Series, narrow: bool) -> str:
    first, second = ("Above", "Below") if narrow else ("Left", "Right")
    several = (
        "the mean and its 95% t interval over seeds (an arrowhead is an interval that goes on)"
        if counts.max() > 1
        else "no interval"
    )
    return (
        f"{first}: final test accuracy, every seed ({seeds(counts)}), with {several}. {second}: "
        "test accuracy by training images seen, every seed."
    )


def _in_words(title: str, finals: dict[str, pd.Series]) -> str:
    """Return the alt text: what the figure is of, its main finding, and every mean."""
    means = {name: values.mean() for name, values in finals.items() if len(values)}
    if not means:
        return f"{title}: 0 runs are finished."
    said = [f"{name} {means[name]:.1f}%" if name in means else f"{name} not run" for name in finals]
    best = max(means, key=lambda name: means[name])
    equal = len(means) > 1 and len({f"{mean:.4f}" for mean in means.values()}) == 1
    finding = "all equal" if equal else f"highest for {best}"
    return f"{title}, {finding}; mean final test accuracy: {', '.join(said)}."


def _finals(axes: Axes, finals: dict[str, pd.Series], narrow: bool) -> None:
    size, values = 3 if narrow else 6, pd.concat(list(finals.values()))
    if len(values):
        # A t interval from two seeds may be far wider than they are apart.
        low, high = float(values.min()), float(values.max())
        room = max(1.0, 0.75 * (high - low))
        axes.set_xlim(max(-2.0, low - room), min(102.0, high + room))
    for y, mine in enumerate(finals.values()):
        ink, mark = colour(y), MARKERS[y % len(MARKERS)]
        if len(mine) > 1:
            ends = t_interval(mine.to_numpy())
            interval_line(axes, y, ends, axes.get_xlim(), ink, narrow, alpha=0.5)
            axes.plot(mine.mean(), y, "|", color=ink, markersize=2 * size)
        axes.plot(mine, [y] * len(mine), mark, color=ink, markersize=size, alpha=0.9)
    axes.set_yticks(range(len(finals)), [label(name, 26) for name in finals])
    axes.set_ylim(len(finals) - 0.5, -0.5)
    axes.set_xlabel("final test accuracy (%)")
    axes.grid(axis="x", alpha=0.3)


def _curves(axes: Axes, epochs: pd.DataFrame, name: str, number: int, narrow: bool) -> None:
    for seed, whole in epochs.groupby("seed"):
        curve = thin(whole, MOST_POINTS)
        axes.plot(
            curve["images_seen"],
            curve["test_accuracy"] * 100,
            dash(number),
            color=colour(number),
            linewidth=0.8 if narrow else 1.3,
            marker="o" if len(curve) < 3 else "",
            markersize=3,
            label=label(name, 24) if seed == epochs["seed"].min() else "",
        )


# --- grids ----------------------------------------------------------------------------------


def draw_grid(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw a grid of settings as a heatmap of mean accuracy, on held-out images where there are."""
    ablation = tables.study["ablations"][name]
    keys = list(dict.fromkeys(key for arm in ablation["arms"] for key in arm["changes"]))
    data = _cells(tables, name, keys)
    column = data.columns[-1]
    metric = column.removesuffix("_percent").replace("_", " ")
    found = data.dropna(subset=column)
    if found.empty:
        return nothing(narrow, f"{ablation['title']}: 0 of {len(data)} cells are finished.")
    first, others = keys[0], keys[1:]
    across = data[others].agg("\n".join, axis=1) if others else ""
    cells = data.assign(across=across).pivot_table(
        index=first, columns="across", values=column, sort=False
    )
    figure, axes = sheet(narrow, 0.9 + (0.28 if narrow else 0.42) * len(cells))
    sns.heatmap(
        cells, ax=axes, annot=True, fmt=".1f", cmap="cividis", cbar_kws={"label": f"{metric} (%)"}
    )
    axes.set(xlabel=", then ".join(map(_word, others)), ylabel=_word(first))
    axes.tick_params(axis="both", rotation=0)
    best = found.loc[found[column].idxmax()]
    alt = (
        f"{ablation['title']}: {metric} of {len(found)} combinations, from "
        f"{found[column].min():.1f}% to {best[column]:.1f}%, the highest for "
        f"{', '.join(f'{_word(key)} {best[key]}' for key in keys)}."
    )
    counts = runs_of(tables, name).groupby("run").size()
    caption = (
        f"Mean {metric} after the last epoch of each combination ({seeds(counts)}; no interval)."
    )
    return Drawing(figure, alt, caption, data)


def _cells(tables: Tables, name: str, keys: list[str]) -> pd.DataFrame:
    """Return each combination: its settings, and last its mean accuracy in percent."""
    last, ablation = last_epochs(tables, name), tables.study["ablations"][name]
    column = "test_accuracy"
    if last.get("held_out_accuracy", pd.Series(dtype=float)).notna().any():
        column = "held_out_accuracy"
    means = last.groupby("run")[column].mean() * 100
    rows = []
    for arm in ablation["arms"]:
        config = tables.study["runs"][arm["run"]]["config"]
        values = [written(arm["changes"].get(key, setting_of(config, key))) for key in keys]
        rows.append((arm["name"], *values, means.get(arm["run"], float("nan"))))
    return pd.DataFrame(rows, columns=["cell", *keys, f"{column}_percent"])


def _word(key: str) -> str:
    return key.rpartition(".")[2].replace("_", " ")


# --- ladders --------------------------------------------------------------------------------


def draw_ladder(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw a ladder as a waterfall: from its base to its last rung, each rung's effect a step."""
    ablation = tables.study["ablations"][name]
    rungs = _rungs(tables, name)
    found = rungs.dropna(subset="accuracy_percent")
    if len(found) < 2:
        return nothing(narrow, f"{ablation['title']}: {len(found)} of {len(rungs)} rungs finished.")
    figure, axes = sheet(narrow, 0.6 + (0.2 if narrow else 0.27) * len(rungs))
    for row in rungs.itertuples():
        _step(axes, row)
    axes.set_yticks(range(len(rungs)), [label(rung, 24) for rung in rungs["rung"]])
    axes.set_ylim(len(rungs) - 0.4, -0.6)
    low, high = found["accuracy_percent"].min(), found["accuracy_percent"].max()
    axes.set_xlim(low - 0.1 * (high - low) - 1, high + 0.1 * (high - low) + 1)
    axes.set_xlabel("final test accuracy (%); right: the step in points")
    axes.grid(axis="x", alpha=0.3)
    caption = (
        f"{ablation['title']}: each bar is what a change adds to the rung above it (means over "
        f"seeds, {seeds(found['n'])}); lines are 95% paired-t intervals of the step, where there "
        "is more than one seed."
    )
    if len(found) < len(rungs):
        caption += " Rungs without a run are left empty."
    return Drawing(figure, _ladder_in_words(ablation["title"], found), caption, rungs)


def _ladder_in_words(title: str, rungs: pd.DataFrame) -> str:
    first, last = rungs["accuracy_percent"].iloc[[0, -1]]
    steps = rungs.dropna(subset="effect_points")
    said = f"{title}: from {first:.1f}% to {last:.1f}%, {plural(len(steps), 'step')} measured."
    if len(steps):
        largest = steps.loc[steps["effect_points"].abs().idxmax()]
        said += f" The largest is {largest['rung']}: {signed(largest['effect_points'])} points."
    return said


def _step(axes: Axes, row: Any) -> None:
    """Draw a rung as a bar as long as its step that ends at its mean; the first as a point."""
    y, mean, step = row.Index, row.accuracy_percent, row.effect_points
    if y == 0 or pd.isna(step):
        axes.plot(mean, y, "o", color=PALETTE[0])
    else:
        before = mean - step
        axes.barh(y, step, 0.55, before, color=PALETTE[2 if step >= 0 else 1])
        axes.plot([before, before], [y - 1, y], color=PALETTE[5], linewidth=0.8)
        ends = [before + row.low_points, before + row.high_points]
        axes.plot(ends, [y, y], color=INK, linewidth=1)
    said = signed(step, 1) if y and pd.notna(step) else "" if pd.isna(mean) else f"{mean:.1f}"
    axes.annotate(said, (1, y), xycoords=("axes fraction", "data"), va="center", ha="left")


def _rungs(tables: Tables, name: str) -> pd.DataFrame:
    """Return each rung: its mean final accuracy and seeds, and its step with its interval."""
    runs, ablation = runs_of(tables, name), tables.study["ablations"][name]
    effects = tables.comparisons.query("ablation == @name").set_index("arm")
    rows = []
    for arm in ablation["arms"]:
        mine = runs.loc[runs["run"] == arm["run"], "final_test_accuracy"].dropna()
        effect = effects.loc[arm["name"]] if arm["name"] in effects.index else {}
        steps = [effect.get(f"{k}_points", float("nan")) for k in ("difference", "low", "high")]
        rows.append((arm["name"], mine.mean() * 100, len(mine), *steps))
    columns = ["rung", "accuracy_percent", "n", "effect_points", "low_points", "high_points"]
    return pd.DataFrame(rows, columns=columns)
