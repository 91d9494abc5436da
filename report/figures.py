"""The figures: each a function from tables to a matplotlib figure, with alt text from the data."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report.collect import RecordError
from report.statistics import accuracies, paired_effect
from report.tables import Tables, figure1_rows, final_run, read_tables
from report.wording import percent, shortened, signed

INK = "#1f2329"
"""The colour of text and axes; the page replaces it by its own, light or dark."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
DASHES = ("-", "--", "-.", ":")

STYLE: Any = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "font.size": 9,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": ["DejaVu Sans"],
}


@dataclass(frozen=True)
class Drawing:
    """A figure with what it shows in words, for those who don't see it."""

    figure: Figure
    alt: str


def palette(n: int) -> list[Any]:
    """Return ``n`` colours that colour-blind readers can tell apart."""
    return list(sns.color_palette("colorblind", max(n, 1)))


def _figure(width: float, height: float, columns: int = 1, **grid: Any) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(1, columns, **grid)


def _empty(reason: str) -> Drawing:
    figure, axes = _figure(7, 1.2)
    axes.set_axis_off()
    axes.text(0.5, 0.5, reason, ha="center", va="center")
    return Drawing(figure, reason)


# --- the paper's figures --------------------------------------------------------------------


def draw_figure1(tables: Tables) -> Drawing:
    """Draw the published accuracies of Figure 1 beside every measured one."""
    rows = figure1_rows(tables)
    labels, published_values, measured = [], [], []
    for number, row, runs in rows:
        for run in runs or [""]:
            label = f"Row {number}\n{run.partition('.')[2] or 'not run'}"
            mine = tables.runs[tables.runs["run"] == run]["best_notebook_test_accuracy"] * 100
            labels.append(label)
            published_values.append(row["accuracy_percent"])
            measured.append(mine.tolist())
    figure, axes = _figure(7, 2.8)
    colours = palette(2)
    for y, (value, values) in enumerate(zip(published_values, measured, strict=True)):
        axes.plot(value, y, "D", color=colours[1], markersize=8, label="published" if not y else "")
        axes.plot(values, [y] * len(values), "o", color=colours[0], alpha=0.8, markersize=6)
    axes.plot([], [], "o", color=colours[0], label="measured, each seed, best epoch")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel("test accuracy (%)")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    parts = [
        f"{label.replace(chr(10), ' ')}: published {p}%, measured "
        + (", ".join(f"{v:.1f}%" for v in m) or "nothing")
        for label, p, m in zip(labels, published_values, measured, strict=True)
    ]
    return Drawing(figure, "Accuracy of the models of Figure 1. " + "; ".join(parts) + ".")


def draw_figure2(tables: Tables) -> Drawing:
    """Draw the final model's training: the published log, and ours, with the rate beneath."""
    log = tables.published.logs.query("run == 'final'")
    ours = tables.epochs[tables.epochs["run"] == final_run(tables)]
    figure = Figure(figsize=(7.4, 4), layout="constrained")
    grid = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=[3, 1])
    _log_panel(grid[:, 0], log, "epoch", "printed_lr", "Published (its last 56 epochs)")
    for _, seed in ours.groupby("seed"):
        _log_panel(grid[:, 1], seed, "epoch", "printed_learning_rate", "Measured")
    if ours.empty:
        for axes in grid[:, 1]:
            axes.set_axis_off()
        grid[0, 1].text(
            0.5, 0.5, "not run in this study", ha="center", transform=grid[0, 1].transAxes
        )
    grid[0, 0].set_ylabel("accuracy (%)")
    grid[1, 0].set_ylabel("printed rate")
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2)
    alt = (
        f"Accuracy by epoch of the final model. Published: test accuracy from "
        f"{percent(log['test_accuracy'].iloc[0], 1)} to {percent(log['test_accuracy'].max(), 1)} "
        "at best, above training accuracy on the augmented copies. "
    )
    if len(ours):
        alt += f"Measured: {percent(ours['test_accuracy'].max(), 1)} at best."
    else:
        alt += "Not run in this study."
    return Drawing(figure, alt)


def _log_panel(axes: Any, log: pd.DataFrame, x: str, rate: str, title: str) -> None:
    colours = palette(3)
    upper, lower = axes
    marker = "o" if len(log) < 5 else ""
    upper.plot(log[x], log["train_accuracy"] * 100, "--", marker=marker, color=colours[1])
    upper.plot(log[x], log["test_accuracy"] * 100, "-", marker=marker, color=colours[0])
    if not upper.get_title():
        upper.lines[0].set_label("training (augmented)")
        upper.lines[1].set_label("test")
        upper.set_title(title)
    lower.plot(log[x], log[rate], "-", marker=marker, color=colours[2], linewidth=1)
    lower.set_xlabel("epoch")
    lower.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))


# --- ours -----------------------------------------------------------------------------------


