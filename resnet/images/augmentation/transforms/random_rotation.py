"""Rotations by up to 90 degrees, as torchvision's ``RandomRotation(90)``."""

from __future__ import annotations

import torch
from torch import Tensor

from resnet.images.augmentation.transform import Floats, Transform


def angle(u: Floats, size: int) -> Floats:
    """Return angles in degrees, uniform from -90 to 90, of shape (n, 1)."""
    return -90 + 180 * u


def rotation(images: Tensor, angles: Tensor) -> Tensor:
    """Rotate counter-clockwise by ``angles`` degrees about the centre, filling with black.

    Uses nearest-neighbour sampling in 16.16 fixed-point arithmetic, as Pillow's affine transform.
    """
    n, _, _, size = images.shape
    turn = -torch.deg2rad(angles[:, 0].to(torch.float64))
    cos, sin, half = turn.cos(), turn.sin(), size / 2

    def fixed(x: Tensor) -> Tensor:
        return (x * 65536 + 0.5).floor().to(torch.int32)[:, None, None]

    x = torch.arange(size, device=images.device, dtype=torch.int32)
    y = x[:, None]
    # Position in the input of the output pixel with the centre (x + 1/2, y + 1/2).
    corner = 0.5 - half
    source_x = fixed(cos) * x + fixed(sin) * y + fixed(cos * corner + sin * corner + half) >> 16
    source_y = fixed(-sin) * x + fixed(cos) * y + fixed(-sin * corner + cos * corner + half) >> 16
    inside = (source_x >= 0) & (source_x < size) & (source_y >= 0) & (source_y < size)
    image = torch.arange(n, device=images.device, dtype=torch.int32)[:, None, None]
    place = image * size**2 + (source_y * size + source_x) * inside
    pixels = images.permute(0, 2, 3, 1).reshape(-1, 3)
    rotated = pixels.index_select(0, place.flatten()).view(n, size, size, 3)
    return (rotated * inside.unsqueeze(3)).permute(0, 3, 1, 2)


TRANSFORM = Transform(1, angle, rotation)
