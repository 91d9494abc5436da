"""Write synthetic studies: run records in the real format with invented accuracies."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablations.harness.declarations.all_declarations import load_bases
from ablations.harness.declared import declared_networks
from ablations.harness.resolve import resolve
from resnet.config import FORMER, defaults, from_dict, titles, to_dict
from resnet.costs import layers as cost
from resnet.images import pictures
from resnet.images.datasets import DATASETS
from resnet.images.datasets.digits.read import read_digits
from resnet.images.sources import cache as data
from resnet.job.declared import networks, rates

Predictions = tuple[NDArray[np.float32], NDArray[np.int64]]


def write_record(
    folder: Path,
    run: str,
    seed: int,
    config: dict[str, Any],
    accuracies: list[float],
    predictions: Predictions,
    **summary: Any,
) -> None:
    """Write a run record into ``results/<scale>``.

    Parameters
    ----------
    folder
        ``results/<scale>``.
    run, seed, config
        The run, as planned in ``study.json``.
    accuracies
        The test accuracy after each epoch, in [0, 1].
    predictions
        Probabilities, of shape (images, classes), and labels.
    summary
        Values that replace the summary's defaults; ``layers`` is the text of ``layers.csv``.
    """
    record = folder / "runs" / run / f"seed{seed}"
    record.mkdir(parents=True)
    (record / "config.json").write_text(json.dumps(config | {"seed": seed}), encoding="utf-8")
    (record / "layers.csv").write_text(summary.pop("layers"), encoding="utf-8")
    probabilities, labels = predictions
    np.savez_compressed(record / "predictions.npz", probabilities=probabilities, labels=labels)
    epochs = np.arange(len(accuracies))
    accuracy = np.array(accuracies)
    metrics = {
        "epoch": epochs,
        "images_seen": 512 * (epochs + 1),
        "train_loss": 2.1 - 2 * accuracy,
        "train_accuracy": 0.9 * accuracy,
        "test_loss": 2.2 - 2 * accuracy,
        "test_accuracy": accuracy,
        "notebook_test_accuracy": accuracy,
        "held_out_loss": None,
        "held_out_accuracy": None,
        "learning_rate": 0.1,
        "printed_learning_rate": 0.1,
        "images_per_second": 100.0,
        "seconds": 5.0,
    }
    pd.DataFrame(metrics).to_csv(record / "metrics.csv", index=False)
    usual = {
        "run": run,
        "seed": seed,
        "began": "2027-01-01T00:00:00+00:00",
        "status": "finished",
        "epochs": len(accuracies),
        "steps": 4 * len(accuracies),
        "images_seen": 512 * len(accuracies),
        "final_test_accuracy": accuracies[-1],
        "final_notebook_test_accuracy": accuracies[-1],
        "best_test_accuracy": max(accuracies),
        "best_epoch": int(accuracy.argmax()),
        "best_notebook_test_accuracy": max(accuracies),
        "last_finite_train_loss": 2.1 - 2 * accuracies[-1],
        "final_train_accuracy": 0.9 * accuracies[-1],
        "final_plain_train_accuracy": accuracies[-1],
        "parameters": 4978730,
        "flops_per_image": 815469568,
        "seconds": 5.0 * len(accuracies),
        "peak_memory_mib": 700.0,
        "device": "cpu",
        "processor": "a processor",
        "threads": 1,
        "precision": "fp32",
        "commit": "c0ffee",
        "code_digest": "d1ge57",
        "versions": {"torch": "2.0"},
    }
    (record / "summary.json").write_text(json.dumps(usual | summary), encoding="utf-8")


def answers(accuracy: float, labels: NDArray[np.int64], rng: np.random.Generator) -> Predictions:
    """Return random predictions for ten classes with about the given accuracy."""
    images = len(labels)
    wrong = (labels + rng.integers(1, 10, images)) % 10
    guesses = np.where(rng.random(images) < accuracy, labels, wrong)
    sure = rng.uniform(0.4, 1, images).astype(np.float32)
    probabilities = np.repeat((1 - sure)[:, None] / np.float32(9), 10, axis=1)
    probabilities[np.arange(images), guesses] = sure
    return probabilities, labels


def write_study(folder: Path, study: dict[str, Any], images: int, epochs: int = 8) -> None:
    """Write all files that a report of ``study`` needs, as if it had been trained.

    Parameters
    ----------
    folder
        ``results/<scale>``, which must not exist.
    study
        The study, as returned by `ablations.harness.study.to_document`.
    images
        Number of test images.
    epochs
        Number of epochs of each run.
    """
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(json.dumps(study), encoding="utf-8")
    cache = write_data(folder.parent / "data", study["scale"]["dataset"], images)
    (folder / "tables").mkdir()
    write_declared(folder)
    shown = [
        "--data",
        str(cache),
        "--copies",
        json.dumps(load_bases()["final"].augmentation.copies),
    ]
    assert pictures.main([*shown, "--output", f"{folder}/tables/pictures.npz"]) == 0
    rng = np.random.default_rng(0)
    labels = data.load(cache, "test").labels
    for run, planned in study["runs"].items():
        design = planned["config"]["model"]
        layers, root = _layers(design)
        level = rng.uniform(0.6, 0.9)
        for seed in range(planned["seeds"]):
            predictions = answers(level + rng.normal(0, 0.004), labels, rng)
            last = float((predictions[0].argmax(1) == labels).mean())
            rise = 1 - np.exp(-0.6 * np.arange(1, epochs + 1))
            curve = (last * rise / rise[-1] + rng.normal(0, 0.003, epochs)).clip(0, 1).tolist()
            costs = {"parameters": root.parameters, "flops_per_image": root.flops}
            curve[-1] = last
            write_record(
                folder, run, seed, planned["config"], curve, predictions, layers=layers, **costs
            )


def write_declared(folder: Path) -> None:
    """Write ``tables/rates.csv`` and ``tables/networks.csv``, which need no training."""
    for name, text in _declared().items():
        (folder / "tables" / name).write_text(text, encoding="utf-8")


@cache
def _declared() -> dict[str, str]:
    """Return the tables' texts by name; the networks are those of the paper's claims."""
    final = load_bases()["final"]
    asked = declared_networks(resolve({"scale": "smoke"}))
    tables = {"rates.csv": rates.by_epoch(final, 18), "networks.csv": networks.rows_of(asked)}
    return {name: pd.DataFrame(rows).to_csv(index=False) for name, rows in tables.items()}


def made_up(ablations: int, arms: int, seeds: int) -> dict[str, Any]:
    """Return an invented study of CIFAR-10; all ablations have the same base run."""
    config = to_dict(load_bases()["final"])
    runs = {"base.final": {"config": config, "seeds": seeds}}
    sections: dict[str, Any] = {}
    for number in range(ablations):
        members = [{"name": "base", "run": "base.final", "changes": {}, "also_changes": {}}]
        for arm in range(arms):
            run = f"ablation_{number}.arm_{arm}"
            rate = 0.1 + (number * arms + arm + 1) / 10_000
            optimizer = config["optimizer"] | {"learning_rate": rate}
            runs[run] = {"config": config | {"optimizer": optimizer}, "seeds": seeds}
            changes = {"optimizer.learning_rate": rate}
            members.append(
                {"name": f"arm_{arm}", "run": run, "changes": changes, "also_changes": {}}
            )
        sections[f"ablation_{number}"] = {
            "title": f"Made-up ablation {number}",
            "question": f"Does learning rate number {number} matter?",
            "source": "Nobody's",
            "base": "final",
            "design": "arms",
            "factor": ["optimizer.learning_rate"],
            "budget": "images",
            "claims": [],
            "seeds": seeds,
            "arms": members,
        }
    amounts = {"training_images": 50_000, "images_seen": 500_000, "seeds": seeds}
    scale = {"name": "paper", "about": "a made-up study", "dataset": "cifar10", "amounts": amounts}
    return {
        "scale": scale,
        "must_hold": [],
        "own_claims": [],
        "settings": {"titles": titles(), "defaults": defaults(), "former": FORMER},
        "ablations": sections,
        "runs": runs,
    }


def _layers(design: dict[str, Any]) -> tuple[str, cost.Layer]:
    """Return the text of ``layers.csv``, and its first row, which is the whole network."""
    rows = cost.layers(from_dict({"model": design}).model)
    return pd.DataFrame(map(dataclasses.asdict, rows)).to_csv(index=False), rows[0]


def write_data(folder: Path, dataset: str, images: int) -> Path:
    """Write a data set's cache: the real digits, or random images with CIFAR-10's shapes."""
    if dataset == "digits":
        splits = read_digits(Path())
        source = "digits"
    else:
        rng = np.random.default_rng(0)
        size, classes = DATASETS[dataset].image_size, len(DATASETS[dataset].classes)
        splits = {
            name: data.Split(
                rng.integers(0, 256, (n, size, size, 3), np.uint8), np.arange(n) % classes
            )
            for name, n in (("train", 100), ("test", images))
        }
        source = "archive"
    data.write_cache(splits, data.describe(splits, dataset, source, "noise"), folder / dataset)
    return folder / dataset