def draw_effects(tables: Tables) -> Drawing:
    """Draw every arm's effect against its reference, with its interval."""
    table = tables.comparisons
    if table.empty:
        return _empty("No arm to compare.")
    figure, axes = _figure(7.4, 0.9 + 0.26 * len(table))
    names = list(dict.fromkeys(table["ablation"]))
    colours = dict(zip(names, palette(len(names)), strict=False))
    for y, row in enumerate(table.itertuples()):
        colour = colours[row.ablation]
        axes.plot([row.low_points, row.high_points], [y, y], color=colour, linewidth=2)
        filled = colour if row.n > 1 else "none"
        marker = MARKERS[names.index(row.ablation) % len(MARKERS)]
        axes.plot(row.difference_points, y, marker, color=colour, markerfacecolor=filled)
    axes.set_yticks(
        range(len(table)), [shortened(f"{r.ablation}: {r.arm}", 44) for r in table.itertuples()]
    )
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("effect on final test accuracy (points)")
    alt = f"Effects of {len(table)} arms on final test accuracy."
    if table["difference_points"].notna().any():
        largest = table.loc[table["difference_points"].abs().idxmax()]
        alt += (
            f" The largest is {largest['arm']} of {largest['ablation']}: "
            f"{signed(largest['difference_points'])} points."
        )
    return Drawing(figure, alt)


def draw_ablation(tables: Tables, name: str) -> Drawing:
    """Draw an ablation's final accuracies, every seed, and its learning curves."""
    ablation = tables.study["ablations"][name]
    arms = ablation["arms"]
    height = max(2.6, 0.9 + 0.28 * len(arms))
    figure, (left, right) = _figure(7.4, height, 2, width_ratios=[1, 1.15])
    colours = palette(len(arms))
    said = []
    for y, (arm, colour) in enumerate(zip(arms, colours, strict=True)):
        values = accuracies(tables.runs, arm["run"], ablation["seeds"]).to_numpy()
        marker = MARKERS[y % len(MARKERS)]
        effect = paired_effect(values)
        if effect.n > 1:
            left.plot([effect.low, effect.high], [y, y], color=colour, linewidth=2, alpha=0.5)
            left.plot(effect.difference, y, "|", color=colour, markersize=14)
        left.plot(values, [y] * len(values), marker, color=colour, markersize=6, alpha=0.9)
        said.append(f"{arm['name']} " + (f"{effect.difference:.1f}%" if effect.n else "not run"))
        _curves(right, tables.epochs, arm, ablation["seeds"], colour, DASHES[y % len(DASHES)])
    left.set_yticks(range(len(arms)), [shortened(arm["name"]) for arm in arms])
    left.set_ylim(len(arms) - 0.5, -0.5)
    left.set_xlabel("final test accuracy (%)")
    left.grid(axis="x", alpha=0.3)
    right.set_xlabel("training images seen")
    right.set_ylabel("test accuracy (%)")
    right.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    right.grid(alpha=0.3)
    right.legend(fontsize=7 if len(arms) > 6 else 8, ncols=2 if len(arms) > 6 else 1)
    return Drawing(figure, f"{ablation['title']}: mean final test accuracy of {', '.join(said)}.")


def _curves(
    axes: Axes, epochs: pd.DataFrame, arm: dict[str, Any], seeds: int, colour: Any, dash: str
) -> None:
    mine = epochs[(epochs["run"] == arm["run"]) & (epochs["seed"] < seeds)]
    for seed, curve in mine.groupby("seed"):
        axes.plot(
            curve["images_seen"],
            curve["test_accuracy"] * 100,
            dash,
            color=colour,
            linewidth=1.3,
            marker="o" if len(curve) < 3 else "",
            markersize=3,
            label=shortened(arm["name"], 24) if seed == 0 else "",
        )


# --- writing --------------------------------------------------------------------------------


def drawings(study: dict[str, Any]) -> dict[str, Callable[[Tables], Drawing]]:
    """Return every figure of a study by name, as a function of its tables."""
    figures: dict[str, Callable[[Tables], Drawing]] = {
        "figure1": draw_figure1,
        "figure2": draw_figure2,
        "effects": draw_effects,
    }
    for name in study["ablations"]:
        figures[f"ablation_{name}"] = partial(draw_ablation, name=name)
    return figures


def write(drawing: Drawing, name: str, folder: Path) -> None:
    """Write ``<name>.svg``, ``.pdf`` and ``.txt`` (the alt text), the same bytes every time."""
    with mpl.rc_context({"svg.hashsalt": name}):
        drawing.figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        drawing.figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
    (folder / f"{name}.txt").write_text(drawing.alt + "\n")


def draw_all(tables: Tables, folder: Path) -> None:
    """Draw every figure of the study into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with sns.axes_style("ticks"), mpl.rc_context(STYLE):
        for name, draw in drawings(tables.study).items():
            write(draw(tables), name, folder)


def main(argv: list[str] | None = None) -> int:
    """Draw every figure of the study."""
    parser = argparse.ArgumentParser(prog="python -m report.figures", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    folder = parser.parse_args(argv).folder
    try:
        tables = read_tables(folder)
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    draw_all(tables, folder / "figures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
