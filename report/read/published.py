"""Read the paper's published results: ``paper/{published,claims}.yaml``, ``paper/logs.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from report.read.claim_types import problem_of, problem_with
from report.read.files import RecordError, read_csv, read_yaml

FOLDER = Path(__file__).parent.parent.parent / "paper"

LOG_COLUMNS = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")


@dataclass(frozen=True)
class Published:
    """The paper's facts, the tests of its claims, and its logs by epoch (accuracies in [0, 1])."""

    facts: dict[str, Any]
    tests: dict[str, Any]
    logs: pd.DataFrame


def load(folder: Path = FOLDER) -> Published:
    """Return the published results in ``folder``.

    Raises
    ------
    RecordError
        If a file is missing or invalid.
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
    """Return the problem with a claim's tests, or an empty text."""
    problems = [problem_of(claim, test or {})]
    # A test of a log is a trend rule that has a log instead of an arm.
    for log in (test or {}).get("logs", []):
        rule = {key: value for key, value in log.items() if key != "run"}
        arm = {} if "others" in rule else {"arm": "log.log"}
        problems.append(problem_with("trend", rule | arm))
        named = [log["run"], *log.get("others", [])]
        problems += [f"logs.csv has no run {run}" for run in named if run not in logs]
    return next((problem for problem in problems if problem), "")


def same_model(row: dict[str, Any], model: dict[str, Any]) -> bool:
    """Return whether a run config's ``model`` matches a row of Figure 1."""
    kernels = {"stem": model.get("stem_kernel"), "stages": model.get("stage_kernels")}
    return bool(
        row["blocks"] == model.get("blocks")
        and row["channels"] == model.get("channels")
        and row["stage_strides"] == model.get("stage_strides")
        and row["layers_in_block"] == model.get("convolutions_per_block")
        and row["kernels"] == kernels
    )
