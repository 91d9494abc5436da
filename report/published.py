"""What the paper published: ``paper/{published,claims}.yaml`` and ``paper/logs.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from report.reading import RecordError, read_csv, read_yaml

FOLDER = Path(__file__).parent.parent / "paper"

LOG_COLUMNS = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")

KINDS = {
    "direction": "effects",
    "size": "effects",
    "choice": "effects",
    "value": "values",
    "exact": "exact",
    "trend": "trends",
}
"""Each type of claim with the key of its tests (docs/statistics.md)."""


@dataclass(frozen=True)
class Published:
    """The facts, how each claim is tested, and the logs, a row an epoch (accuracies in [0, 1])."""

    facts: dict[str, Any]
    tests: dict[str, Any]
    logs: pd.DataFrame


def load(folder: Path = FOLDER) -> Published:
    """Return what ``folder`` holds.

    Raises
    ------
    RecordError
        Naming the file, and what in it is wrong.
    """
    facts = read_yaml(folder / "published.yaml", "published")
    tests = read_yaml(folder / "claims.yaml", "claims")
    logs = read_csv(folder / "logs.csv", LOG_COLUMNS, ["run"])
    for claim in facts["claims"]:
        problem = _problem(claim, tests.get(claim["id"]), set(logs["run"]))
        if problem:
            raise RecordError(f"{folder / 'claims.yaml'}: {claim['id']}: {problem}")
    lengths = {len(value) for value in facts["figure2"].values() if isinstance(value, list)}
    if len(lengths) > 1:
        raise RecordError(f"{folder / 'published.yaml'}: figure2: lists of different lengths")
    return Published(facts, tests, logs)


def _problem(claim: dict[str, Any], test: dict[str, Any] | None, logs: set[Any]) -> str:
    """Return why a claim can't be tested as it is told, or nothing."""
    kind = KINDS[claim["type"]]
    if test is None or kind not in test:
        return f"a claim of type {claim['type']} is tested by {kind}"
    if claim["type"] == "direction" and any("sign" not in effect for effect in test[kind]):
        return "each effect of a direction needs a sign"
    if claim["type"] == "size" and any(
        ("within" in effect) == ("beyond" in effect) for effect in test[kind]
    ):
        return "each effect of a size needs within or beyond"
    named = [log[key] for log in test.get("logs", []) for key in ("run", "other") if key in log]
    unknown = [run for run in named if run not in logs]
    return f"logs.csv has no run {unknown[0]}" if unknown else ""


def same_model(row: dict[str, Any], model: dict[str, Any]) -> bool:
    """Return whether a run config's ``model`` is the one that a row of Figure 1 describes."""
    return bool(
        row["blocks"] == model["blocks"]
        and row["channels"] == model["channels"]
        and row["stage_strides"] == model["stage_strides"]
        and row["layers_in_block"] == model["convolutions_per_block"]
        and row["kernels"] == {"stem": model["stem_kernel"], "stages": model["stage_kernels"]}
    )
