"""The interface of a transform: its random numbers, its parameters and its effect on pixels."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from resnet.registry import TRANSFORMS, modules

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Transform:
    """One kind of augmentation.

    Parameters
    ----------
    draws
        Number of uniform random numbers in [0, 1) per image.
    parameters
        Maps the random numbers of n images, of shape (n, draws), and the image size in pixels to
        the parameters of ``pixels``, of shape (n, k).
    pixels
        Maps uint8 images of shape (n, 3, size, size) and their parameters to augmented images.
    """

    draws: int
    parameters: Callable[[Floats, int], Floats]
    pixels: Callable[[Tensor, Tensor], Tensor]


def nothing(u: Floats, size: int) -> Floats:
    """Return an empty array of parameters, of shape (n, 0)."""
    return u[:, :0]


def named(name: str) -> Transform:
    """Return the transform called ``name``."""
    module = importlib.import_module(modules(TRANSFORMS)[name])
    transform: Transform = module.TRANSFORM
    return transform
