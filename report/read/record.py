"""Read one run record, after checking that its files agree with each other and with the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from report.read.began import began
from report.read.files import RecordError, read_arrays, read_csv, read_json

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
        summary["versions"] = ", ".join(f"{k} {v}" for k, v in sorted(summary["versions"].items()))
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
            former = settings["former"].get(name, {})
            # Of a kind without settings none ever had an effect.
            idle = () if kinds.keys() - {"name"} else former
            known = former | kinds
            changed = {
                k: v
                for k, v in value.items()
                if k not in idle and (k not in known or known[k] != v)
            }
            # Records from before a group was added don't have it.
            found |= {name: changed} if changed else {}
        elif value != default:
            found[name] = value
    return found


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
