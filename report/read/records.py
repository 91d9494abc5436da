"""Collect run records into tidy tables with a row for each run, epoch or layer.

Also writes ``hits.npz``, which states for each ``<run>/seed<k>`` which test images were classified
correctly, and ``mistakes.npz``, the images of the final network's most confident mistakes (if the
data is available).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from report.read import mistakes
from report.read.arms import looks_of
from report.read.began import began
from report.read.claim_types import problem_of
from report.read.files import NothingFinishedError, RecordError, read_arrays, read_csv, read_json
from report.writing import write_csv
from resnet.files import new_file

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

EPOCH_COLUMNS = (
    "epoch",
    "images_seen",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "notebook_test_accuracy",
    "learning_rate",
    "seconds",
)
"""The required columns of ``metrics.csv``."""


def read_study(folder: Path) -> dict[str, Any]:
    """Return the content of ``study.json``, after checking that all arms have a run.

    Raises
    ------
    RecordError
        If the file is missing or invalid.
    """
    path = folder / "study.json"
    study = read_json(path, "study")
    for name, ablation in study["ablations"].items():
        unknown = [arm["run"] for arm in ablation["arms"] if arm["run"] not in study["runs"]]
        if unknown:
            raise RecordError(f"{path}: ablation {name} has arms whose runs are not in the study")
        if ablation["arms"][0]["name"] != "base":
            raise RecordError(f"{path}: ablation {name}: the first arm must be base")
        looks = list(looks_of(ablation))
        if looks != sorted(set(looks)):
            raise RecordError(f"{path}: ablation {name}: looks must ascend, got {looks}")
    for claim in (*study.get("own_claims", ()), *_own_claims(study)):
        problem = problem_of(claim, claim)
        if problem:
            raise RecordError(f"{path}: {claim['id']}: {problem}")
    return study


def _own_claims(study: dict[str, Any]) -> list[dict[str, Any]]:
    return [claim for ablation in study["ablations"].values() for claim in ablation["own_claims"]]


def read_record(
    folder: Path,
    run: str,
    seed: int,
    config: dict[str, Any] | None,
    settings: dict[str, Any] | None = None,
) -> tuple[Any, Any]:
    """Return a record's summary and epochs, after checking that they are consistent.

    Parameters
    ----------
    folder
        The record's folder.
    run, seed
        The expected run and seed.
    config
        The expected run config, without the seed; None if an ablation's own rules wrote the record.
    settings
        The study's settings for comparing configs (see `identity`); None compares them literally.

    Raises
    ------
    RecordError
        If the record is invalid, inconsistent, or of another run, seed or config.
    """
    summary = read_json(folder / "summary.json", "summary")
    trained = read_json(folder / "config.json")
    epochs = read_csv(folder / "metrics.csv", EPOCH_COLUMNS)
    if (summary.get("run"), summary.get("seed")) != (run, seed):
        raise RecordError(f"{folder}: holds run {summary.get('run')} seed {summary.get('seed')}")
    planned = trained if config is None else config | {"seed": seed}
    one, other = (identity(c, settings) if settings else c for c in (trained, planned))
    if one != other:
        differing = [key for key in one | other if one.get(key) != other.get(key)]
        raise RecordError(f"{folder}: was trained with another config: {', '.join(differing)}")
    if isinstance(summary.get("versions"), dict):
        summary["versions"] = ", ".join(f"{k} {v}" for k, v in summary["versions"].items())
    summary["began"] = began(summary)
    if "adopted" in summary:
        summary["adopted"] = "; ".join(summary["adopted"]["differs"]) or None
    # Compare the counts first: a range of summary["epochs"] might not fit into memory.
    whole = len(epochs) == summary["epochs"] > 0
    if not whole or epochs["epoch"].tolist() != list(range(len(epochs))):
        raise RecordError(f"{folder}: metrics.csv lacks epochs, {summary['epochs']} were trained")
    for column, said in (("test_accuracy", "final_test_accuracy"), ("images_seen", "images_seen")):
        if epochs[column].iloc[-1] != summary[said]:
            raise RecordError(f"{folder}: metrics.csv and summary.json differ in {said}")
    return summary, epochs


def identity(config: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return a config's settings that differ from their defaults.

    Equal configs have equal identities even if the project's settings were added or removed.

    Parameters
    ----------
    config
        The run config of a record or of the study.
    settings
        ``defaults``: the default of every setting (by kind, if a group has several kinds);
        ``former``: the defaults of settings that kinds had in earlier versions.
    """
    found: dict[str, Any] = {}
    for name, value in config.items():
        default = settings["defaults"].get(name)
        if isinstance(value, dict) and isinstance(default, dict):
            kinds = default.get(value.get("name"), default)
            known = settings["former"].get(name, {}) | kinds
            changed = {k: v for k, v in value.items() if k not in known or known[k] != v}
            # Records from before a group was added don't have it.
            found |= {name: changed} if changed else {}
        elif value != default:
            found[name] = value
    return found


