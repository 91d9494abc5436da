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
    """Return the side of cutout's square: 12 pixels at 32.

    DeVries & Taylor (2017, arXiv:1708.04552) take 16 for 200 epochs; a shorter run bears less.
    """
    return 3 * size // 8


def nothing(u: Floats, size: int) -> Floats:
    """Return no parameters, of shape (n, 0)."""
    return u[:, :0]


# --- pixels: uint8 images of shape (n, 3, size, size) in and out ----------------------------


def resized_crop(images: Tensor, boxes: Tensor) -> Tensor:
    """Crop to ``boxes`` (top, left, height, width) and enlarge again, bilinearly as Pillow does.

    Pillow filters the rows, rounds to a grey level, then filters the columns; each is a product
    with a small matrix of weights.
    """
    top, left, height, width = boxes.to(torch.float32).unbind(1)
    pixels = images.float()
    across, down = _weights(left, width, images.shape[3]), _weights(top, height, images.shape[2])
    pixels = _round(pixels @ across.transpose(1, 2).unsqueeze(1))
    return _round(down.unsqueeze(1) @ pixels).to(torch.uint8)


def _weights(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Return each output pixel's weights over the input's, of shape (n, size, size)."""
    grid = torch.arange(size, device=start.device, dtype=torch.float32)
    centre = (grid[:, None] + 0.5) * (length / size)[:, None, None]
    inside = grid - start[:, None, None]
    weights = (1 - (inside + 0.5 - centre).abs()).clamp(min=0)
    weights = weights * ((inside >= 0) & (inside < length[:, None, None]))
    return weights / weights.sum(2, keepdim=True)


def _round(pixels: Tensor) -> Tensor:
    return (pixels + 0.5).floor().clamp(0, 255)


def rotation(images: Tensor, angles: Tensor) -> Tensor:
    """Rotate counter-clockwise by ``angles`` degrees about the centre; outside is black.

    Nearest neighbour in 16.16 fixed point, the arithmetic of Pillow's affine transform.
    """
    size, device = images.shape[3], images.device
    turn = -torch.deg2rad(angles[:, 0].to(torch.float64))
    cos, sin, half = turn.cos(), turn.sin(), size / 2

    def fixed(x: Tensor) -> Tensor:
        return (x * 65536 + 0.5).floor().to(torch.int64)[:, None, None]

    y, x = torch.arange(size, device=device)[:, None], torch.arange(size, device=device)[None, :]
    # The pixel (x + 1/2, y + 1/2) of the output comes from this place in the input.
    corner = 0.5 - half
    source_x = fixed(cos) * x + fixed(sin) * y + fixed(cos * corner + sin * corner + half) >> 16
    source_y = fixed(-sin) * x + fixed(cos) * y + fixed(-sin * corner + cos * corner + half) >> 16
    inside = (source_x >= 0) & (source_x < size) & (source_y >= 0) & (source_y < size)
    place = (source_y.clamp(0, size - 1) * size + source_x.clamp(0, size - 1)).flatten(1)
    flat = images.reshape(*images.shape[:2], -1)
    rotated = flat.gather(2, place.unsqueeze(1).expand(-1, 3, -1)).reshape(images.shape)
    return rotated * inside.unsqueeze(1)


def shifted(images: Tensor, offsets: Tensor) -> Tensor:
    """Pad with black and crop at ``offsets`` (top, left), each image its own."""
    n, size, border = images.shape[0], images.shape[3], padding(images.shape[3])
    padded = functional.pad(images, (border,) * 4)
    grid = torch.arange(size, device=images.device)
    top, left = offsets.to(torch.int64).unbind(1)
    rows, columns = top[:, None] + grid, left[:, None] + grid
    image = torch.arange(n, device=images.device)[:, None, None]
    cropped = padded.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]]
    return cropped.permute(0, 3, 1, 2)


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

        def drawn(name: str, copy: int, place: int) -> tuple[Transform, Floats]:
            transform = TRANSFORMS[name]
            u = uniforms(seed, epoch, copy, place, images=images, draws=transform.draws)
            return transform, transform.parameters(u, size)

        self.copies = [
            [drawn(name, copy, place) for place, name in enumerate(names)]
            for copy, names in enumerate(copies)
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
            uint8 of shape (n, 3, size, size), channels last in memory.
        """
        device = pixels.device
        copy, image = np.divmod(items, self.images)
        index = torch.from_numpy(image).to(device, non_blocking=True)
        batch = pixels[index].permute(0, 3, 1, 2)
        for number, transforms in enumerate(self.copies):
            mine = np.flatnonzero(copy == number)
            if not transforms or not len(mine):
                continue
            rows = torch.from_numpy(mine).to(device, non_blocking=True)
            part = batch[rows]
            for transform, parameters in transforms:
                drawn = torch.from_numpy(parameters[image[mine]]).to(device, non_blocking=True)
                part = transform.pixels(part, drawn)
            batch[rows] = part
        return batch


def normalized(images: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return uint8 images as floats: scaled to [0, 1], minus ``mean``, over ``deviation``.

    ``mean`` and ``deviation`` have shape (3, 1, 1).
    """
    return (images.float() / 255 - mean) / deviation
