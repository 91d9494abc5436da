"""Build an optimizer from its settings."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

import torch
from torch.nn import Parameter

from resnet.registry import entry_of
from resnet.training.optimizers.base import Optimizer
from resnet.training.optimizers.settings import OptimizerSettings


def build(
    settings: OptimizerSettings,
    parameters: Iterable[Parameter],
    dtype: torch.dtype = torch.float32,
) -> Optimizer:
    """Return the optimizer of the settings' kind over ``parameters``.

    Parameters
    ----------
    settings
        The settings of an optimizer in the registry.
    parameters
        The weights to optimize.
    dtype
        Type of matrix products within the optimizer, if it computes any.
    """
    module = importlib.import_module(f"{entry_of(settings)}.optimizer")
    optimizer: Optimizer = module.build(settings, list(parameters), dtype)
    return optimizer
