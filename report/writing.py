"""Writing tables and text: complete or absent, and no cell that a spreadsheet would run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from resnet.files import new_file

FORMULA = ("=", "+", "-", "@", "\t", "\n")
"""How a cell begins that a spreadsheet takes for a formula (OWASP, CSV Injection)."""


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table; text that would be a formula gets an apostrophe before it.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    safe = table.rename(columns=harmless)
    for name in safe.select_dtypes(exclude="number"):
        safe[name] = safe[name].map(harmless)
    with new_file(path) as beside:
        safe.to_csv(beside, index=False)


def harmless(cell: Any) -> Any:
    """Return a cell as it is, or with an apostrophe before it where it begins like a formula.

    A carriage return becomes a line feed, for pandas quotes that alone.
    """
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(FORMULA) else text


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8."""
    with new_file(path) as beside:
        beside.write_text(text, encoding="utf-8")
