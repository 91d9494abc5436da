"""What every network's settings have in common, and the kinds that there are. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from resnet.settings import Group


class Convolutions(NamedTuple):
    """Equal convolutions: channels in and out, kernel, the output's width in pixels, how many."""

    inputs: int
    outputs: int
    kernel: int
    pixels: int
    number: int


class NetworkSettings(Group, frozen=True, tag_field="name"):
    """The settings of a network."""

    def convolutions(self, image_size: int) -> Iterator[Convolutions]:
        """Yield the network's convolutions, by which memory and time are estimated beforehand.

        A network that doesn't override this is taken for ResNet-18 without a first reduction.

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
