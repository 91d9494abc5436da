"""Training and test error of plain and of residual networks by images seen, as in Figure 6."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import pandas as pd

from report.draw.drawing import Drawing, colour, nothing, sheet
from report.read.tables import Tables
from report.wording import percent, seeds
from studies.deep_residual_learning.paper.networks import runs_by_layers

SECTION = "figure-6"
PER = "study"

KINDS = {"plain": False, "residual": True}
"""The networks of the two panels, and whether they have shortcuts."""


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw the errors of every seed: dashed on training images, solid on test images."""
    data = curves(tables)
    if data.empty:
        return nothing(narrow, "No network of the paper was trained in this study.")
    figure, grid = sheet(
        narrow, 4.2 if narrow else 3, *((2, 1) if narrow else (1, 2)), sharey=True, squeeze=False
    )
    depths = sorted(data["layers"].unique())
    for axes, kind in zip(grid.flat, KINDS, strict=True):
        mine = data[data["kind"] == kind]
        for (layers, _), seed in mine.groupby(["layers", "seed"]):
            ink = colour(depths.index(layers))
            axes.plot(seed["images_seen"], seed["train_error_percent"], "--", color=ink, alpha=0.7)
            axes.plot(seed["images_seen"], seed["test_error_percent"], "-", color=ink)
        axes.set(title=f"{kind} networks", xlabel="training images seen")
        axes.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
        axes.grid(alpha=0.3)
    grid[0, 0].set_ylabel("error (%)")
    for number, layers in enumerate(depths):
        grid[0, 0].plot([], [], "-", color=colour(number), label=f"{layers} layers")
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=4)
    caption = (
        "Error by images seen, every seed: dashed on the training images as they were augmented, "
        f"solid on the test images ({seeds(data.groupby(['kind', 'layers'])['seed'].nunique())}; "
        "no interval)."
    )
    return Drawing(figure, f"Error of plain and residual networks. {_ends(data)}", caption, data)


def curves(tables: Tables) -> pd.DataFrame:
    """Return the errors of every epoch, in percent, by kind of network, layers and seed."""
    columns = ["kind", "layers", "seed", "images_seen", "train_error_percent", "test_error_percent"]
    parts: list[Any] = [pd.DataFrame(columns=columns)]
    for kind, shortcuts in KINDS.items():
        for layers, run in runs_by_layers(tables.study, shortcuts).items():
            mine = tables.epochs[tables.epochs["run"] == run]
            errors = {
                f"{split}_error_percent": (1 - mine[f"{split}_accuracy"]) * 100
                for split in ("train", "test")
            }
            parts.append(mine.assign(kind=kind, layers=layers, **errors)[columns])
    found = [part for part in parts if len(part)]
    return pd.concat(found, ignore_index=True) if found else parts[0]


def _ends(data: pd.DataFrame) -> str:
    """Return the mean test error of each network's last epoch, in words."""
    last = data.groupby(["kind", "layers", "seed"])["test_error_percent"].last()
    means = last.groupby(["kind", "layers"]).mean()
    said = (f"{kind}, {n} layers: {percent(m / 100, 1)}" for (kind, n), m in means.items())
    return f"Test error at the end: {'; '.join(said)}."
