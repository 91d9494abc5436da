"""A transform: an image's random numbers, what they become, and what that does to pixels."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Transform:
    """One kind of augmentation.

    Parameters
    ----------
    draws
        How many uniform numbers in [0, 1) an image takes.
    parameters
        Maps those of n images, of shape (n, draws), and the images' size in pixels to what
        ``pixels`` takes, of shape (n, k).
    pixels
        Maps uint8 images of shape (n, 3, size, size) and their parameters to such images.
    """

    draws: int
    parameters: Callable[[Floats, int], Floats]
    pixels: Callable[[Tensor, Tensor], Tensor]


def nothing(u: Floats, size: int) -> Floats:
    """Return no parameters, of shape (n, 0)."""
    return u[:, :0]


def named(name: str) -> Transform:
    """Return the transform of that name."""
    module = importlib.import_module(f"resnet.images.augmentation.transforms.{name}")
    transform: Transform = module.TRANSFORM
    return transform
