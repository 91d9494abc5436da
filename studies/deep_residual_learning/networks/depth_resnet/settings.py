"""The settings of the networks of He et al. 2016, section 4.2. This module doesn't import torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from resnet.network.settings import Convolutions, NetworkSettings

CHANNELS = (16, 32, 64)
"""The channels of the three stages."""


class Settings(NetworkSettings, frozen=True, tag="depth_resnet"):
    """A network of 6n + 2 layers, where n is ``blocks``.

    ``shortcuts`` are identities throughout; without them the network is the paper's plain one.
    """

    blocks: Annotated[int, Meta(ge=1, le=400, title="blocks in a stage")] = 3
    shortcuts: Annotated[bool, Meta(title="identity shortcuts")] = True

    @property
    def layers(self) -> int:
        """The number of convolutions and linear layers, by which the paper names its networks."""
        return 6 * self.blocks + 2

    def convolutions(self, image_size: int) -> Iterator[Convolutions]:
        """Yield the convolutions: the stem, and two in each block of three stages."""
        inputs, pixels = CHANNELS[0], image_size
        yield Convolutions(3, inputs, 3, pixels, 1)
        for outputs in CHANNELS:
            pixels = pixels if outputs == inputs else -(-pixels // 2)
            yield Convolutions(inputs, outputs, 3, pixels, 1)
            yield Convolutions(outputs, outputs, 3, pixels, 2 * self.blocks - 1)
            inputs = outputs
