"""The confusion matrix of the analysed run, in percent of each class's test images."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns

from report.draw.drawing import Drawing, nothing, sheet, write_legibly
from report.read.arms import name_of
from report.read.tables import Tables, confusion_shares
from report.wording import percent

SECTION = "errors"
PER = "study"


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw the confusion matrix, in percent of each class's test images."""
    if tables.confusion.empty:
        return nothing(narrow, "The answers to single images are not known.")
    shares, seeds = confusion_shares(tables.confusion, len(tables.classes))
    run = name_of(tables.study, str(tables.confusion["run"].iloc[0]))
    figure, axes = sheet(narrow, 3.2 if narrow else 4.4)
    sns.heatmap(
        shares * 100,
        ax=axes,
        # Numbers don't fit on a phone, where shades say it.
        annot=not narrow,
        fmt=".0f",
        cmap="cividis",
        vmin=0,
        vmax=100,
        annot_kws={"fontsize": 6.5 if narrow else 8},
        cbar_kws={"label": "% of the class's test images"},
        xticklabels=tables.classes,
        yticklabels=tables.classes,
    )
    write_legibly(axes)
    axes.set(xlabel="taken for", ylabel="class")
    axes.tick_params(axis="x", rotation=45)
    axes.tick_params(axis="y", rotation=0)
    off = shares.to_numpy(copy=True)
    np.fill_diagonal(off, 0)
    label, guess = np.unravel_index(int(off.argmax()), off.shape)
    alt = (
        f"What {run} takes each class for. The most frequent confusion: "
        f"{percent(float(off[label, guess]), 1)} of the class {tables.classes[label]} are taken "
        f"for {tables.classes[guess]}."
    )
    caption = (
        f"Confusions of {run} after the last epoch, in percent of each class's test images (mean "
        f"over n = {seeds} {'seed' if seeds == 1 else 'seeds'}; no interval)."
    )
    return Drawing(figure, alt, caption, _named(tables))


def _named(tables: Tables) -> pd.DataFrame:
    table = tables.confusion.copy()
    for column in ("label", "guess"):
        table[column] = [tables.classes[number] for number in table[column]]
    return table[["run", "seed", "label", "guess", "images"]]
