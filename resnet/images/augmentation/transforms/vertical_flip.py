"""Every image turned upside down, as ``RandomVerticalFlip(p=1)``."""

from __future__ import annotations

from torch import Tensor

from resnet.images.augmentation.transform import Transform, nothing


def upside_down(images: Tensor, none: Tensor) -> Tensor:
    """Flip top and bottom."""
    return images.flip(2)


TRANSFORM = Transform(0, nothing, upside_down)
