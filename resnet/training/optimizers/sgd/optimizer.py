"""Stochastic gradient descent, optionally with momentum."""

from __future__ import annotations

import torch
from torch import optim
from torch.nn import Parameter

from resnet.training.optimizers.base import Optimizer, one_group, uncompiled_step
from resnet.training.optimizers.sgd.settings import Settings


class SGD(Optimizer, optim.SGD):
    """`torch.optim.SGD`."""

    step = uncompiled_step(optim.SGD)


def build(settings: Settings, weights: list[Parameter], dtype: torch.dtype) -> Optimizer:
    """Return the optimizer over ``weights``."""
    return SGD(
        one_group(weights, settings),
        settings.learning_rate,
        settings.momentum,
        weight_decay=settings.weight_decay,
        nesterov=settings.nesterov,
    )
