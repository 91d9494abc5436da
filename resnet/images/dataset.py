"""Static properties of a data set. This module imports only the standard library."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """Static properties of a data set; images are square, RGB and uint8.

    Parameters
    ----------
    classes
        Names of the classes, in the order of the labels, which start from 0.
    image_size
        Width and height, in pixels.
    training_images, test_images
        Numbers of images.
    sources
        The sources of the images, i.e. the legal values of ``data_source``; default first.
    ways_out
        Help shown when the images can't be read.
    """

    classes: tuple[str, ...]
    image_size: int
    training_images: int
    test_images: int
    sources: tuple[str, ...]
    ways_out: str = ""

    def images(self, split: str) -> int:
        """Return the number of images of a split, ``train`` or ``test``."""
        return {"train": self.training_images, "test": self.test_images}[split]
