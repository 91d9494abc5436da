"""The difference in test accuracy between the best epoch and the last epoch."""

from __future__ import annotations

import matplotlib as mpl
import seaborn as sns

from report.draw.drawing import PALETTE, Drawing, nothing, sheet
from report.judge.comparisons import optimism
from report.read.tables import Tables
from report.wording import percent, plural, signed

SECTION = "selection"
PER = "study"


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw a histogram over all runs of the best epoch's test accuracy minus the last epoch's."""
    data = optimism(tables.epochs)
    gained = data["optimism_points"].dropna()
    if gained.empty:
        return nothing(narrow, "0 runs have several epochs.")
    figure, axes = sheet(narrow, 1.7 if narrow else 2.4)
    bins = min(30, max(5, len(gained) // 4))
    sns.histplot(x=gained, bins=bins, ax=axes, color=PALETTE[0], edgecolor="none")
    axes.axvline(gained.mean(), color=PALETTE[1], linestyle="--")
    axes.set_xlabel("best epoch on the test set minus last epoch (points)")
    axes.set_ylabel("runs")
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    above = float((gained > 0).mean())
    runs = f"{plural(len(gained), 'run')} of several epochs"
    alt = (
        f"Choosing the epoch on the test set gains {signed(gained.mean())} points on average over "
        f"{runs}, and anything at all in {percent(above, 0)} of them."
    )
    caption = (
        f"How far the best epoch on the test set lies above the last (n = {runs}): the dashed line "
        "is the mean (no interval: configurations differ)."
    )
    return Drawing(figure, alt, caption, data)
