"""Random crops resized to the original size, as torchvision's ``RandomResizedCrop``."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from resnet.images.augmentation.transform import Floats, Transform


def crop_box(u: Floats, size: int) -> Floats:
    """Return boxes (top, left, height, width) of shape (n, 4) as RandomResizedCrop draws them.

    Area 8% to 100%, aspect ratio 3/4 to 4/3 (log-uniform), and the whole image after ten failed
    attempts: torchvision's defaults (Szegedy et al. 2015, arXiv:1409.4842).

    Parameters
    ----------
    u
        Uniform numbers of shape (n, 22): ten pairs for area and ratio, two for the position.
    size
        Width and height of the images, in pixels.
    """
    area = size * size * (0.08 + (1 - 0.08) * u[:, 0:20:2])
    low, high = math.log(3 / 4), math.log(4 / 3)
    ratio = np.exp(low + (high - low) * u[:, 1:20:2])
    widths, heights = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
    fits = (widths > 0) & (widths <= size) & (heights > 0) & (heights <= size)
    first, rows = fits.argmax(1), np.arange(len(u))
    some = fits.any(1)
    width = np.where(some, widths[rows, first], size)
    height = np.where(some, heights[rows, first], size)
    top = np.floor(u[:, 20] * (size - height + 1))
    left = np.floor(u[:, 21] * (size - width + 1))
    return np.stack([top, left, height, width], axis=1)


def resized_crop(images: Tensor, boxes: Tensor) -> Tensor:
    """Crop to ``boxes`` (top, left, height, width) and resize bilinearly, as Pillow does.

    Pillow filters the rows, rounds to a grey level, then filters the columns; each filter is a
    product with a small matrix of weights.
    """
    n, _, _, size = images.shape
    top, left, height, width = boxes.to(torch.float32).unbind(1)
    across, down = _weights(left, width, size), _weights(top, height, size)
    rows = images.to(torch.float32, memory_format=torch.contiguous_format).view(n, 3 * size, size)
    rows = _round(rows @ across.transpose(1, 2)).view(images.shape)
    return _round(down.unsqueeze(1) @ rows).to(torch.uint8)


def _weights(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Return each output pixel's weights of the input pixels, of shape (n, size, size)."""
    grid = torch.arange(size, device=start.device, dtype=torch.float32)
    centre = (grid[:, None] + 0.5) * (length / size)[:, None, None]
    inside = grid - start[:, None, None]
    # In place from here on: allocating memory takes longer than the arithmetic.
    weights = (inside + 0.5 - centre).abs_().neg_().add_(1).clamp_(min=0)
    weights *= (inside >= 0) & (inside < length[:, None, None])
    return weights.div_(weights.sum(2, keepdim=True))


def _round(levels: Tensor) -> Tensor:
    """Round in place to whole grey levels; means of grey levels need no clipping."""
    return levels.add_(0.5).floor_()


TRANSFORM = Transform(22, crop_box, resized_crop)
