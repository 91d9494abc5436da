"""Learning curves of all runs, to be compared with JavaScript."""

from __future__ import annotations

from typing import Any

import pandas as pd

TITLE = "Learning curves"


def content(epochs: pd.DataFrame) -> dict[str, Any] | None:
    """Return nothing but that the section is there, if a run has several evaluations."""
    return {} if (epochs.groupby(["run", "seed"]).size() > 1).any() else None
