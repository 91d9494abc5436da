"""The batches of an epoch: augmented images in a shuffled order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch

from resnet.config import RunConfig
from resnet.images.augmentation.augmenter import Augmenter, order
from resnet.training import machine
from resnet.training.images import Labelled


def batches(
    config: RunConfig, training: Labelled, epoch: int, first: int, end: int
) -> Iterator[Labelled]:
    """Yield the augmented images and the labels of an epoch's batches from ``first`` to ``end``.

    Parameters
    ----------
    config
        The run's config.
    training
        All images to train on, and their labels, on the device to train on.
    epoch
        The epoch, counted from 0; with the config's seed, it decides order and augmentation.
    first, end
        The first batch, counted from 0 in the epoch, and the one after the last.
    """
    pixels, labels = training
    augmenter = Augmenter(
        config.augmentation.copies,
        seed=config.seed,
        epoch=epoch,
        images=len(labels),
        size=config.dataset.image_size,
    )
    size = config.batch_size
    items = order(config.seed, epoch, config.epoch_images)[: end * size]
    at_once = machine.batches_at_once(pixels.device)
    # Start at a multiple of at_once, as an uninterrupted run does, for bit-identical results.
    for start in range(first - first % at_once, end, at_once):
        part = items[start * size : (start + at_once) * size]
        index = torch.from_numpy(part % len(labels)).to(pixels.device, non_blocking=True)
        augmented = augmenter.batch(pixels, part), labels[index]
        here = zip(*(torch.split(x, size) for x in augmented), strict=True)
        yield from islice(here, max(0, first - start), None)
