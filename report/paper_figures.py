"""The paper's figures: what was published beside what was measured."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import pandas as pd

from report.drawing import INK, PALETTE, Drawing, colour, nothing, sheet
from report.tables import Tables, figure1_rows, final_run
from report.wording import percent, plural, shortened, signed


def draw_figure1(tables: Tables, narrow: bool) -> Drawing:
    """Draw the published accuracies of Figure 1 beside every measured one."""
    rows = [
        (number, row["accuracy_percent"], run, seed, value)
        for number, row, runs in figure1_rows(tables)
        for run in runs or [""]
        for seed, value in _seeds(tables, run)
    ]
    columns = ["row", "published_percent", "run", "seed", "measured_percent"]
    data = pd.DataFrame(rows, columns=columns)
    labels = [f"Row {r}\n{run.partition('.')[2] or 'not run'}" for r, run in _models(data)]
    figure, axes = sheet(narrow, 0.5 + 0.5 * len(labels))
    said = []
    for y, ((row, run), label) in enumerate(zip(_models(data), labels, strict=True)):
        mine = data[(data["row"] == row) & (data["run"] == run)]
        published, values = mine["published_percent"].iloc[0], mine["measured_percent"].dropna()
        axes.plot(published, y, "D", color=PALETTE[1], label="" if y else "published")
        axes.plot(values, [y] * len(values), "o", color=PALETTE[0], alpha=0.8)
        found = ", ".join(f"{value:.1f}%" for value in values) or "nothing"
        said.append(f"{label.replace(chr(10), ' ')} published {published}%, measured {found}")
    axes.plot([], [], "o", color=PALETTE[0], label="measured, each seed, best epoch")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel("test accuracy (%)")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    seeds = int(data.dropna()["seed"].nunique())
    caption = (
        "Published accuracy of each row of Figure 1, and of every seed trained here the best epoch "
        f"on the test images by the notebook's own average, as the paper reports (n = {seeds} "
        f"{'seed' if seeds == 1 else 'seeds'} at most; every seed is shown, so no interval)."
    )
    return Drawing(figure, f"Models of Figure 1: {'; '.join(said)}.", caption, data)


def _models(data: pd.DataFrame) -> list[tuple[int, str]]:
    return list(dict.fromkeys(zip(data["row"], data["run"], strict=True)))


def _seeds(tables: Tables, run: str) -> list[tuple[float, float]]:
    mine = tables.runs[tables.runs["run"] == run]
    values = mine["best_notebook_test_accuracy"] * 100
    return list(zip(mine["seed"], values, strict=True)) or [(float("nan"), float("nan"))]


def draw_figure2(tables: Tables, narrow: bool) -> Drawing:
    """Draw the final model's training: the published log beside ours, the rate beneath."""
    log = tables.published.logs.query("run == 'final'")
    ours = tables.epochs[tables.epochs["run"] == final_run(tables)]
    columns = 2 if len(ours) else 1
    figure, grid = sheet(
        narrow,
        2.6 if narrow else 4,
        2,
        columns,
        sharex="col",
        sharey="row",
        height_ratios=[3, 1],
        squeeze=False,
    )
    _log_panel(grid[:, 0], log, "printed_lr", "published (its last 56 epochs)")
    for _, seed in ours.groupby("seed"):
        _log_panel(grid[:, 1], seed, "printed_learning_rate", "measured, every seed")
    grid[0, 0].set_ylabel("accuracy (%)")
    grid[1, 0].set_ylabel("printed rate")
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2)
    best = percent(log["test_accuracy"].max(), 1)
    alt = (
        f"Accuracy by epoch of the final model. Published: test accuracy from "
        f"{percent(log['test_accuracy'].iloc[0], 1)} to {best} at best, above training accuracy on "
        "the augmented copies throughout. "
    )
    found = percent(ours["test_accuracy"].max(), 1) if len(ours) else "not run in this study"
    n = ours["seed"].nunique()
    caption = (
        "Accuracy by epoch, and beneath it the learning rate that get_lr() prints after each "
        "epoch. Left: the published log of the final model (n = 1). "
        + (f"Right: ours, every seed (n = {n}; no interval)." if n else "Ours was not run.")
    )
    return Drawing(figure, f"{alt}Measured: {found}.", caption, _figure2_data(log, ours))


