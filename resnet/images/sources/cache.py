"""The cache from which every run reads its images: decoded and checked arrays on disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet.files import new_folder
from resnet.images.datasets import DATASETS

SPLITS = ("train", "test")


class DataError(Exception):
    """Data is missing, truncated or wrong; the message states where and what was expected."""


@dataclass(frozen=True)
class Split:
    """Images of shape (n, size, size, 3), uint8, and labels of shape (n,), int64 from 0."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def check(splits: dict[str, Split], dataset: str) -> None:
    """Check counts, shapes and labels against the data set's static properties.

    Raises
    ------
    DataError
        If a check fails; the message names the split and the expected value.
    """
    facts = DATASETS[dataset]
    for name in SPLITS:
        split, count = splits[name], facts.images(name)
        shape = (count, facts.image_size, facts.image_size, 3)
        if split.images.shape != shape:
            raise DataError(f"{name} images of shape {split.images.shape}, expected {shape}")
        if split.labels.shape != (count,):
            raise DataError(f"{name} labels of shape {split.labels.shape}, expected ({count},)")
        low, high = int(split.labels.min()), int(split.labels.max())
        if (low, high) != (0, len(facts.classes) - 1):
            raise DataError(
                f"{name} labels from {low} to {high}, expected 0 to {len(facts.classes) - 1}"
            )


def describe(splits: dict[str, Split], dataset: str, source: str, pixels: str) -> dict[str, Any]:
    """Return checksums, counts, classes and channel statistics in [0, 1] that identify the data."""
    levels = splits["train"].images
    # Sums of integers are exact, so the statistics don't depend on the order of summation.
    counts = np.stack([np.bincount(levels[..., c].ravel(), minlength=256) for c in range(3)])
    values = np.arange(256) / 255
    mean = counts @ values / counts.sum(1)
    deviation = np.sqrt(counts @ values**2 / counts.sum(1) - mean**2)
    return {
        "dataset": dataset,
        "source": source,
        "pixels": pixels,
        "classes": list(DATASETS[dataset].classes),
        "images": {name: len(split.labels) for name, split in splits.items()},
        "sha256": {name: checksum(split) for name, split in splits.items()},
        "channel_mean": mean.round(6).tolist(),
        "channel_deviation": deviation.round(6).tolist(),
    }


def checksum(split: Split) -> str:
    """Return the SHA-256 of a split's pixels followed by its labels."""
    digest = hashlib.sha256(np.ascontiguousarray(split.images).data)
    digest.update(np.ascontiguousarray(split.labels).data)
    return digest.hexdigest()


def write_cache(splits: dict[str, Split], facts: dict[str, Any], folder: Path) -> None:
    """Write ``{train,test}_{images,labels}.npy`` and ``data.json`` atomically."""
    with new_folder(folder) as beside:
        for name, split in splits.items():
            np.save(beside / f"{name}_images.npy", split.images, allow_pickle=False)
            np.save(beside / f"{name}_labels.npy", split.labels, allow_pickle=False)
        (beside / "data.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def load(folder: Path, split: str) -> Split:
    """Return a split from the cache, with memory-mapped images.

    Raises
    ------
    DataError
        If the cache is missing, can't be read, or has another checksum than when written.
    """
    try:
        # Copy-on-write, because torch requires writable memory; nothing writes to it.
        images = np.load(folder / f"{split}_images.npy", mmap_mode="c", allow_pickle=False)
        labels = np.load(folder / f"{split}_labels.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise DataError(f"no readable data in {folder}: {error}") from None
    found = Split(images, labels)
    if checksum(found) != read_facts(folder)["sha256"].get(split):
        raise DataError(f"{folder}: the {split} data is not what was written; remove the folder")
    return found


def read_facts(folder: Path) -> dict[str, Any]:
    """Return a cache's ``data.json``.

    Raises
    ------
    DataError
        If the file is missing or has unexpected content.
    """
    path = folder / "data.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        known = facts["dataset"] in DATASETS and isinstance(facts["sha256"], dict)
        numbers = [*facts["channel_mean"], *facts["channel_deviation"]]
        if not known or len(numbers) != 6 or not all(isinstance(n, float) for n in numbers):
            raise ValueError("not what resnet.images.sources.prepare writes")
        return {**facts, "source": str(facts["source"]), "pixels": str(facts["pixels"])}
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else error
        raise DataError(f"{path}: can't be read: {reason}") from None
