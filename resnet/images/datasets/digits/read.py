"""Read scikit-learn's digits data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from resnet.images.datasets.digits.settings import DATASET
from resnet.images.sources.cache import Split
from resnet.images.sources.source import Source


def read_digits(folder: Path) -> dict[str, Split]:
    """Return scikit-learn's digits, 80% for training; the split is stratified with a fixed seed."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    # Grey values run from 0 to 16.
    grey = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    images = np.repeat(grey[..., None], 3, axis=3)
    labels = digits.target.astype(np.int64)
    halves = train_test_split(
        images,
        labels,
        test_size=DATASET.test_images,
        random_state=0,
        stratify=labels,
    )
    return {"train": Split(halves[0], halves[2]), "test": Split(halves[1], halves[3])}


SOURCES = {"digits": Source(read_digits, "scikit-learn's digits, 8x8 grey", reads_folder=False)}
