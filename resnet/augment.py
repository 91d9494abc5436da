"""Augmentation in batches on the training device, giving torchvision's pixels.

Random numbers are a function of (seed, epoch, copy, transform, image), never of history, so that
a resumed run sees the same images. They come from numpy's Philox, a counter-based generator
(Salmon et al. 2011, doi:10.1145/2063384.2063405). Parameters are drawn once an epoch; pixels are
made a batch at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Floats = NDArray[np.float64]


# The first word of every key: SeedSequence takes (1, 2) and (1, 2, 0) for the same.
ORDER, TRANSFORM = 1, 2


def _generator(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))


def uniforms(seed: int, epoch: int, copy: int, place: int, *, images: int, draws: int) -> Floats:
    """Return uniform numbers in [0, 1) of shape (images, draws) for a copy's transform at a place.

    They are a function of the arguments alone.
    """
    return _generator(TRANSFORM, seed, epoch, copy, place).random((images, draws))


def order(seed: int, epoch: int, items: int) -> NDArray[np.int64]:
    """Return the epoch's random order of ``items`` training items."""
    return _generator(ORDER, seed, epoch).permutation(items)


# --- parameters: uniform numbers -> what torchvision would have drawn -----------------------


def crop_box(u: Floats, size: int) -> Floats:
    """Return boxes (top, left, height, width) of shape (n, 4) as RandomResizedCrop draws them.

    Area from 8% to 100%, aspect ratio from 3/4 to 4/3 (log-uniform), ten attempts, then the whole
    (square) image: torchvision's defaults (Szegedy et al. 2015, arXiv:1409.4842).

    Parameters
    ----------
    u
        Uniform numbers of shape (n, 22): ten pairs for area and ratio, two for the place.
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


def angle(u: Floats, size: int) -> Floats:
    """Return angles in degrees, uniform from -90 to 90, of shape (n, 1): RandomRotation(90)."""
    return -90 + 180 * u


def coin(u: Floats, size: int) -> Floats:
    """Return 1 for half of the images, else 0, of shape (n, 1)."""
    return (u < 0.5).astype(np.float64)


def offset(u: Floats, size: int) -> Floats:
    """Return (top, left) from 0 to 2 ``padding(size)``, of shape (n, 2): RandomCrop."""
    return np.floor(u * (2 * padding(size) + 1))


def padding(size: int) -> int:
    """Return the border for random crops: 4 pixels at 32 (He et al. 2016, section 4.2)."""
    return max(1, size // 8)


def hole(u: Floats, size: int) -> Floats:
    """Return (top, left) of cutout's square, its centre on any pixel, of shape (n, 2)."""
    return np.floor(u * size) - hole_size(size) // 2


def hole_size(size: int) -> int:
    """Return the side of cutout's square: 8 pixels at 32.

    DeVries & Taylor (2017, arXiv:1708.04552) take 16 for 200 epochs; a shorter run bears less.
    """
    return size // 4


def nothing(u: Floats, size: int) -> Floats:
    """Return no parameters, of shape (n, 0)."""
    return u[:, :0]


# --- pixels: uint8 images of shape (n, 3, size, size) in and out ----------------------------


def resized_crop(images: Tensor, boxes: Tensor) -> Tensor:
    """Crop to ``boxes`` (top, left, height, width) and enlarge again, bilinearly as Pillow does.

    Pillow filters the rows, rounds to a grey level, then filters the columns; each is a product
    with a small matrix of weights.
    """
    n, _, _, size = images.shape
    top, left, height, width = boxes.to(torch.float32).unbind(1)
    across, down = _weights(left, width, size), _weights(top, height, size)
    rows = images.to(torch.float32, memory_format=torch.contiguous_format).view(n, 3 * size, size)
    rows = _round(rows @ across.transpose(1, 2)).view(images.shape)
    return _round(down.unsqueeze(1) @ rows).to(torch.uint8)


