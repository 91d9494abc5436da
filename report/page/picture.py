"""Read a figure: its words, its data, and how it was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report.draw.registry import Figure
from report.page.printed_table import Printed, data_table
from report.page.records import Records
from report.read.files import read_json
from report.read.tables import read_table


@dataclass(frozen=True)
class Picture:
    """A figure's file name, alt text, captions on the page and on paper, data, and its module."""

    name: str
    alt: str
    caption: str
    column_caption: str
    data: Printed
    module: str

    @property
    def shows_something(self) -> bool:
        """Whether the figure has data; else it states that there is nothing to show."""
        return bool(self.data.rows)


def read_picture(records: Records, study: dict[str, Any], figures: Path, figure: Figure) -> Picture:
    """Return a figure from the folder ``figures``.

    Raises
    ------
    RecordError
        If a file of the figure is missing or invalid.
    """
    name = figure.name
    words = read_json(figures / f"{name}.json")
    return Picture(
        **words,
        name=name,
        data=data_table(
            records, study, name, read_table(figures / f"{name}.csv", may_be_empty=True)
        ),
        module=f"{figure.entry.module.replace('.', '/')}.py",
    )
