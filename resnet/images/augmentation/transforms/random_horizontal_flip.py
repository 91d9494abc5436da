"""Half of the images mirrored left to right, as ``RandomHorizontalFlip``."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from resnet.images.augmentation.transform import Floats, Transform


def coin(u: Floats, size: int) -> Floats:
    """Return 1 for half of the images, else 0, of shape (n, 1)."""
    return (u < 0.5).astype(np.float64)


def mirrored_where(images: Tensor, coins: Tensor) -> Tensor:
    """Flip left and right where the coin is 1."""
    return torch.where(coins[:, :, None, None].to(torch.bool), images.flip(3), images)


TRANSFORM = Transform(1, coin, mirrored_where)
