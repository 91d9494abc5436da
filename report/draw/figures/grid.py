"""Mean accuracy of every combination of a grid of settings."""

from __future__ import annotations

import pandas as pd
import seaborn as sns

from report.draw.drawing import Drawing, nothing, sheet, write_legibly
from report.read.tables import Tables, belonging, setting_of
from report.wording import seeds, written

SECTION = "grids"
PER = "grid"


def draw(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw a grid as a heatmap of mean accuracy on held-out images if any, else on test images."""
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
    placed = data.assign(across=across)
    cells = placed.pivot_table(index=first, columns="across", values=column, sort=False)
    # What was not run is a gap.
    cells = cells.reindex(index=placed[first].unique(), columns=placed["across"].unique())
    # The names of the axes need as much as three rows.
    figure, axes = sheet(narrow, 0.9 + (0.28 if narrow else 0.42) * max(3, len(cells)))
    sns.heatmap(
        cells, ax=axes, annot=True, fmt=".1f", cmap="cividis", cbar_kws={"label": f"{metric} (%)"}
    )
    write_legibly(axes)
    axes.set(xlabel=", then ".join(map(_word, others)), ylabel=_word(first))
    axes.tick_params(axis="both", rotation=0)
    best = found.loc[found[column].idxmax()]
    alt = (
        f"{ablation['title']}: {metric} of {len(found)} combinations, from "
        f"{found[column].min():.1f}% to {best[column]:.1f}%, the highest for "
        f"{', '.join(f'{_word(key)} {best[key]}' for key in keys)}."
    )
    counts = belonging(tables.study, name, tables.runs).groupby("run").size()
    which, gaps = "each combination", ""
    if len(found) < len(data):
        which = f"{len(found)} of {len(data)} combinations"
        gaps = " The others were not run."
    caption = f"Mean {metric} after the last epoch of {which} ({seeds(counts)}; no interval).{gaps}"
    return Drawing(figure, alt, caption, data)


def _cells(tables: Tables, name: str, keys: list[str]) -> pd.DataFrame:
    """Return each combination's settings, with its mean accuracy in percent as the last column."""
    mine, ablation = belonging(tables.study, name, tables.epochs), tables.study["ablations"][name]
    last = mine.groupby(["run", "seed"], sort=False).tail(1)
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
