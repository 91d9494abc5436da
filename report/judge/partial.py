"""Make the tables of the records that exist so far, without changing the workflow's files."""

from __future__ import annotations

from pathlib import Path

from report.judge import comparisons
from report.read import records
from report.read.study import read_study
from report.read.tables import Tables, read_tables


def partial_tables(folder: Path, into: Path) -> Tables:
    """Return the tables of a study in ``results/<scale>`` as it is, gaps and all.

    They are written into the folder ``into``.

    Raises
    ------
    RecordError
        If no run is finished, or a file of the study is missing or invalid.
    """
    collected = records.collect(folder, partial=True)
    records.write(collected, into)
    study = read_study(folder)
    comparisons.write(study, collected.tables["runs"], collected.hits, into)
    return read_tables(folder, into)
