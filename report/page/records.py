"""Addresses of run records, as the report links to them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Records:
    """The records of a study: the path from the report to its folder, and the table of runs."""

    root: str
    runs: pd.DataFrame

    def of(self, run: str) -> str | None:
        """Return the place of a run in the table of all runs, or None if it has no record.

        There every seed links to its record.
        """
        return f"#run-{run}" if (self.runs["run"] == run).any() else None

    def record(self, run: str, seed: int) -> str:
        """Return the address of the record of a run's seed."""
        return f"{self.root}/runs/{run}/seed{seed}/summary.json"
