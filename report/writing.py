"""Write tables and text atomically, without cells that a spreadsheet would run as formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from resnet.files import new_file

FORMULA = ("=", "+", "-", "@", "\t", "\n")
"""Characters with which a formula starts in a spreadsheet (OWASP, CSV Injection)."""


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table; text that would be a formula gets an apostrophe as prefix.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    safe = table.rename(columns=harmless)
    for name in safe.select_dtypes(exclude="number"):
        safe[name] = safe[name].map(harmless)
    with new_file(path) as beside:
        safe.to_csv(beside, index=False)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet; columns of several types become text."""
    mixed = [name for name in table if table[name].dtype == object]
    with new_file(path) as beside:
        table.astype(dict.fromkeys(mixed, "string")).to_parquet(beside, index=False)


def harmless(cell: Any) -> Any:
    """Return a cell, with an apostrophe as prefix if it starts like a formula.

    Carriage returns become line feeds, because pandas quotes only line feeds.
    """
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(FORMULA) else text


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8."""
    with new_file(path) as beside:
        beside.write_text(text, encoding="utf-8")
