"""The base class of every network's settings. This module doesn't import torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from resnet.settings import Group


class Convolutions(NamedTuple):
    """A number of equal convolutions: channels, kernel size, and output width in pixels."""

    inputs: int
    outputs: int
    kernel: int
    pixels: int
    number: int


class NetworkSettings(Group, frozen=True, tag_field="name"):
    """The settings of a network."""

    def convolutions(self, image_size: int) -> Iterator[Convolutions]:
        """Yield the network's convolutions, which are used to estimate memory and time.

        The default is ResNet-18 without the reductions of its stem.

        Parameters
        ----------
        image_size
            Width and height of an image, in pixels.
        """
        inputs, pixels = 64, image_size
        yield Convolutions(3, inputs, 3, pixels, 1)
        for outputs in (64, 128, 256, 512):
            pixels = pixels if outputs == inputs else -(-pixels // 2)
            yield Convolutions(inputs, outputs, 3, pixels, 1)
            yield Convolutions(outputs, outputs, 3, pixels, 3)
            inputs = outputs
