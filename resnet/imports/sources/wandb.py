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
        rows = csv.DictReader(file)
        columns = [c for c in rows.fieldnames or () if " - " in c and not c.endswith(BOUNDS)]
        if not columns:
            raise CurveError(f"{path}: has no column such as 'my run - test_accuracy'")
        twice = [column for column in columns if columns.count(column) > 1]
        if twice:
            raise CurveError(
                f"{path}: has the column {twice[0]!r} twice, for two runs of one name: rename "
                "one, or leave it out of the export"
            )
        first = (rows.fieldnames or [""])[0]
        for number, row in enumerate(rows, 2):
            for column in columns:
                name, _, metric = column.rpartition(" - ")
                if not row[column]:
                    continue
                try:
                    yield Point(name, int(float(row[first])), metric, float(row[column]))
                except ValueError:
                    raise CurveError(f"{path}:{number}: expected numbers") from None
