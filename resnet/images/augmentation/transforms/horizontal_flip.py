"""Every image mirrored left to right, as ``RandomHorizontalFlip(p=1)``."""

from __future__ import annotations

from torch import Tensor

from resnet.images.augmentation.transform import Transform, nothing


def mirrored(images: Tensor, none: Tensor) -> Tensor:
    """Flip left and right."""
    return images.flip(3)


TRANSFORM = Transform(0, nothing, mirrored)
