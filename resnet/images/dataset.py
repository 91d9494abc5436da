"""What is known of a data set before it is read. Imports nothing but Python's library."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """A data set's fixed facts: images are square, RGB, uint8.

    Parameters
    ----------
    classes
        Their names, in the order of the labels, which count from 0.
    image_size
        Width and height, in pixels.
    training_images, test_images
        How many there are.
    sources
        Where the images can be read from, the default first: the legal values of ``data_source``.
    ways_out
        What to say where the images can't be read.
    """

    classes: tuple[str, ...]
    image_size: int
    training_images: int
    test_images: int
    sources: tuple[str, ...]
    ways_out: str = ""
