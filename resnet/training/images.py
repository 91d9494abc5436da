"""The images of a run on its device, divided for training, model selection and test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from resnet.config import RunConfig
from resnet.images.sources.cache import Split

Labelled = tuple[Tensor, Tensor]
"""Images, uint8 of shape (n, size, size, 3), and their labels, int64 of shape (n,)."""


@dataclass(frozen=True)
class Images:
    """The images of a run on its device, for training, model selection and test.

    ``mean`` and ``deviation`` are the constants of the normalisation, of shape (3, 1, 1).
    """

    training: Labelled
    held_out: Labelled | None
    test: Labelled
    mean: Tensor
    deviation: Tensor


def place(
    config: RunConfig,
    training: Split,
    test: Split,
    facts: dict[str, Any],
    device: torch.device,
) -> Images:
    """Return the images of a run on its device.

    The first ``config.data.training_images`` of the training images are used; the last
    ``held_out_images`` of these are held out for model selection.

    Parameters
    ----------
    config
        The run's config.
    training, test
        The data set's images.
    facts
        The content of the data set's ``data.json``.
    device
        The device to train on; images are stored there as uint8.
    """
    available, held_out = config.data.training_images, config.selection.held_out_images
    used = available - held_out

    def part(split: Split, start: int, end: int) -> Labelled:
        images = torch.from_numpy(split.images[start:end])
        return images.to(device), torch.from_numpy(split.labels[start:end]).to(device)

    half = config.data.normalization == "half"
    mean, deviation = (
        torch.tensor([0.5] * 3 if half else facts[key], device=device).view(3, 1, 1)
        for key in ("channel_mean", "channel_deviation")
    )
    return Images(
        part(training, 0, used),
        part(training, used, available) if held_out else None,
        part(test, 0, len(test.labels)),
        mean,
        deviation,
    )
