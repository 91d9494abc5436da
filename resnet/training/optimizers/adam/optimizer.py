"""Adam (Kingma & Ba 2015, arXiv:1412.6980)."""

from __future__ import annotations

import torch
from torch import optim
from torch.nn import Parameter

from resnet.training.optimizers.adam.settings import Settings
from resnet.training.optimizers.base import Optimizer, one_group, uncompiled_step


class Adam(Optimizer, optim.Adam):
    """`torch.optim.Adam`."""

    step = uncompiled_step(optim.Adam)


def build(settings: Settings, weights: list[Parameter], dtype: torch.dtype) -> Optimizer:
    """Return the optimizer over ``weights``."""
    return Adam(
        one_group(weights, settings),
        settings.learning_rate,
        weight_decay=settings.weight_decay,
    )
