"""Estimate a network's size and memory without allocating it. This module doesn't import torch."""

from __future__ import annotations

from resnet.costs.limits import memory_bytes
from resnet.network.settings import NetworkSettings


def parameters(network: NetworkSettings, image_size: int) -> int:
    """Return the approximate number of parameters."""
    return sum(
        c.inputs * c.outputs * c.kernel**2 * c.number for c in network.convolutions(image_size)
    )


def flops(network: NetworkSettings, image_size: int) -> int:
    """Return the approximate FLOPs of a forward pass per image; a multiply-add counts as two."""
    return sum(
        2 * c.inputs * c.outputs * c.kernel**2 * c.pixels**2 * c.number
        for c in network.convolutions(image_size)
    )


def training_bytes(network: NetworkSettings, image_size: int, batch_size: int) -> int:
    """Return the approximate memory for training, in bytes.

    The float32 weights count four times (weights, gradients and the optimizer's two averages), and
    each convolution's float32 output three times (output, normalised output and gradient).
    """
    outputs = sum(c.outputs * c.pixels**2 * c.number for c in network.convolutions(image_size))
    return 4 * (4 * parameters(network, image_size) + 3 * outputs * batch_size)


def memory_problem(network: NetworkSettings, image_size: int, batch_size: int) -> str | None:
    """Return an error message if training needs more than this machine's memory, else None."""
    needed = training_bytes(network, image_size, batch_size)
    there = memory_bytes()
    if needed <= there:
        return None
    return (
        f"would take about {needed / 2**30:,.0f} GiB of memory, and this machine has "
        f"{there / 2**30:,.0f}; allowed is a smaller network or batch_size"
    )
