"""Collect run records into tidy tables with a row for each run, epoch or layer.

Also writes ``hits.npz``, which states for each ``<run>/seed<k>`` which test images were classified
correctly, and ``mistakes.npz``, the images of the final network's most confident mistakes (if the
data is available).
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from report.read import mistakes
from report.read.files import NothingFinishedError, RecordError
from report.read.record import EPOCH_COLUMNS, read_layers, read_predictions, read_record
from report.read.study import data_folder, read_study
from report.writing import write_csv
from resnet.files import new_file

SHOWN = (*EPOCH_COLUMNS, "printed_learning_rate")
"""Columns that ``epochs.csv`` always has."""

RUN_COLUMNS = (
    "run",
    "seed",
    "began",
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
    "last_finite_train_loss",
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
    "versions",
    "adopted",
    "imported",
)
"""The columns of ``runs.csv``; accuracies in [0, 1], FLOPs of a forward pass for one image."""


@dataclass(frozen=True)
class Collected:
    """Tables by name, correctness of each answer by record, and images of mistakes."""

    tables: dict[str, pd.DataFrame]
    hits: dict[str, NDArray[np.bool_]]
    pictures: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class _Record:
    """What the tables need of a run record."""

    folder: Path
    run: str
    seed: int
    summary: dict[str, Any]
    epochs: pd.DataFrame
    layers: pd.DataFrame
    hits: NDArray[np.bool_]
    labels: bytes


def _read(
    folder: Path,
    run: str,
    seed: int,
    config: dict[str, Any] | None,
    settings: dict[str, Any] | None,
) -> _Record:
    summary, epochs = read_record(folder, run, seed, config, settings)
    if set(epochs) & {"run", "seed"}:
        raise RecordError(f"{folder / 'metrics.csv'}: run and seed can't be columns")
    probabilities, labels = read_predictions(folder)
    epochs.insert(0, "run", run)
    epochs.insert(1, "seed", seed)
    hits = probabilities.argmax(1) == labels
    _check_accuracy(folder, summary["final_test_accuracy"], hits)
    answers = labels.astype(np.int32).tobytes()
    return _Record(folder, run, seed, summary, epochs, read_layers(folder), hits, answers)


def _check_accuracy(folder: Path, said: float | None, hits: NDArray[np.bool_]) -> None:
    # Softmax may round two largest scores to equal probabilities, so that an image or two differ.
    if said is not None and len(hits) and abs(hits.mean() - said) * len(hits) > 2.5:
        raise RecordError(
            f"{folder}: test accuracy {hits.mean():.4f} by predictions.npz, {said:.4f} by "
            "summary.json"
        )


def collect(folder: Path, partial: bool = False) -> Collected:
    """Return the data in the records of all runs of the study in ``folder``.

    Parameters
    ----------
    folder
        ``results/<scale>``.
    partial
        Whether to list missing and invalid records in the table of gaps instead of raising errors.

    Raises
    ------
    RecordError
        If a record is missing or invalid, or if there is no record at all.
    """
    study = read_study(folder)
    records: list[_Record] = []
    gaps: list[dict[str, Any]] = []
    for run, planned in study["runs"].items():
        # Seeds beyond the planned ones belong to later looks, which a run may not have come to.
        for seed in range(planned.get("most", planned["seeds"])):
            record = folder / "runs" / run / f"seed{seed}"
            if seed >= planned["seeds"] and not record.is_dir():
                continue
            try:
                records.append(_read(record, run, seed, planned["config"], study.get("settings")))
            except RecordError as error:
                if not partial:
                    raise _with_advice(error, record) from None
                reason = str(error) if record.is_dir() else MISSING
                gaps.append({"run": run, "seed": seed, "reason": reason})
    if not records:
        raise NothingFinishedError(f"{folder}: no run is finished")
    records, others = _tested_alike(records, partial)
    hits = {f"{record.run}/seed{record.seed}": record.hits for record in records}
    return _with_mistakes(Collected(_tables(records, gaps + others), hits), study, folder)


def _with_advice(reason: object, record: Path) -> RecordError:
    # Snakemake takes a record that is there for finished.
    advice = f". Remove {record}, and the next call trains the run again" if record.is_dir() else ""
    return RecordError(f"{reason}{advice}")


def _tested_alike(
    records: list[_Record], partial: bool
) -> tuple[list[_Record], list[dict[str, Any]]]:
    """Return the records with the labels that most have, and the gaps that the others are."""
    usual, _ = Counter(record.labels for record in records).most_common(1)[0]
    alike = [record for record in records if record.labels == usual]
    gaps = []
    for record in records:
        if record.labels != usual:
            reason = f"{record.folder}: tested on other images than {alike[0].folder}"
            if not partial:
                raise _with_advice(reason, record.folder)
            gaps.append({"run": record.run, "seed": record.seed, "reason": reason})
    return alike, gaps


def _tables(records: list[_Record], gaps: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    """Return the tables, by name."""
    summaries = [{name: record.summary.get(name) for name in RUN_COLUMNS} for record in records]
    # Drop empty columns, whose undefined types may conflict when tables are joined.
    filled = [record.epochs.dropna(axis="columns", how="all") for record in records]
    epochs = pd.concat(filled, ignore_index=True)
    # Others' runs may have recorded less; figures and sections find every column all the same.
    missing = [column for column in SHOWN if column not in epochs]
    layers: dict[str, pd.DataFrame] = {}
    for record in records:
        # The seeds of a run have the same network.
        layers.setdefault(record.run, record.layers.assign(run=record.run))
    return {
        "runs": pd.DataFrame(summaries, columns=list(RUN_COLUMNS)),
        "epochs": epochs.assign(**dict.fromkeys(missing, math.nan)),
        "layers": pd.concat(layers.values(), ignore_index=True),
        "gaps": pd.DataFrame(gaps, columns=["run", "seed", "reason"]),
    }


MISSING = "not run"
"""The reason in ``gaps.csv`` where there is no record; else it is what is wrong with the record."""


def _with_mistakes(collected: Collected, study: dict[str, Any], folder: Path) -> Collected:
    runs = collected.tables["runs"]
    run = mistakes.analysed_run(study, runs)
    seeds = runs[runs["run"] == run]["seed"]
    read = [read_predictions(folder / "runs" / run / f"seed{seed}") for seed in seeds]
    mean = np.mean([probabilities for probabilities, _ in read], axis=0)
    surest = mistakes.confident(mean, read[0][1])
    confusion = mistakes.confusion([(p.argmax(1), labels) for p, labels in read])
    tables = {
        "confusion": confusion.assign(run=run, seed=seeds.to_numpy()[confusion["seed"]]),
        "mistakes": surest.assign(run=run),
    }
    images = mistakes.pictures(data_folder(folder, study), surest)
    if images is None:
        images = mistakes.kept(folder / "tables" / "mistakes.npz", surest)
    return Collected(collected.tables | tables, collected.hits, images)


def write(collected: Collected, folder: Path) -> None:
    """Write the tables and arrays into ``folder``."""
    for name, table in collected.tables.items():
        write_csv(table, folder / f"{name}.csv")
    _write_arrays(folder / "hits.npz", collected.hits)
    images = collected.pictures
    numbers = collected.tables["mistakes"]["image"].to_numpy()
    arrays = {} if images is None else {"images": images, "numbers": numbers}
    _write_arrays(folder / "mistakes.npz", arrays)


def _write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    with new_file(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)


def main(argv: list[str] | None = None) -> int:
    """Write ``tables/{runs,epochs,layers,gaps,confusion,mistakes}.csv`` and their arrays."""
    parser = argparse.ArgumentParser(prog="python -m report.read.records", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    folder = parser.parse_args(argv).folder
    try:
        write(collect(folder), folder / "tables")
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