@dataclass(frozen=True)
class Collected:
    """Tables by name, correctness of each answer by record, and images of mistakes."""

    tables: dict[str, pd.DataFrame]
    hits: dict[str, NDArray[np.bool_]]
    pictures: NDArray[np.uint8] | None = None


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
    summaries: list[dict[str, Any]] = []
    epochs: list[pd.DataFrame] = []
    layers: dict[str, pd.DataFrame] = {}
    gaps: list[dict[str, Any]] = []
    hits: dict[str, NDArray[np.bool_]] = {}
    images: NDArray[np.int64] | None = None
    for run, planned in study["runs"].items():
        # Seeds beyond the planned ones belong to later looks, which a run may not have come to.
        for seed in range(planned.get("most", planned["seeds"])):
            record = folder / "runs" / run / f"seed{seed}"
            if seed >= planned["seeds"] and not record.is_dir():
                continue
            try:
                summary, rows = read_record(
                    record, run, seed, planned["config"], study.get("settings")
                )
                probabilities, labels = read_predictions(record)
                its_layers = read_layers(record).assign(run=run)
                if images is not None and not np.array_equal(labels, images):
                    raise RecordError(f"{record}: tested on other images than the first record")
            except RecordError as error:
                if not partial:
                    raise
                gaps.append({"run": run, "seed": seed, "reason": str(error)})
                continue
            images = labels
            hits[f"{run}/seed{seed}"] = probabilities.argmax(1) == labels
            layers.setdefault(run, its_layers)
            summaries.append({column: summary.get(column) for column in RUN_COLUMNS})
            rows.insert(0, "run", run)
            rows.insert(1, "seed", seed)
            epochs.append(rows)
    if not summaries:
        raise NothingFinishedError(f"{folder}: no run is finished")
    # Drop empty columns, whose undefined types may conflict when tables are joined.
    filled = [rows.dropna(axis="columns", how="all") for rows in epochs]
    tables = {
        "runs": pd.DataFrame(summaries, columns=list(RUN_COLUMNS)),
        "epochs": pd.concat(filled, ignore_index=True),
        "layers": pd.concat(layers.values(), ignore_index=True),
        "gaps": pd.DataFrame(gaps, columns=["run", "seed", "reason"]),
    }
    return _with_mistakes(Collected(tables, hits), study, folder)


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


def data_folder(folder: Path, study: dict[str, Any]) -> Path:
    """Return where the data of a study is: ``results/data/<dataset>``.

    A study that is kept without its images has their ``data.json`` beside ``study.json``. It takes
    images from ``results/data/<dataset>`` if these are the same.
    """
    own, shared = folder, folder.parent / "data" / str(study["scale"]["dataset"])
    paths = [place / "data.json" for place in (own, shared)]
    if not paths[0].is_file():
        return shared
    same = paths[1].is_file() and read_json(paths[0]) == read_json(paths[1])
    return shared if same else own


def read_predictions(record: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the class probabilities, of shape (images, classes), and the labels.

    Records of runs that others trained have none, of shape (0, classes).
    """
    path = record / "predictions.npz"
    arrays = read_arrays(path)
    missing = {"probabilities", "labels"} - arrays.keys()
    if missing:
        raise RecordError(f"{path}: lacks {', '.join(sorted(missing))}")
    probabilities, labels = arrays["probabilities"], arrays["labels"]
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        shapes = f"{probabilities.shape} and {labels.shape}"
        raise RecordError(f"{path}: can't be read: probabilities and labels of shapes {shapes}")
    classes = probabilities.shape[1]
    if probabilities.dtype.kind != "f" or labels.dtype.kind not in "iu" or classes < 2:
        raise RecordError(f"{path}: expected floats for two classes or more, and whole numbers")
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise RecordError(f"{path}: labels beyond the {classes} classes")
    return probabilities, labels


def read_layers(record: Path) -> pd.DataFrame:
    """Return a record's table of layers."""
    texts = ("name", "type", "output_shape", "kernel", "stride")
    return read_csv(record / "layers.csv", ("depth", "parameters", "flops"), texts)


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
