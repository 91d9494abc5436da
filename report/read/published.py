"""What the paper published: ``paper/{published,claims}.yaml`` and ``paper/logs.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from report.read.claim_types import claim_types, key_of_tests, problem_with
from report.read.files import RecordError, read_csv, read_yaml

FOLDER = Path(__file__).parent.parent.parent / "paper"

LOG_COLUMNS = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")


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
    kind = claim["type"]
    if kind not in claim_types():
        return f"type: {kind!r}; allowed are {', '.join(claim_types())}"
    if test is None or key_of_tests(kind) not in test:
        return f"a claim of type {kind} is tested by {key_of_tests(kind)}"
    needed = [key for key in claim_types()[kind].get("claim", {}) if key not in claim]
    if needed:
        return f"a claim of type {kind} needs {', '.join(needed)} in published.yaml"
    problems = [problem_with(kind, part) for part in test[key_of_tests(kind)]]
    # What a log shows is a rule of a trend, on a log in place of an arm.
    for log in test.get("logs", []):
        rule = {key: value for key, value in log.items() if key != "run"}
        arm = {} if "other" in rule else {"arm": "log.log"}
        problems.append(problem_with("trend", rule | arm))
        named = [log[key] for key in ("run", "other") if key in log]
        problems += [f"logs.csv has no run {run}" for run in named if run not in logs]
    return next((problem for problem in problems if problem), "")


def same_model(row: dict[str, Any], model: dict[str, Any]) -> bool:
    """Return whether a run config's ``model`` is the one that a row of Figure 1 describes."""
    kernels = {"stem": model.get("stem_kernel"), "stages": model.get("stage_kernels")}
    return bool(
        row["blocks"] == model.get("blocks")
        and row["channels"] == model.get("channels")
        and row["stage_strides"] == model.get("stage_strides")
        and row["layers_in_block"] == model.get("convolutions_per_block")
        and row["kernels"] == kernels
    )
