"""What a call of the workflow says at its end: the report, the verdicts, what diverged.

This module imports Python's library alone, since Snakemake imports it at every start.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path


def summary_lines(folder: Path, since: float) -> list[str]:
    """Return lines on the report that was made, or nothing if none was.

    Parameters
    ----------
    folder
        ``results/<scale>``.
    since
        When the call began, in seconds since the epoch.
    """
    page, pdf = folder / "report" / "index.html", folder / "report" / "report.pdf"
    if not page.is_file() or page.stat().st_mtime < since:
        return []
    lines = [f"The report: {page.absolute()}"]
    if pdf.is_file() and pdf.stat().st_mtime >= since:
        lines.append(f"As PDF: {pdf.absolute()}")
    verdicts = Counter(row["verdict"] for row in _rows(folder / "tables" / "claims.csv"))
    lines.append(f"Claims: {', '.join(f'{n} {verdict}' for verdict, n in verdicts.most_common())}.")
    diverged = [
        f"{row['run']} seed {row['seed']}"
        for row in _rows(folder / "tables" / "runs.csv")
        if row["status"] == "diverged"
    ]
    return [*lines, f"Diverged: {', '.join(diverged)}."] if diverged else lines


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
