"""Which classes and images the analysed run gets wrong."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.page.picture import Picture
from report.page.printed_table import Printed, Row, printed
from report.read.arms import name_of
from report.read.tables import confusion_shares
from report.wording import DASH, percent, plural

TITLE = "Errors"


def content(
    study: dict[str, Any],
    confusion: pd.DataFrame,
    data: dict[str, Any],
    pictures: dict[str, list[Picture]],
) -> dict[str, Any] | None:
    """Return a sentence, the figures and the table of classes."""
    if confusion.empty:
        return None
    classes = [str(name) for name in data["classes"]]
    run = name_of(study, str(confusion["run"].iloc[0]))
    return {
        "note": class_sentence(confusion, classes, run),
        "these": pictures["errors"],
        "classes": classes_table(confusion, classes, run),
    }


def class_sentence(table: pd.DataFrame, classes: list[str], run: str) -> str:
    """Return a sentence on the classes with the highest and the lowest accuracy."""
    right = table[table["label"] == table["guess"]].groupby("label")["images"].sum()
    shares = (right / table.groupby("label")["images"].sum()).fillna(0.0)
    best, worst = int(shares.idxmax()), int(shares.idxmin())
    total = percent(float(right.sum() / table["images"].sum()), 1)
    return (
        f"{run[:1].upper()}{run[1:]} classifies {total} correctly. It is best at {classes[best]} "
        f"({percent(float(shares[best]), 1)}) and worst at {classes[worst]} "
        f"({percent(float(shares[worst]), 1)})."
    )


def classes_table(confusion: pd.DataFrame, classes: list[str], run: str) -> Printed:
    """Return a table of each class's accuracy and most frequent confusion."""
    columns = {
        "class": False,
        "accuracy %": True,
        "most often taken for": False,
        "of its images": True,
    }
    shares, seeds = confusion_shares(confusion, len(classes))
    rows: list[Row] = []
    for number, name in enumerate(classes):
        others = shares.loc[number].drop(number)
        rows.append(
            [
                name,
                f"{shares.loc[number, number] * 100:.1f}",
                classes[int(others.idxmax())] if others.max() > 0 else DASH,
                percent(float(others.max()), 1) if others.max() > 0 else DASH,
            ]
        )
    return printed(f"Accuracy of {run} by class, mean over {plural(seeds, 'seed')}.", columns, rows)