def _weights(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Return each output pixel's weights over the input's, of shape (n, size, size)."""
    grid = torch.arange(size, device=start.device, dtype=torch.float32)
    centre = (grid[:, None] + 0.5) * (length / size)[:, None, None]
    inside = grid - start[:, None, None]
    # In place from here on: new memory takes longer than the arithmetic.
    weights = (inside + 0.5 - centre).abs_().neg_().add_(1).clamp_(min=0)
    weights *= (inside >= 0) & (inside < length[:, None, None])
    return weights.div_(weights.sum(2, keepdim=True))


def _round(levels: Tensor) -> Tensor:
    """Round in place to whole grey levels; means of levels need no bounds."""
    return levels.add_(0.5).floor_()


def rotation(images: Tensor, angles: Tensor) -> Tensor:
    """Rotate counter-clockwise by ``angles`` degrees about the centre; outside is black.

    Nearest neighbour in 16.16 fixed point, the arithmetic of Pillow's affine transform.
    """
    n, _, _, size = images.shape
    turn = -torch.deg2rad(angles[:, 0].to(torch.float64))
    cos, sin, half = turn.cos(), turn.sin(), size / 2

    def fixed(x: Tensor) -> Tensor:
        return (x * 65536 + 0.5).floor().to(torch.int32)[:, None, None]

    x = torch.arange(size, device=images.device, dtype=torch.int32)
    y = x[:, None]
    # The pixel (x + 1/2, y + 1/2) of the output comes from this place in the input.
    corner = 0.5 - half
    source_x = fixed(cos) * x + fixed(sin) * y + fixed(cos * corner + sin * corner + half) >> 16
    source_y = fixed(-sin) * x + fixed(cos) * y + fixed(-sin * corner + cos * corner + half) >> 16
    inside = (source_x >= 0) & (source_x < size) & (source_y >= 0) & (source_y < size)
    image = torch.arange(n, device=images.device, dtype=torch.int32)[:, None, None]
    place = image * size**2 + (source_y * size + source_x) * inside
    pixels = images.permute(0, 2, 3, 1).reshape(-1, 3)
    rotated = pixels.index_select(0, place.flatten()).view(n, size, size, 3)
    return (rotated * inside.unsqueeze(3)).permute(0, 3, 1, 2)


def shifted(images: Tensor, offsets: Tensor) -> Tensor:
    """Pad with black and crop at ``offsets`` (top, left), each image its own."""
    n, _, _, size = images.shape
    border = padding(size)
    wide = functional.pad(images.permute(0, 2, 3, 1), (0, 0) + (border,) * 4)
    # Of every row of pixels, (n, row, first column, the pixels from there).
    windows = wide.flatten(2).unfold(2, 3 * size, 3)
    top, left = offsets.to(torch.int64).unbind(1)
    rows = top[:, None] + torch.arange(size, device=images.device)
    image = torch.arange(n, device=images.device)[:, None]
    return windows[image, rows, left[:, None]].view(n, size, size, 3).permute(0, 3, 1, 2)


def mirrored(images: Tensor, none: Tensor) -> Tensor:
    """Flip left and right."""
    return images.flip(3)


def mirrored_where(images: Tensor, coins: Tensor) -> Tensor:
    """Flip left and right where the coin is 1."""
    return torch.where(coins[:, :, None, None].to(torch.bool), images.flip(3), images)


def cut_out(images: Tensor, corners: Tensor) -> Tensor:
    """Paint a square from ``corners`` (top, left) on grey; what lies outside is left out."""
    grid = torch.arange(images.shape[3], device=images.device)
    inside = (grid >= corners[:, :, None]) & (grid < corners[:, :, None] + hole_size(len(grid)))
    square = inside[:, 0, :, None] & inside[:, 1, None, :]
    return images.masked_fill(square.unsqueeze(1), 128)


def upside_down(images: Tensor, none: Tensor) -> Tensor:
    """Flip top and bottom."""
    return images.flip(2)


@dataclass(frozen=True)
class Transform:
    """How many uniform numbers an image takes, what they become, and what that does to pixels."""

    draws: int
    parameters: Callable[[Floats, int], Floats]
    pixels: Callable[[Tensor, Tensor], Tensor]


TRANSFORMS = {
    "random_resized_crop": Transform(22, crop_box, resized_crop),
    "random_crop": Transform(2, offset, shifted),
    "horizontal_flip": Transform(0, nothing, mirrored),
    "random_horizontal_flip": Transform(1, coin, mirrored_where),
    "vertical_flip": Transform(0, nothing, upside_down),
    "random_rotation": Transform(1, angle, rotation),
    "cutout": Transform(2, hole, cut_out),
}


@dataclass(frozen=True)
class Stage:
    """One transform at one place in the lists of the copies that have it there.

    ``has`` says of each copy whether it does; ``parameters`` are of shape (copies, images, k).
    """

    transform: Transform
    has: NDArray[np.bool_]
    parameters: Floats


class Augmenter:
    """One epoch's augmentation: concatenated copies of the images, each with its transforms.

    Parameters
    ----------
    copies
        Transforms by name, in order, for each copy.
    seed, epoch
        What the random numbers are a function of.
    images
        Training images in a copy.
    size
        Width and height of an image, in pixels.
    """

    def __init__(
        self, copies: tuple[tuple[str, ...], ...], *, seed: int, epoch: int, images: int, size: int
    ) -> None:
        self.images = images

        def drawn(name: str, copy: int, place: int) -> Floats:
            transform = TRANSFORMS[name]
            u = uniforms(seed, epoch, copy, place, images=images, draws=transform.draws)
            return transform.parameters(u, size)

        self.stages = [
            Stage(
                TRANSFORMS[name],
                np.array([other == name for other in here]),
                np.stack([drawn(name, i, place) for i in range(len(copies))]),
            )
            for place, here in enumerate(zip_longest(*copies, fillvalue=""))
            for name in sorted(set(here) - {""})
        ]

    def batch(self, pixels: Tensor, items: NDArray[np.int64]) -> Tensor:
        """Return the batch's images, augmented.

        Parameters
        ----------
        pixels
            All training images, uint8 of shape (images, size, size, 3), on any device.
        items
            Places in the concatenated copies, of shape (n,): copy times ``images`` plus image.

        Returns
        -------
        Tensor
            uint8 of shape (n, 3, size, size).
        """
        copy, image = np.divmod(items, self.images)

        def there(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(array).to(pixels.device, non_blocking=True)

        # Whole images lie together in memory, so that some are taken out and put back fast.
        batch = pixels.index_select(0, there(image))
        for stage in self.stages:
            mine = np.flatnonzero(stage.has[copy])
            parameters = there(stage.parameters[copy[mine], image[mine]])
            part = batch.index_select(0, there(mine)).permute(0, 3, 1, 2)
            made = stage.transform.pixels(part, parameters).permute(0, 2, 3, 1)
            if len(mine) < len(items):
                # Not index_copy_, whose deterministic form waits for a GPU.
                rest = np.flatnonzero(~stage.has[copy])
                made = torch.cat([made, batch.index_select(0, there(rest))])
                made = made.index_select(0, there(np.concatenate([mine, rest]).argsort()))
            batch = made
        return batch.permute(0, 3, 1, 2)


def normalized(images: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return uint8 images as floats: scaled to [0, 1], minus ``mean``, over ``deviation``.

    ``mean`` and ``deviation`` have shape (3, 1, 1). The result is channels last in memory.
    """
    n, _, height, width = images.shape
    # In rows as long as an image: broadcasting along three channels would be slow.
    means, deviations = (x.flatten().repeat(height * width) for x in (mean, deviation))
    flat = images.permute(0, 2, 3, 1).flatten(1).float()
    return flat.div_(255).sub_(means).div_(deviations).view(n, height, width, 3).permute(0, 3, 1, 2)
