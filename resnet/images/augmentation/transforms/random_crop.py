"""Random crops of the image with a black border, as torchvision's ``RandomCrop``."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from resnet.images.augmentation.transform import Floats, Transform


def offset(u: Floats, size: int) -> Floats:
    """Return (top, left) of the crops, from 0 to 2 ``padding(size)``, of shape (n, 2)."""
    return np.floor(u * (2 * padding(size) + 1))


def padding(size: int) -> int:
    """Return the border of random crops: 4 pixels at size 32 (He et al. 2016, section 4.2)."""
    return max(1, size // 8)


def shifted(images: Tensor, offsets: Tensor) -> Tensor:
    """Pad with black and crop each image at its own offset (top, left)."""
    n, _, _, size = images.shape
    border = padding(size)
    wide = functional.pad(images.permute(0, 2, 3, 1), (0, 0) + (border,) * 4)
    # All possible crops of every row of pixels: (n, row, first column, pixels of the crop).
    windows = wide.flatten(2).unfold(2, 3 * size, 3)
    top, left = offsets.to(torch.int64).unbind(1)
    rows = top[:, None] + torch.arange(size, device=images.device)
    image = torch.arange(n, device=images.device)[:, None]
    return windows[image, rows, left[:, None]].view(n, size, size, 3).permute(0, 3, 1, 2)


TRANSFORM = Transform(2, offset, shifted)
