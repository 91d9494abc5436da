"""Evaluate a network: class probabilities, loss and accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from resnet.images.augmentation.augmenter import normalized

BATCH, BATCH_ON_CPU = 1_000, 250
"""Batch sizes for evaluation; large, since no gradients are kept. A CPU takes 1.2 times as long
with 1,000 as with 250 (final network, float32, one thread of an AMD EPYC, torch 2.14.1)."""


@dataclass(frozen=True)
class Evaluation:
    """Probabilities of shape (n, classes), mean cross entropy, and accuracies in [0, 1]."""

    probabilities: NDArray[np.float32]
    loss: float
    accuracy: float
    notebook_accuracy: float


def evaluate(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    mean: Tensor,
    deviation: Tensor,
    autocast: torch.dtype | None,
    batch_size: int,
    drop_last: bool,
    flip: bool = False,
    shift: bool = False,
) -> Evaluation:
    """Return the network's evaluation on ``images``.

    Parameters
    ----------
    network
        The network, which is left in evaluation mode; call ``train()`` before further training.
    images
        uint8 of shape (n, size, size, 3).
    labels
        int64 of shape (n,), on the device of ``images``.
    mean, deviation
        Constants of the normalisation, of shape (3, 1, 1).
    autocast
        The type of the convolutions, or None for float32.
    batch_size, drop_last
        The batches over which the notebook averaged (see `notebook_average`).
    flip, shift
        The views of an image over which logits are averaged (see `run_config.Evaluation`).
    """
    network.eval()
    logits, size = [], BATCH_ON_CPU if images.is_cpu else BATCH
    with torch.inference_mode(), torch.autocast(images.device.type, autocast, autocast is not None):
        for part in images.split(size):  # type: ignore[no-untyped-call]
            views = _views(part.permute(0, 3, 1, 2), flip, shift)
            scored = [w * network(normalized(x, mean, deviation)).float() for x, w in views]
            logits.append(torch.stack(scored).sum(0))
    scores = torch.cat(logits)
    correct = (scores.argmax(1) == labels).cpu().numpy()
    return Evaluation(
        scores.softmax(1).cpu().numpy(),
        float(functional.cross_entropy(scores, labels)),
        float(correct.mean()),
        notebook_average(correct, batch_size, drop_last),
    )


def _views(images: Tensor, flip: bool, shift: bool) -> list[tuple[Tensor, float]]:
    """Return the views of the images, each with its weight; the weights add up to 1."""
    views = [(images, 1.0)]
    if shift:
        size = images.shape[3]
        wide = functional.pad(images, (1, 1, 1, 1))  # with black, as for the random crops
        moved = [wide[:, :, start : start + size, start : start + size] for start in (0, 2)]
        views = [(images, 0.5)] + [(view, 0.25) for view in moved]
    if flip:
        views = [(x, w / 2) for view, w in views for x in (view, view.flip(3))]
    return views


def notebook_average(correct: NDArray[np.bool_], batch_size: int, drop_last: bool) -> float:
    """Return the mean of the batches' accuracies, as the paper's notebooks computed it.

    A smaller last batch has the same weight as a whole one, or is dropped (9,984 of 10,000 images
    remain at batch size 128). Both follow from the published digits: 0.907151460647583 x 9,984 =
    9,057 images in run ``final``, and 0.6170382499694824 x 157 batches of 64 = 6,200 in
    ``early-adam-bs64``, whose last batch has 16.
    """
    whole = len(correct) - len(correct) % batch_size
    means = correct[:whole].reshape(-1, batch_size).mean(1)
    if whole < len(correct) and (not drop_last or not whole):
        means = np.append(means, correct[whole:].mean())
    return float(means.mean())
