"""Read a paper's published results: ``paper/{published,claims}.yaml``, ``paper/logs.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from report.claim_types.figures import problem_with_figures
from report.claim_types.forms import problem_of, problem_with
from report.claim_types.registry import states_accuracy
from report.read.files import SCHEMAS, RecordError, read_csv, read_yaml

ROOT = Path(__file__).parent.parent.parent

METRICS = {
    "final_test_accuracy": "the last epoch",
    "best_test_accuracy": "the best epoch on the test images",
    "best_notebook_test_accuracy": "the best epoch on the test images, as the mean over batches",
}
"""The columns of ``runs.csv`` that published accuracies may be compared with, in words."""

LOG_COLUMNS = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")


@dataclass(frozen=True)
class Published:
    """The paper's facts, the tests of its claims, and its logs by epoch (accuracies in [0, 1])."""

    facts: dict[str, Any]
    tests: dict[str, Any]
    logs: pd.DataFrame


def published_of(study: dict[str, Any]) -> Published:
    """Return the published results that a study is about.

    Raises
    ------
    RecordError
        If a file is missing or invalid.
    """
    return load(folder_of(study))


def folder_of(study: dict[str, Any]) -> Path:
    """Return the folder of what is published of a study's paper, and of what its report adds."""
    return ROOT / str(study.get("home", ".")) / "paper"


def load(folder: Path = ROOT / "paper") -> Published:
    """Return the published results in ``folder``.

    Raises
    ------
    RecordError
        If a file is missing or invalid.
    """
    facts = read_yaml(folder / "published.yaml", SCHEMAS / "published.yaml")
    if (folder / "schema.yaml").is_file():
        read_yaml(folder / "schema.yaml", SCHEMAS / "anything.yaml")
        read_yaml(folder / "published.yaml", folder / "schema.yaml")
    tests = read_yaml(folder / "claims.yaml", SCHEMAS / "claims.yaml")
    logs = _logs(folder / "logs.csv")
    known = {claim["id"] for claim in facts["claims"]}
    for name in tests:
        if name not in known:
            raise RecordError(
                f"{folder / 'claims.yaml'}: {name}: no claim of this id in published.yaml"
            )
    for claim in facts["claims"]:
        test = tests.get(claim["id"]) or {}
        problem = _problem(claim, test, set(logs["run"])) or problem_with_figures(facts, test)
        if problem:
            raise RecordError(f"{folder / 'claims.yaml'}: {claim['id']}: {problem}")
    return Published(facts, tests, logs)


def _logs(path: Path) -> pd.DataFrame:
    """Return the published logs; a paper may have none."""
    if not path.is_file():
        return pd.DataFrame(columns=["run", *LOG_COLUMNS])
    logs = read_csv(path, LOG_COLUMNS, ["run"])
    for column in ("train_accuracy", "test_accuracy"):
        for line, value in _lines(logs[column][~logs[column].between(0, 1) & logs[column].notna()]):
            raise RecordError(
                f"{path}: line {line}: {column}: expected a share from 0 to 1, such as 0.91, got "
                f"{value:g}"
            )
    for line, _ in _lines(logs["epoch"][logs.groupby("run")["epoch"].diff() <= 0]):
        raise RecordError(
            f"{path}: line {line}: epoch: expected one after that of the run's row before it"
        )
    return logs


def _lines(values: pd.Series) -> Iterator[tuple[int, float]]:
    """Yield each value of a column with its line in the file, of which the first has the names."""
    for row, value in values.items():
        yield int(str(row)) + 2, float(value)


def _problem(claim: dict[str, Any], test: dict[str, Any], logs: set[Any]) -> str:
    """Return the problem with a claim's tests, or an empty text."""
    empty = [key for key, value in claim.items() if value is None]
    problems = [f"{key!r} has no value; put texts with a comma in quotes" for key in empty[:1]]
    problems.append(problem_of(claim, test))
    # A test of a log is a trend rule that has a log instead of an arm.
    for log in test.get("logs", []):
        rule = {key: value for key, value in log.items() if key != "run"}
        arm = {} if "others" in rule else {"arm": "log.log"}
        problems.append(problem_with("trend", rule | arm))
        named = [log["run"], *log.get("others", [])]
        problems += [f"logs.csv has no run {run}" for run in named if run not in logs]
    problems.append(_problem_with_control(claim, test, logs))
    problems += [
        f"trends: {part['rule']} compares published logs, and belongs to logs"
        for part in test.get("trends", [])
        if isinstance(part, dict) and "others" in part
    ]
    return next((problem for problem in problems if problem), "")


def _problem_with_control(claim: dict[str, Any], test: dict[str, Any], logs: set[Any]) -> str:
    control = test.get("control")
    if control and not states_accuracy(claim["type"]):
        return f"control belongs to claims that state an accuracy, not to type {claim['type']}"
    if control and control["run"] not in logs:
        return f"control: logs.csv has no run {control['run']}"
    return ""
