"""Weights & Biases' export of a chart as CSV: ``Step``, and a column ``<run> - <metric>`` a run."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from resnet.files import listed
from resnet.imports.curves import CurveError, Point

BOUNDS = ("__MIN", "__MAX")
"""The endings of the columns that an export adds to each."""


def read(path: Path) -> Iterator[Point]:
    """Yield the values of one export, or of all in a folder."""
    files = listed(path, "*.csv") if path.is_dir() else [path]
    if not files:
        raise CurveError(f"{path}: has no .csv; export each chart as CSV")
    for file in files:
        yield from _read_one(file)


def _read_one(path: Path) -> Iterator[Point]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        head = next(rows, [])
        # By place, for two runs of one name have two columns of one name.
        columns = [
            (place, *name.rpartition(" - ")[::2])
            for place, name in enumerate(head)
            if " - " in name and not name.endswith(BOUNDS)
        ]
        if not columns:
            raise CurveError(f"{path}: has no column such as 'my run - test_accuracy'")
        for number, row in enumerate(rows, 2):
            for place, name, metric in columns:
                if place >= len(row) or not row[place]:
                    continue
                try:
                    step, value = int(float(row[0])), float(row[place])
                except ValueError:
                    raise CurveError(f"{path}:{number}: expected numbers") from None
                yield Point(name, step, metric, value, f"{path.name}, column {place + 1}")
