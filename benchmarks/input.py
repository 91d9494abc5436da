"""Compare the speed of the paper's input pipeline and this project's on one core.

``python -m benchmarks.input`` alternates between Pillow's transforms of single images, as in the
paper's notebook, and this project's transforms of batches of tensors, for the same four copies.
It also prints the share of a training step that this project's input pipeline takes.
"""

from __future__ import annotations

import statistics
from argparse import ArgumentParser
from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.contenders import BATCH, COPIES, noise, ours, paper_copies, rate_of
from resnet.images.augmentation.augmenter import Augmenter, normalized, order
from resnet.training.machine import set_up

ROUNDS, SECONDS = 5, 3.0


def paper() -> Iterator[int]:
    """Make images one by one, as the notebook's data set does."""
    copies = paper_copies()
    rng = np.random.default_rng(0)
    while True:
        for index in rng.integers(0, len(copies), BATCH).tolist():
            copies[index]
        yield BATCH


def batches(copies: tuple[tuple[str, ...], ...] = COPIES) -> Iterator[int]:
    """Make normalised batches, as training does."""
    images = torch.from_numpy(noise()[0])
    half = torch.full((3, 1, 1), 0.5)
    n, epoch = len(images), 0
    while True:
        augmenter = Augmenter(copies, seed=0, epoch=epoch, images=n, size=32)
        items = order(0, epoch, n * len(copies))
        for first in range(0, len(items) - BATCH, BATCH):
            normalized(augmenter.batch(images, items[first : first + BATCH]), half, half)
            yield BATCH
        epoch += 1


def main() -> None:
    """Print the rates, their ratio, and the input's share of a training step."""
    ArgumentParser(prog="python -m benchmarks.input", description=main.__doc__).parse_args()
    set_up(1)
    crops = (("random_crop", "random_horizontal_flip"),)
    makers = {"paper": paper(), "ours": batches(), "crop and flip": batches(crops), "step": ours()}
    rates: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(ROUNDS):
        for name, maker in makers.items():
            rates[name].append(rate_of(maker, SECONDS))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    for name, value in medians.items():
        print(f"{name}: {value:,.0f} images a second")
    print(f"input: {medians['ours'] / medians['paper']:.1f} times the paper's pipeline on one core")
    print(f"input share: {medians['step'] / medians['ours']:.1%} of a training step")


if __name__ == "__main__":
    main()
