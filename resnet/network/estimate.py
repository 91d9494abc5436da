"""How large a network is, before anything is allocated. Imports no torch."""

from __future__ import annotations

import os

from resnet.network.settings import NetworkSettings


def parameters(network: NetworkSettings, image_size: int) -> int:
    """Return about how many parameters the network has."""
    return sum(
        c.inputs * c.outputs * c.kernel**2 * c.number for c in network.convolutions(image_size)
    )


def flops(network: NetworkSettings, image_size: int) -> int:
    """Return about how many FLOPs an image takes forward: convolutions, a multiply-add as two."""
    return sum(
        2 * c.inputs * c.outputs * c.kernel**2 * c.pixels**2 * c.number
        for c in network.convolutions(image_size)
    )


def training_bytes(network: NetworkSettings, image_size: int, batch_size: int) -> int:
    """Return about how many bytes of memory training takes.

    Weights in float32 are held four times (with their gradient and an optimizer's two averages);
    of each convolution's output a batch keeps three float32 copies (itself, normalised, and its
    gradient).
    """
    outputs = sum(c.outputs * c.pixels**2 * c.number for c in network.convolutions(image_size))
    return 4 * (4 * parameters(network, image_size) + 3 * outputs * batch_size)


def memory_problem(needed: int) -> str | None:
    """Return why this machine can't hold a run of so many bytes, or None where it can."""
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed <= there:
        return None
    return (
        f"would take about {needed / 2**30:,.0f} GiB of memory, and this machine has "
        f"{there / 2**30:,.0f}; allowed is a smaller network or batch_size"
    )
