"""Write the record of a finished run, a folder that is either complete or absent."""

from __future__ import annotations

import csv
import dataclasses
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from resnet.config import to_dict
from resnet.costs import layers as cost
from resnet.files import new_folder, write_json
from resnet.job import checksums
from resnet.training.evaluation import Evaluation
from resnet.training.run import Run

FILES = (
    "config.json",
    "metrics.csv",
    "predictions.npz",
    "layers.csv",
    "summary.json",
    checksums.WEIGHTS,
    checksums.NAME,
)


def write_record(
    folder: Path,
    name: str,
    run: Run,
    facts: dict[str, Any],
    origin: dict[str, Any],
    predictions: Evaluation,
    plain_train_accuracy: float,
    keep_weights: bool = True,
) -> None:
    """Write the files of a run record, and their checksums.

    Parameters
    ----------
    folder
        Folder of the record; an existing record is replaced.
    name
        The run's name.
    run
        The run, finished or diverged.
    facts
        The data's ``data.json``.
    origin
        Result of `resnet.job.provenance.origin` at the start of the run.
    predictions
        The final evaluation on the test images.
    plain_train_accuracy
        Final accuracy in [0, 1] on the training images, not augmented, in evaluation mode.
    keep_weights
        Whether the record includes the weights, 20 MB that the report doesn't read.
    """
    classes = len(run.config.dataset.classes)
    layers = [dataclasses.asdict(row) for row in cost.layers(run.config.model, classes)]
    summary = _summary(name, run, facts, layers[0], plain_train_accuracy) | origin
    with new_folder(folder) as beside:
        write_json(beside / "config.json", to_dict(run.config))
        write_csv(beside / "metrics.csv", run.rows)
        write_csv(beside / "layers.csv", layers)
        np.savez_compressed(
            beside / "predictions.npz",
            probabilities=predictions.probabilities,
            labels=run.images.test[1].cpu().numpy(),
        )
        if keep_weights:
            weights = {k: v.contiguous() for k, v in run.evaluated.state_dict().items()}
            # As bytes, since safetensors' own writer doesn't raise OSError on a full disk.
            (beside / checksums.WEIGHTS).write_bytes(save(weights))
        write_json(beside / "summary.json", summary)
        checksums.write(beside)


def _summary(
    name: str, run: Run, facts: dict[str, Any], root: dict[str, Any], plain: float
) -> dict[str, Any]:
    cuda = run.device.type == "cuda"
    return {
        "run": name,
        "seed": run.config.seed,
        **run.results(),
        "final_plain_train_accuracy": plain,
        "parameters": root["parameters"],
        "flops_per_image": root["flops"],
        "seconds": sum(row["seconds"] for row in run.rows),
        "peak_memory_mib": _peak_memory_mib(cuda),
        "device": torch.cuda.get_device_name(run.device) if cuda else "cpu",
        "threads": torch.get_num_threads(),
        "precision": run.precision,
        "data": {key: facts[key] for key in ("dataset", "source", "pixels", "sha256")},
    }


def _peak_memory_mib(cuda: bool) -> float:
    """Return the peak memory: the GPU's if the run used a GPU, else the process's."""
    if cuda:
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    # ru_maxrss is in KiB on Linux (getrusage(2)), in bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows that all have the same keys, with a header line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
