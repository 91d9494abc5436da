"""Read a data set from image files in a folder for each class: ``<split>/<class>/<name>.png``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from resnet.files import listed
from resnet.images.dataset import Dataset
from resnet.images.sources.cache import SPLITS, DataError, Split
from resnet.images.sources.encoded import decode
from resnet.images.sources.source import contents

SUFFIXES = (".png", ".jpg", ".jpeg")


def has_folders(folder: Path) -> bool:
    """Return whether a folder has a folder for each split, with folders in it."""
    return all(
        (folder / split).is_dir() and any(path.is_dir() for path in (folder / split).iterdir())
        for split in SPLITS
    )


def read_folders(folder: Path, dataset: Dataset) -> dict[str, Split]:
    """Return the decoded images of each split.

    The order is a fixed random one: runs on few images take the first ones, which must be of all
    classes.

    Raises
    ------
    DataError
        If a class has no folder, a folder is no class, the number of images is wrong, or an image
        can't be decoded. Names and numbers are checked before any image is decoded.
    """
    files = {split: _files(folder / split, split, dataset) for split in SPLITS}
    return {split: _read(found, dataset) for split, found in files.items()}


def _files(folder: Path, split: str, dataset: Dataset) -> list[tuple[Path, int]]:
    """Return a split's image files, each with its label."""
    if not folder.is_dir():
        raise DataError(
            f"no folder {split} in {folder.parent.resolve()}: {contents(folder.parent)}"
        )
    found = {path.name: path for path in listed(folder, "*") if path.is_dir()}
    missing = [name for name in dataset.classes if name not in found]
    unknown = [name for name in found if name not in dataset.classes]
    if missing or unknown:
        raise DataError(
            f"{folder}: expected a folder for each class, named {', '.join(dataset.classes)}; "
            f"{contents(folder)}"
        )
    files = [
        (path, label)
        for label, name in enumerate(dataset.classes)
        for path in listed(found[name], "*")
        if path.suffix.lower() in SUFFIXES
    ]
    expected = dataset.images(split)
    if len(files) != expected:
        raise DataError(f"{folder}: {len(files):,} PNG and JPEG images, expected {expected:,}")
    order = np.random.default_rng(0).permutation(len(files))
    return [files[k] for k in order]


def _read(files: list[tuple[Path, int]], dataset: Dataset) -> Split:
    images = [decode(path.read_bytes(), dataset.image_size, str(path)) for path, _ in files]
    return Split(np.stack(images), np.asarray([label for _, label in files], np.int64))
