"""Write example images for the report: one per class, augmented with each copy's transforms.

``python -m resnet.images.pictures --data FOLDER --copies JSON --output FILE`` writes
``pictures.npz`` with ``images``, uint8 of shape (copies, images, size, size, 3), ``labels``, and
``copies``, a text for each copy.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from resnet.config import from_dict
from resnet.files import end, new_file
from resnet.images.augmentation.augmenter import Augmenter
from resnet.images.sources.cache import DataError, Split, load
from resnet.settings import ConfigError


def first_of_each(split: Split) -> Split:
    """Return the first image of each class, in the order of classes."""
    places = [int(np.argmax(split.labels == label)) for label in np.unique(split.labels)]
    return Split(np.ascontiguousarray(split.images[places]), split.labels[places])


def augmented(split: Split, copies: tuple[tuple[str, ...], ...]) -> NDArray[np.uint8]:
    """Return ``split`` augmented as in seed 0's first epoch, of shape (copies, images, ...)."""
    n, size = len(split.labels), split.images.shape[1]
    augmenter = Augmenter(copies, seed=0, epoch=0, images=n, size=size)
    batch = augmenter.batch(torch.from_numpy(split.images), np.arange(n * len(copies)))
    pixels = batch.permute(0, 2, 3, 1).numpy()
    shaped: NDArray[np.uint8] = pixels.reshape(len(copies), *split.images.shape)
    return shaped


def main(argv: list[str] | None = None) -> int:
    """Write ``pictures.npz``."""
    parser = argparse.ArgumentParser(
        prog="python -m resnet.images.pictures", description=main.__doc__
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that the data stage wrote"
    )
    parser.add_argument("--copies", required=True, help="lists of transforms, as JSON")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        copies = from_dict({"augmentation.copies": json.loads(args.copies)}).augmentation.copies
        split = first_of_each(load(args.data, "train"))
        images = augmented(split, copies)
        names = [", then ".join(copy) if copy else "as is" for copy in copies]
        with new_file(args.output) as beside, beside.open("wb") as file:
            np.savez_compressed(file, images=images, labels=split.labels, copies=np.array(names))
    except (ConfigError, DataError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    end(main)
