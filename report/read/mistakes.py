"""Analyse misclassified images: confusion counts by class, and the most confident mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from report.read.arms import headline_runs
from report.read.files import read_arrays

MOST = 24
"""Maximum number of mistakes whose images are saved."""


def analysed_run(study: dict[str, Any], runs: pd.DataFrame) -> str:
    """Return the run whose mistakes are analysed.

    This is the longest run of the paper's headline base; in a study without it, the run with the
    highest mean accuracy after the last epoch.
    """
    for run in headline_runs(study, runs["run"]):
        return run
    return str(runs.groupby("run", sort=False)["final_test_accuracy"].mean().idxmax())


def confusion(answers: list[tuple[NDArray[Any], NDArray[Any]]]) -> pd.DataFrame:
    """Return the number of images for each pair of true and predicted class that occurs.

    Parameters
    ----------
    answers
        The predicted and the true classes of each seed, of shape (images,).
    """
    parts = [
        pd.DataFrame({"seed": seed, "label": labels, "guess": guesses})
        for seed, (guesses, labels) in enumerate(answers)
    ]
    counted = pd.concat(parts).value_counts(sort=False).rename("images").reset_index()
    return counted.sort_values(["seed", "label", "guess"], ignore_index=True)


def confident(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], most: int = MOST
) -> pd.DataFrame:
    """Return the mistakes with the highest probability, one in each row, in descending order.

    Parameters
    ----------
    probabilities
        Probabilities of one run or means over its seeds, of shape (images, classes).
    labels
        The true classes, of shape (images,).
    most
        Maximum number of mistakes.
    """
    guesses, sure = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero((guesses != labels) & np.isfinite(sure))
    first = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    columns = {"image": first, "label": labels[first], "guess": guesses[first]}
    return pd.DataFrame({**columns, "probability": sure[first].round(6)})


def pictures(folder: Path, mistakes: pd.DataFrame) -> NDArray[np.uint8] | None:
    """Return the misclassified test images from ``results/data/<dataset>``, or None if missing.

    The array has shape (mistakes, size, size, 3).
    """
    try:
        images = np.load(folder / "test_images.npy", mmap_mode="r", allow_pickle=False)
        chosen: NDArray[np.uint8] = images[mistakes["image"].to_numpy(dtype=np.int64)]
    except (OSError, ValueError, IndexError):
        return None
    return chosen


def kept(path: Path, mistakes: pd.DataFrame) -> NDArray[np.uint8] | None:
    """Return the images of the mistakes that an earlier call wrote, or None if one is missing."""
    arrays = read_arrays(path) if path.is_file() else {}
    numbers = list(arrays.get("numbers", ()))
    if "images" not in arrays or not set(mistakes["image"]) <= set(numbers):
        return None
    chosen: NDArray[np.uint8] = arrays["images"][[numbers.index(n) for n in mistakes["image"]]]
    return chosen
