"""Optimizers from their settings."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

import torch
from torch.nn import Parameter

from resnet.settings import kind_of
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
        Of one of the registry's optimizers.
    parameters
        The weights to move.
    dtype
        Of matrix products within the optimizer, where it makes any.
    """
    module = importlib.import_module(f"resnet.training.optimizers.{kind_of(settings)}.optimizer")
    optimizer: Optimizer = module.build(settings, list(parameters), dtype)
    return optimizer
