"""Training of the final network by epoch: published and measured accuracies and printed rates."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import pandas as pd

from report.draw.drawing import Drawing, colour, sheet
from report.read.arms import headline_runs
from report.read.tables import Tables
from report.wording import count, percent, seeds

SECTION = "figure-2"
PER = "study"


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw published and measured accuracies of the final network by epoch, and printed rates."""
    log = tables.published.logs.query("run == 'final'")
    runs = headline_runs(tables.study, tables.epochs["run"])
    ours = tables.epochs[tables.epochs["run"].isin(runs[:1])]
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
    _log_panel(grid[:, 0], log, "printed_lr", "published (56 epochs)")
    for _, seed in ours.groupby("seed"):
        _log_panel(grid[:, 1], seed, "printed_learning_rate", "measured, every seed")
    for panel, epochs in zip(grid[1], (log, ours), strict=False):
        panel.set_xlim(-0.5, float(epochs["epoch"].max()) + 0.5)
        panel.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5, integer=True, min_n_ticks=1))
    grid[0, 0].set_ylabel("accuracy (%)")
    grid[1, 0].set_ylabel("printed rate")
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2)
    best = percent(log["test_accuracy"].max(), 1)
    alt = (
        f"Accuracy by epoch of the final network. Published: test accuracy from "
        f"{percent(log['test_accuracy'].min(), 1)} to {best}, above training accuracy on the "
        "augmented copies throughout. "
    )
    found = percent(ours["test_accuracy"].max(), 1) if len(ours) else "not run in this study"
    n = seeds([ours["seed"].nunique()])
    caption = (
        "Accuracy by epoch, and beneath it the learning rate that get_lr() prints after each "
        "epoch. Left: the published log of the final network (n = 1). "
        + (f"Right: ours, every seed ({n}; no interval)" if len(ours) else "Ours was not run")
        + (f", {_lengths(tables, ours)}." if len(ours) else ".")
    )
    return Drawing(figure, f"{alt}Measured: {found} at best.", caption, _figure2_data(log, ours))


def _lengths(tables: Tables, ours: pd.DataFrame) -> str:
    """Return how many images our epochs show and our runs see, beside the paper's."""
    seen = int(ours["images_seen"].max())
    epoch = seen / (ours["epoch"].max() + 1)
    theirs = tables.published.facts["headline"]["images_seen"]
    return (
        f"with about {count(round(epoch, -2))} images an epoch and {count(seen)} seen in all, "
        f"where the paper's saw {count(theirs)}"
    )


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
