"""A CSV file with a row for each epoch: ``run``, ``seed``, ``epoch``, and metrics."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from resnet.imports.curves import CurveError, Point

KEYS = ("run", "seed", "epoch")


def read(path: Path) -> Iterator[Point]:
    """Yield the table's values; empty cells are passed over."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        lacks = [key for key in KEYS if key not in (rows.fieldnames or ())]
        if lacks:
            raise CurveError(f"{path}: lacks the column {lacks[0]}; needed are {', '.join(KEYS)}")
        for number, row in enumerate(rows, 2):
            try:
                name, step = f"{row['run']}/seed{int(row['seed'])}", int(row["epoch"])
                values = {k: float(v) for k, v in row.items() if k not in KEYS and v}
            except (TypeError, ValueError):
                raise CurveError(
                    f"{path}:{number}: seed and epoch are whole numbers, metrics are numbers"
                ) from None
            for metric, value in values.items():
                yield Point(name, step, metric, value, f"line {number}")
