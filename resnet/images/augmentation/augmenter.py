"""Augment batches of images on the training device, with the same pixels as torchvision.

The random numbers depend only on (seed, epoch, copy, transform, image), not on earlier draws, so
that a resumed run sees the same images. They come from numpy's Philox, a counter-based generator
(Salmon et al. 2011, doi:10.1145/2063384.2063405). Parameters are drawn once per epoch; pixels are
computed batch by batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resnet.images.augmentation.transform import Floats, Transform, named

# First word of every key, since SeedSequence doesn't distinguish (1, 2) from (1, 2, 0).
ORDER, TRANSFORM = 1, 2


def _generator(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))


def uniforms(seed: int, epoch: int, copy: int, place: int, *, images: int, draws: int) -> Floats:
    """Return uniform numbers in [0, 1), of shape (images, draws), for one transform of a copy.

    ``place`` is the transform's index in the copy. The numbers depend only on the arguments.
    """
    return _generator(TRANSFORM, seed, epoch, copy, place).random((images, draws))


def order(seed: int, epoch: int, items: int) -> NDArray[np.int64]:
    """Return the epoch's random order of ``items`` training items."""
    return _generator(ORDER, seed, epoch).permutation(items)


@dataclass(frozen=True)
class Stage:
    """A transform at one position in the copies' lists of transforms.

    ``has`` states which copies have it there; ``parameters`` has shape (copies, images, k).
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
        Keys of the random numbers.
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
            transform = named(name)
            u = uniforms(seed, epoch, copy, place, images=images, draws=transform.draws)
            return transform.parameters(u, size)

        self.stages = [
            Stage(
                named(name),
                np.array([other == name for other in here]),
                np.stack([drawn(name, i, place) for i in range(len(copies))]),
            )
            for place, here in enumerate(zip_longest(*copies, fillvalue=""))
            for name in sorted(set(here) - {""})
        ]

    def batch(self, pixels: Tensor, items: NDArray[np.int64]) -> Tensor:
        """Return the augmented images of a batch.

        Parameters
        ----------
        pixels
            All training images, uint8 of shape (images, size, size, 3), on any device.
        items
            Indices into the concatenated copies, of shape (n,): copy * ``images`` + image.

        Returns
        -------
        Tensor
            uint8 of shape (n, 3, size, size).
        """
        copy, image = np.divmod(items, self.images)

        def there(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(array).to(pixels.device, non_blocking=True)

        # Keep each image contiguous in memory, so that gathering and merging images is fast.
        batch = pixels.index_select(0, there(image))
        for stage in self.stages:
            mine = np.flatnonzero(stage.has[copy])
            parameters = there(stage.parameters[copy[mine], image[mine]])
            part = batch.index_select(0, there(mine)).permute(0, 3, 1, 2)
            made = stage.transform.pixels(part, parameters).permute(0, 2, 3, 1)
            if len(mine) < len(items):
                # index_copy_ is avoided: its deterministic version synchronises with the GPU.
                rest = np.flatnonzero(~stage.has[copy])
                made = torch.cat([made, batch.index_select(0, there(rest))])
                made = made.index_select(0, there(np.concatenate([mine, rest]).argsort()))
            batch = made
        return batch.permute(0, 3, 1, 2)


def normalized(images: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return uint8 images as floats: scaled to [0, 1], minus ``mean``, divided by ``deviation``.

    ``mean`` and ``deviation`` have shape (3, 1, 1). The result is channels last in memory.
    """
    n, _, height, width = images.shape
    # Repeat the values to the length of an image: broadcasting along three channels is slow.
    means, deviations = (x.flatten().repeat(height * width) for x in (mean, deviation))
    flat = images.permute(0, 2, 3, 1).flatten(1).float()
    return flat.div_(255).sub_(means).div_(deviations).view(n, height, width, 3).permute(0, 3, 1, 2)
