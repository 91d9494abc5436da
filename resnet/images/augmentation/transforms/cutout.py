"""A grey square painted over a random place (DeVries & Taylor 2017, arXiv:1708.04552)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from resnet.images.augmentation.transform import Floats, Transform


def hole(u: Floats, size: int) -> Floats:
    """Return (top, left) of cutout's squares, of shape (n, 2); the centre may be any pixel."""
    return np.floor(u * size) - hole_size(size) // 2


def hole_size(size: int) -> int:
    """Return the side of cutout's square: 8 pixels for images of 32 pixels.

    DeVries & Taylor (2017, arXiv:1708.04552) use 16 for 200 epochs; shorter runs need less.
    """
    return size // 4


def cut_out(images: Tensor, corners: Tensor) -> Tensor:
    """Paint a grey square at ``corners`` (top, left), clipped to the image."""
    grid = torch.arange(images.shape[3], device=images.device)
    inside = (grid >= corners[:, :, None]) & (grid < corners[:, :, None] + hole_size(len(grid)))
    square = inside[:, 0, :, None] & inside[:, 1, None, :]
    return images.masked_fill(square.unsqueeze(1), 128)


TRANSFORM = Transform(2, hole, cut_out)
