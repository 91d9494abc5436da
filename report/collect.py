"""Run records into three tidy tables: a row a run, a row an epoch, and a row a layer."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

RUN_COLUMNS = (
    "run",
    "seed",
    "status",
    "epochs",
    "images_seen",
    "final_test_accuracy",
    "final_notebook_test_accuracy",
    "best_test_accuracy",
    "best_epoch",
    "best_notebook_test_accuracy",
    "final_train_accuracy",
    "final_plain_train_accuracy",
    "parameters",
    "flops_per_image",
    "seconds",
    "peak_memory_mib",
    "device",
    "processor",
    "threads",
    "precision",
    "commit",
    "code_digest",
)
"""The columns of ``runs.csv``: accuracies in [0, 1], FLOPs of one image forward."""


class RecordError(Exception):
    """A run record that is missing, unreadable, or whose parts disagree."""


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON file's object.

    Raises
    ------
    RecordError
        Where the file is missing or holds something else.
    """
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: can't be read: {error}") from None
    if not isinstance(content, dict):
        raise RecordError(f"{path}: sought an object")
    return content


def read_record(
    folder: Path, run: str, seed: int, config: dict[str, Any] | None
) -> tuple[Any, Any]:
    """Return a record's summary and its epochs, after checking that they belong together.

    Parameters
    ----------
    folder
        The record's.
    run, seed
        Which run it must be of.
    config
        The run config that it must have been trained with, but for the seed; None where an
        ablation's own rules wrote the record.

    Raises
    ------
    RecordError
        Naming the record and what disagrees.
    """
    summary = read_json(folder / "summary.json")
    trained = read_json(folder / "config.json")
    try:
        epochs = pd.read_csv(folder / "metrics.csv")
    except (OSError, ValueError) as error:
        raise RecordError(f"{folder / 'metrics.csv'}: can't be read: {error}") from None
    if (summary.get("run"), summary.get("seed")) != (run, seed):
        raise RecordError(f"{folder}: holds run {summary.get('run')} seed {summary.get('seed')}")
    planned = trained if config is None else config | {"seed": seed}
    if trained != planned:
        differing = [key for key in planned if trained.get(key) != planned[key]]
        raise RecordError(f"{folder}: was trained with another config: {', '.join(differing)}")
    missing = [column for column in RUN_COLUMNS if column not in summary]
    if missing:
        raise RecordError(f"{folder / 'summary.json'}: lacks {', '.join(missing)}")
    if "epoch" not in epochs or epochs["epoch"].tolist() != list(range(summary["epochs"])):
        raise RecordError(f"{folder}: metrics.csv lacks epochs, {summary['epochs']} were trained")
    return summary, epochs


def collect(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the tables ``runs``, ``epochs`` and ``layers`` of the runs in ``study.json``."""
    summaries: list[dict[str, Any]] = []
    epochs: list[pd.DataFrame] = []
    layers: list[pd.DataFrame] = []
    for run, planned in read_json(folder / "study.json")["runs"].items():
        for seed in range(planned["seeds"]):
            record = folder / "runs" / run / f"seed{seed}"
            summary, rows = read_record(record, run, seed, planned["config"])
            summaries.append({column: summary[column] for column in RUN_COLUMNS})
            rows.insert(0, "run", run)
            rows.insert(1, "seed", seed)
            epochs.append(rows)
        # Every seed has the same layers.
        layers.append(pd.read_csv(record / "layers.csv").assign(run=run))
    # An empty column has no type of its own, so joined ones would disagree about it.
    filled = [rows.dropna(axis="columns", how="all") for rows in epochs]
    return {
        "runs": pd.DataFrame(summaries, columns=list(RUN_COLUMNS)),
        "epochs": pd.concat(filled, ignore_index=True),
        "layers": pd.concat(layers, ignore_index=True),
    }


def main(argv: list[str] | None = None) -> int:
    """Write ``tables/runs.csv``, ``tables/epochs.csv`` and ``tables/layers.csv``."""
    parser = argparse.ArgumentParser(prog="python -m report.collect", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    folder = parser.parse_args(argv).folder
    try:
        tables = collect(folder)
    except RecordError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    (folder / "tables").mkdir(exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / "tables" / f"{name}.csv", index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
