"""Write a run record of a run that others trained."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from resnet.config import RunConfig, to_dict
from resnet.costs import layers as cost
from resnet.files import new_folder, write_json
from resnet.imports.curves import METRICS, Curve, CurveError
from resnet.job import checksums
from resnet.job.record import write_csv

UNKNOWN = "not recorded"


def rows_of(curve: Curve, config: RunConfig, name: str) -> list[dict[str, Any]]:
    """Return the rows of ``metrics.csv``: one for each step with a test accuracy.

    What wasn't logged is NaN, but for the images seen, which are an equal share of the budget for
    each row.

    Raises
    ------
    CurveError
        If there is no test accuracy.
    """
    steps = [step for step in sorted(curve) if METRICS[0] in curve[step]]
    if not steps:
        raise CurveError(f"{name}: has no {METRICS[0]}; its metrics are named under metrics:")
    budget, best = config.budget.images_seen, -math.inf
    rows = []
    for epoch, step in enumerate(steps):
        values = {metric: curve[step].get(metric, math.nan) for metric in METRICS}
        if math.isnan(values["images_seen"]):
            values["images_seen"] = round(budget * (epoch + 1) / len(steps))
        if math.isnan(values["seconds"]):
            values["seconds"] = 0.0
        best = max(best, values["test_accuracy"])
        rows.append(
            {
                "epoch": epoch,
                **values,
                "images_seen": int(values["images_seen"]),
                "notebook_test_accuracy": values["test_accuracy"],
                "best_test_accuracy_so_far": best,
            }
        )
    return rows


def summary_of(
    rows: list[dict[str, Any]], run: str, seed: int, root: cost.Layer, source: str
) -> dict[str, Any]:
    """Return the content of ``summary.json``; what isn't known is null or says so."""
    accuracies, last = [row["test_accuracy"] for row in rows], rows[-1]
    train = last["train_accuracy"]
    return {
        "run": run,
        "seed": seed,
        "status": "finished",
        "epochs": len(rows),
        "images_seen": last["images_seen"],
        "final_test_accuracy": last["test_accuracy"],
        "final_notebook_test_accuracy": last["test_accuracy"],
        "best_test_accuracy": max(accuracies),
        "best_epoch": accuracies.index(max(accuracies)),
        "best_notebook_test_accuracy": max(accuracies),
        "final_train_accuracy": None if math.isnan(train) else train,
        "final_plain_train_accuracy": None,
        "parameters": root.parameters,
        "flops_per_image": root.flops,
        "seconds": sum(row["seconds"] for row in rows),
        "peak_memory_mib": None,
        "device": UNKNOWN,
        "processor": UNKNOWN,
        "threads": None,
        "precision": UNKNOWN,
        "commit": UNKNOWN,
        "code_digest": UNKNOWN,
        "versions": UNKNOWN,
        "imported": source,
    }


def write_imported(folder: Path, run: str, config: RunConfig, curve: Curve, source: str) -> None:
    """Write the record of a run and seed, with the declared network's layers and no predictions.

    Parameters
    ----------
    folder
        The record's folder.
    run
        The run's name.
    config
        The declared config, with the seed.
    curve
        The learning curve.
    source
        Where it was read.
    """
    rows = rows_of(curve, config, f"{run} seed {config.seed}")
    classes = len(config.dataset.classes)
    layers = cost.layers(config.model, classes)
    with new_folder(folder) as beside:
        write_json(beside / "config.json", to_dict(config))
        write_csv(beside / "metrics.csv", rows)
        write_csv(beside / "layers.csv", [dataclasses.asdict(layer) for layer in layers])
        np.savez_compressed(
            beside / "predictions.npz",
            probabilities=np.zeros((0, classes), np.float32),
            labels=np.zeros(0, np.int64),
        )
        write_json(beside / "summary.json", summary_of(rows, run, config.seed, layers[0], source))
        checksums.write(beside)
