"""Convolutions directly and by Winograd's algorithm: ``python -m benchmarks.convolution``.

Every kind of convolution without stride in the final model, forward and backward at batch 128 in
float32 on one thread, by PyTorch and by `resnet.winograd` in turn; medians, beside what
`resnet.winograd.saving` expects of it and the relative error of its result.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.training import BATCH
from resnet.config import Model
from resnet.cost import layers
from resnet.winograd import convolve, saving

ROUNDS = 7

Convolution = Callable[[Tensor, Tensor], Tensor]


def kinds() -> list[tuple[int, int, int]]:
    """Return channels, size and kernel of the model's convolutions between equal shapes."""
    found = set()
    for row in layers(Model()):
        if row.type == "Conv2d" and row.stride == "1x1" and row.name != "conv1":
            channels, size, _ = map(int, row.output_shape.split("x"))
            found.add((channels, size, int(row.kernel[0])))
    return sorted(found)


def seconds(convolution: Convolution, x: Tensor, weight: Tensor, gradient: Tensor) -> float:
    """Return how long forward and backward take."""
    started = time.perf_counter()
    torch.autograd.grad(convolution(x, weight), (x, weight), gradient)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    print("channels  size  kernel  direct ms  Winograd ms  times  expected  relative error")
    for channels, size, kernel in kinds():
        direct: Convolution = partial(functional.conv2d, padding=kernel // 2)
        x, gradient = (
            torch.randn(BATCH, channels, size, size).contiguous(memory_format=torch.channels_last)
            for _ in range(2)
        )
        weight = torch.randn(channels, channels, kernel, kernel) / channels**0.5 / kernel
        weight = weight.contiguous(memory_format=torch.channels_last)
        right = direct(x.double(), weight.double())
        error = float((convolve(x, weight) - right).norm() / right.norm())
        x.requires_grad_(), weight.requires_grad_()
        rounds = [
            [seconds(f, x, weight, gradient) for f in (direct, convolve)] for _ in range(ROUNDS)
        ]
        plain, fast = (1e3 * statistics.median(column) for column in zip(*rounds, strict=True))
        print(
            f"{channels:8}{size:6}{kernel:8}{plain:11.1f}{fast:13.1f}{plain / fast:7.2f}"
            f"{saving(size, size, kernel, channels, channels):10.2f}{error:16.1e}"
        )


if __name__ == "__main__":
    main()
