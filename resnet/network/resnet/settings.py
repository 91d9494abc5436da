"""Settings of the paper's residual network and its variants. This module doesn't import torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from resnet.network.settings import Convolutions, NetworkSettings
from resnet.settings import ConfigError, Odd

Blocks = Annotated[int, Meta(ge=1, le=64)]
Channels = Annotated[int, Meta(ge=1, le=4096)]
Stride = Annotated[int, Meta(ge=1, le=8)]


class Settings(NetworkSettings, frozen=True, tag="resnet"):
    """The settings of a residual network (He et al. 2016, arXiv:1512.03385).

    The defaults are the paper's final network (4,978,730 parameters). ``channels`` starts with the
    stem; other lists have one value for each stage.
    """

    blocks: Annotated[tuple[Blocks, Blocks, Blocks, Blocks], Meta(title="blocks a stage")] = (
        2,
        4,
        3,
        3,
    )
    channels: Annotated[
        tuple[Channels, Channels, Channels, Channels, Channels],
        Meta(title="channels, stem first"),
    ] = (32, 32, 64, 128, 256)
    stem_kernel: Annotated[Odd, Meta(title="kernel of the stem")] = 3
    stage_kernels: Annotated[tuple[Odd, Odd, Odd, Odd], Meta(title="kernels of the stages")] = (
        5,
        5,
        3,
        3,
    )
    stem_stride: Annotated[Stride, Meta(title="stride of the stem")] = 1
    stage_strides: Annotated[
        tuple[Stride, Stride, Stride, Stride], Meta(title="strides of the stages")
    ] = (1, 2, 2, 2)
    maxpool: Annotated[bool, Meta(title="maxpool after the stem")] = False
    stride_in_block: Annotated[
        Literal["first", "second"], Meta(title="which convolution of a block has the stride")
    ] = "first"
    shortcut_kernel: Annotated[Odd, Meta(title="kernel of the shortcuts")] = 1
    convolutions_per_block: Annotated[int, Meta(ge=1, le=8, title="convolutions a block")] = 2
    # Every block is initially its shortcut alone (Goyal et al. 2017, arXiv:1706.02677, sec. 5.1).
    zero_init_residual: Annotated[bool, Meta(title="blocks start as their shortcuts")] = False
    # Images are enlarged before the stem (Tan & Le 2019, arXiv:1905.11946, section 3.2).
    enlarge: Annotated[float, Meta(ge=1, le=8, title="images' sides enlarged by")] = 1.0

    def __post_init__(self) -> None:
        if self.stride_in_block == "second" and self.convolutions_per_block == 1:
            raise ConfigError(
                "model.stride_in_block", "second", "a block of one convolution has no second"
            )

    def convolutions(self, image_size: int) -> Iterator[Convolutions]:
        """Yield the network's convolutions, including a projection in every stage."""
        stem, *widths = self.channels
        pixels = -(-round(image_size * self.enlarge) // self.stem_stride)
        yield Convolutions(3, stem, self.stem_kernel, pixels, 1)
        pixels = -(-pixels // 2) if self.maxpool else pixels
        inputs = stem
        for i, width in enumerate(widths):
            pixels = -(-pixels // self.stage_strides[i])
            number = self.blocks[i] * self.convolutions_per_block - 1
            yield Convolutions(inputs, width, self.stage_kernels[i], pixels, 1)
            yield Convolutions(inputs, width, self.shortcut_kernel, pixels, 1)
            yield Convolutions(width, width, self.stage_kernels[i], pixels, number)
            inputs = width
