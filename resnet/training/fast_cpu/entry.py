"""The entry point of this package: make a network and an optimizer fast on a CPU."""

from __future__ import annotations

import torch
from torch import nn

from resnet.training.fast_cpu import convolution, threads
from resnet.training.optimizers.base import Optimizer


def speed_up(network: nn.Module, optimizer: Optimizer, autocast: torch.dtype | None) -> None:
    """Make the network and the optimizer's steps as fast as possible on a CPU.

    Parameters
    ----------
    network, optimizer
        Modified in place.
    autocast
        The type of the convolutions, None for float32. With bfloat16, PyTorch's own convolutions
        are kept, because the other algorithms' rounding errors would be too large.
    """
    optimizer.each = threads.each
    if autocast is None:
        convolution.speed_up(network)
