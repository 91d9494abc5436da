"""Tables of text cells, which are the same in the HTML and the LaTeX report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.page.records import Records
from report.wording import DASH, count


@dataclass(frozen=True)
class Cell:
    """A cell's text, with an optional link; ``strong`` cells are shown in bold.

    ``verdict`` is the verdict that the cell states, if it does; ``anchor`` is the cell's own
    address on the page, if it has one.
    """

    text: str
    link: str | None = None
    strong: bool = False
    verdict: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Printed:
    """A table to print: caption, column heads, which columns are numeric, and rows of cells.

    ``mixed`` names the columns that rows aren't to be sorted by: those that hold different kinds of
    numbers, and all where a row is about the one above it.
    """

    caption: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: list[list[Cell]]
    mixed: tuple[str, ...] = ()


Row = list[str | Cell]


def printed(
    caption: str, columns: dict[str, bool], rows: list[Row], mixed: tuple[str, ...] = ()
) -> Printed:
    """Return a table from its rows and its columns, which map heads to whether they are numeric."""
    cells = [[c if isinstance(c, Cell) else Cell(c) for c in row] for row in rows]
    return Printed(caption, tuple(columns), tuple(columns.values()), cells, mixed)


def mean_and_range(values: pd.Series) -> str:
    """Return percentages as ``91.05 (90.80 to 91.30)``, or a dash for an empty series."""
    if values.empty:
        return DASH
    text = f"{values.mean() * 100:.2f}"
    if len(values) > 1:
        text += f" ({values.min() * 100:.2f} to {values.max() * 100:.2f})"
    return text


MOST_ROWS = 60
"""Maximum number of rows of a figure's data on the page; the figure's CSV file has all rows."""


def _is_number(column: pd.Series) -> bool:
    """Return whether a column holds numbers; True and False are none."""
    kinds = pd.api.types
    return bool(kinds.is_numeric_dtype(column) and not kinds.is_bool_dtype(column))


def data_table(records: Records, study: dict[str, Any], name: str, data: pd.DataFrame) -> Printed:
    """Return the table of a figure's data, with runs linked to their records."""
    numeric = {c: _is_number(data[c]) for c in data.columns}
    columns = {str(c).replace("_", " "): n for c, n in numeric.items()}
    rows: list[Row] = []
    for record in data.head(MOST_ROWS).to_dict("records"):
        cells: Row = [_value(value) for value in record.values()]
        run, seed = record.get("run"), record.get("seed", math.nan)
        if isinstance(run, str) and run in study["runs"]:
            link = records.of(run) if pd.isna(seed) else records.record(run, int(seed))
            cells[list(record).index("run")] = Cell(run, link)
        rows.append(cells)
    caption = f"The data behind {name}"
    if len(data) > MOST_ROWS:
        caption += f": the first {MOST_ROWS} of {count(len(data))} rows"
    return printed(f"{caption}.", columns, rows)


def _value(value: Any) -> str:
    if pd.isna(value):
        return DASH
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) >= 1000
        return count(value) if whole else f"{value:.6g}".replace("-", "\u2212")
    return str(value)
