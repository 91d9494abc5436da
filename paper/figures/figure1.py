"""The models of the paper's Figure 1: published accuracy, and that of every seed trained here."""

from __future__ import annotations

import pandas as pd

from paper.models import figure1_rows
from report.draw.drawing import PALETTE, Drawing, sheet
from report.read.arms import name_of
from report.read.tables import Tables
from report.wording import seeds

SECTION = "figure-1"
PER = "study"


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw the published and the measured accuracies of the models in Figure 1."""
    rows = [
        (number, row["accuracy_percent"], run, seed, value)
        for number, row, runs in figure1_rows(tables.study, tables.published)
        for run in runs or [""]
        for seed, value in _seeds(tables, run)
    ]
    columns = ["row", "published_percent", "run", "seed", "measured_percent"]
    data = pd.DataFrame(rows, columns=columns)
    labels = [
        _label(r, name_of(tables.study, run) if run else "not run") for r, run in _models(data)
    ]
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
    found = data.dropna()
    measured = (
        "of every seed trained here the best epoch on the test images by the notebook's own "
        f"average, as the paper reports ({seeds([found['seed'].nunique()])} at most; every seed is "
        "shown, so no interval)"
        if len(found)
        else "none of these models was trained in this study"
    )
    caption = f"Published accuracy of each row of Figure 1; {measured}."
    return Drawing(figure, f"Models of Figure 1: {'; '.join(said)}.", caption, data)


def _label(row: int, name: str) -> str:
    """Return a row's number with the name of the network trained for it, which may begin so."""
    if name.startswith(f"row {row}"):
        return name[:1].upper() + name[1:]
    return f"Row {row}\n{name}"


def _models(data: pd.DataFrame) -> list[tuple[int, str]]:
    return list(dict.fromkeys(zip(data["row"], data["run"], strict=True)))


def _seeds(tables: Tables, run: str) -> list[tuple[float, float]]:
    mine = tables.runs[tables.runs["run"] == run]
    values = mine["best_notebook_test_accuracy"] * 100
    return list(zip(mine["seed"], values, strict=True)) or [(float("nan"), float("nan"))]
