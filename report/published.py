"""What the paper published: ``paper/{published,claims}.yaml`` and ``paper/logs.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

FOLDER = Path(__file__).parent.parent / "paper"


@dataclass(frozen=True)
class Published:
    """The facts, how each claim is tested, and the logs, a row an epoch (accuracies in [0, 1])."""

    facts: dict[str, Any]
    tests: dict[str, Any]
    logs: pd.DataFrame


def load(folder: Path = FOLDER) -> Published:
    """Return what ``folder`` holds."""
    facts = yaml.safe_load((folder / "published.yaml").read_text())
    tests = yaml.safe_load((folder / "claims.yaml").read_text())
    return Published(facts, tests, pd.read_csv(folder / "logs.csv"))


def same_model(row: dict[str, Any], model: dict[str, Any]) -> bool:
    """Return whether a run config's ``model`` is the one that a row of Figure 1 describes."""
    return bool(
        row["blocks"] == model["blocks"]
        and row["channels"] == model["channels"]
        and row["stage_strides"] == model["stage_strides"]
        and row["layers_in_block"] == model["convolutions_per_block"]
        and row["kernels"] == {"stem": model["stem_kernel"], "stages": model["stage_kernels"]}
    )
