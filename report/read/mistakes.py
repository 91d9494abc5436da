"""Which images are mistaken for what: confusions by class, and the most confident mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST = 24
"""Mistakes that are kept as pictures."""


def analysed_run(study: dict[str, Any], runs: pd.DataFrame) -> str:
    """Return the run whose mistakes are looked at.

    The paper's final model, at the longest length there is; in a study without it, the run of the
    highest mean accuracy after the last epoch.
    """
    trained = set(runs["run"])
    lengths = {
        run: planned["config"]["budget"]["images_seen"]
        for run, planned in study["runs"].items()
        if run in trained and run.startswith("base.final") and planned["config"]
    }
    if lengths:
        return str(max(lengths, key=lambda run: (lengths[run], run)))
    return str(runs.groupby("run", sort=False)["final_test_accuracy"].mean().idxmax())


def confusion(answers: list[tuple[NDArray[Any], NDArray[Any]]]) -> pd.DataFrame:
    """Return how many images of each class were taken for which, a row each that occurred.

    Parameters
    ----------
    answers
        By seed: the guessed and the right classes, of shape (images,).
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
    """Return the mistakes made with the highest probability, a row each, the surest first.

    Parameters
    ----------
    probabilities
        Of shape (images, classes): of one run, or the mean over its seeds.
    labels
        The right classes, of shape (images,).
    most
        How many at most.
    """
    guesses, sure = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero((guesses != labels) & np.isfinite(sure))
    first = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    columns = {"image": first, "label": labels[first], "guess": guesses[first]}
    return pd.DataFrame({**columns, "probability": sure[first].round(6)})


def pictures(folder: Path, mistakes: pd.DataFrame) -> NDArray[np.uint8] | None:
    """Return the mistaken test images from ``results/data/<dataset>``, None where it isn't there.

    Of shape (mistakes, size, size, 3).
    """
    try:
        images = np.load(folder / "test_images.npy", mmap_mode="r", allow_pickle=False)
        chosen: NDArray[np.uint8] = images[mistakes["image"].to_numpy(dtype=np.int64)]
    except (OSError, ValueError, IndexError):
        return None
    return chosen
