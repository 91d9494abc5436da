"""The one way in: what makes a network and an optimizer fast on a CPU."""

from __future__ import annotations

import torch
from torch import nn

from resnet.training.fast_cpu import convolution, threads
from resnet.training.optimizers.base import Optimizer


def speed_up(network: nn.Module, optimizer: Optimizer, autocast: torch.dtype | None) -> None:
    """Have a CPU compute the network and the optimizer's steps the fastest way.

    Parameters
    ----------
    network, optimizer
        Changed in place.
    autocast
        The type that convolutions are computed in, None for float32. PyTorch's own are kept for
        bfloat16, which the other ways would round too much.
    """
    optimizer.each = threads.each
    if autocast is None:
        convolution.speed_up(network)
