"""Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101)."""

from __future__ import annotations

import torch
from torch import optim
from torch.nn import Parameter

from resnet.training.optimizers.adamw.settings import Settings
from resnet.training.optimizers.base import Optimizer, one_group, uncompiled_step


class AdamW(Optimizer, optim.AdamW):
    """`torch.optim.AdamW`."""

    step = uncompiled_step(optim.AdamW)


def build(settings: Settings, weights: list[Parameter], dtype: torch.dtype) -> Optimizer:
    """Return the optimizer over ``weights``."""
    return AdamW(
        one_group(weights, settings),
        settings.learning_rate,
        weight_decay=settings.weight_decay,
    )
