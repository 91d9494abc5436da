"""A grey square painted over a random place (DeVries & Taylor 2017, arXiv:1708.04552)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from resnet.images.augmentation.transform import Floats, Transform


def hole(u: Floats, size: int) -> Floats:
    """Return (top, left) of cutout's square, its centre on any pixel, of shape (n, 2)."""
    return np.floor(u * size) - hole_size(size) // 2


def hole_size(size: int) -> int:
    """Return the side of cutout's square: 8 pixels at 32.

    DeVries & Taylor (2017, arXiv:1708.04552) take 16 for 200 epochs; a shorter run bears less.
    """
    return size // 4


def cut_out(images: Tensor, corners: Tensor) -> Tensor:
    """Paint a square from ``corners`` (top, left) on grey; what lies outside is left out."""
    grid = torch.arange(images.shape[3], device=images.device)
    inside = (grid >= corners[:, :, None]) & (grid < corners[:, :, None] + hole_size(len(grid)))
    square = inside[:, 0, :, None] & inside[:, 1, None, :]
    return images.masked_fill(square.unsqueeze(1), 128)


TRANSFORM = Transform(2, hole, cut_out)