def _figure2_data(log: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    columns = ["epoch", "train_accuracy", "test_accuracy", "printed_learning_rate"]
    theirs = log.rename(columns={"printed_lr": "printed_learning_rate"})[columns]
    parts = [theirs.assign(of="published", seed=float("nan"))]
    if len(ours):
        parts.append(ours[[*columns, "seed"]].assign(of="measured"))
    return pd.concat(parts)[["of", "seed", *columns]].reset_index(drop=True)


def _log_panel(axes: Any, log: pd.DataFrame, rate: str, title: str) -> None:
    upper, lower = axes
    marker = "o" if len(log) < 5 else ""
    upper.plot(log["epoch"], log["train_accuracy"] * 100, "--", marker=marker, color=colour(1))
    upper.plot(log["epoch"], log["test_accuracy"] * 100, "-", marker=marker, color=colour(0))
    if not upper.get_title():
        upper.lines[0].set_label("training (augmented)")
        upper.lines[1].set_label("test")
        upper.set_title(title)
    lower.plot(log["epoch"], log[rate], "-", marker=marker, color=colour(2), linewidth=1)
    lower.set_xlabel("epoch")
    lower.set_xlim(-0.5, float(log["epoch"].max()) + 0.5)
    lower.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5, integer=True, min_n_ticks=1))


def draw_ladder(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw a ladder as a waterfall: from its base to its last rung, each rung's effect a step."""
    ablation = tables.study["ablations"][name]
    rungs = _rungs(tables, name)
    if len(rungs) < 2:
        return nothing(narrow, f"{ablation['title']}: no two rungs are finished.")
    figure, axes = sheet(narrow, 0.6 + (0.2 if narrow else 0.27) * len(rungs))
    before = float("nan")
    for row in rungs.itertuples():
        _step(axes, row, before)
        before = row.accuracy_percent
    axes.set_yticks(range(len(rungs)), [shortened(rung, 24) for rung in rungs["rung"]])
    axes.set_ylim(len(rungs) - 0.4, -0.6)
    low, high = rungs["accuracy_percent"].min(), rungs["accuracy_percent"].max()
    axes.set_xlim(low - 0.1 * (high - low) - 1, high + 0.1 * (high - low) + 1)
    axes.set_xlabel("final test accuracy (%); right: the step in points")
    axes.grid(axis="x", alpha=0.3)
    caption = (
        f"{ablation['title']}: each bar is what a change adds to the rung above it (mean over "
        f"seeds, n = {ablation['seeds']}); lines are 95% paired-t intervals of the step, where "
        "there is more than one seed."
    )
    return Drawing(figure, _ladder_in_words(ablation["title"], rungs), caption, rungs)


def _ladder_in_words(title: str, rungs: pd.DataFrame) -> str:
    first, last = rungs["accuracy_percent"].iloc[[0, -1]]
    said = f"{title}: from {first:.1f}% to {last:.1f}% in {plural(len(rungs) - 1, 'step')}."
    steps = rungs.dropna(subset="effect_points")
    if len(steps):
        largest = steps.loc[steps["effect_points"].abs().idxmax()]
        said += f" The largest is {largest['rung']}: {signed(largest['effect_points'])} points."
    return said


def _step(axes: Any, row: Any, before: float) -> None:
    """Draw a rung as a bar from where the one above it ends; the first as a point."""
    y, mean = row.Index, row.accuracy_percent
    if y == 0:
        axes.plot(mean, y, "o", color=PALETTE[0])
    else:
        axes.barh(y, mean - before, 0.55, before, color=PALETTE[2 if mean >= before else 1])
        axes.plot([before, before], [y - 1, y], color=PALETTE[5], linewidth=0.8)
        ends = [before + row.low_points, before + row.high_points]
        axes.plot(ends, [y, y], color=INK, linewidth=1)
    said = f"{mean:.1f}" if y == 0 else signed(row.effect_points, 1)
    axes.annotate(said, (1, y), xycoords=("axes fraction", "data"), va="center", ha="left")


def _rungs(tables: Tables, name: str) -> pd.DataFrame:
    """Return each rung that has been run: its mean final accuracy, and its step with interval."""
    ablation, runs = tables.study["ablations"][name], tables.runs
    effects = tables.comparisons.query("ablation == @name").set_index("arm")
    rows = []
    for arm in ablation["arms"]:
        mine = runs[(runs["run"] == arm["run"]) & (runs["seed"] < ablation["seeds"])]
        if len(mine):
            effect = effects.loc[arm["name"]] if arm["name"] in effects.index else {}
            steps = [effect.get(f"{k}_points", float("nan")) for k in ("difference", "low", "high")]
            rows.append((arm["name"], mine["final_test_accuracy"].mean() * 100, *steps))
    columns = ["rung", "accuracy_percent", "effect_points", "low_points", "high_points"]
    return pd.DataFrame(rows, columns=columns)
