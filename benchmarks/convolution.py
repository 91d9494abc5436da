"""Convolutions directly and by Winograd's algorithm: ``python -m benchmarks.convolution``.

Every kind of convolution without stride in the final model, forward and backward at batch 128 in
float32 on one thread, by PyTorch and by `resnet.winograd` in turn; medians, beside what
`resnet.winograd.saving` expects, and the largest error of output and gradients that each has, as a
share of their norms in float64.
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


def both_ways(convolution: Convolution, *given: Tensor) -> tuple[Tensor, ...]:
    """Return the output, and the gradients by the images and by the weight."""
    x, weight, gradient = given
    out = convolution(x.requires_grad_(), weight.requires_grad_())
    return out.detach(), *torch.autograd.grad(out, (x, weight), gradient)


def seconds(convolution: Convolution, *given: Tensor) -> float:
    """Return how long forward and backward take."""
    started = time.perf_counter()
    both_ways(convolution, *given)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    print("channels  size  kernel  direct ms  Winograd ms  times  expected   error of each")
    for channels, size, kernel in kinds():
        direct: Convolution = partial(functional.conv2d, padding=kernel // 2)
        x, gradient, weight = (
            torch.randn(shape).contiguous(memory_format=torch.channels_last)
            for shape in (
                (BATCH, channels, size, size),
                (BATCH, channels, size, size),
                (channels, channels, kernel, kernel),
            )
        )
        right = both_ways(direct, x.double(), weight.double(), gradient.double())
        errors = [
            max(float((a - b).norm() / b.norm()) for a, b in zip(found, right, strict=True))
            for found in (both_ways(f, x, weight, gradient) for f in (direct, convolve))
        ]
        rounds = [
            [seconds(f, x, weight, gradient) for f in (direct, convolve)] for _ in range(ROUNDS)
        ]
        plain, fast = (1e3 * statistics.median(column) for column in zip(*rounds, strict=True))
        print(
            f"{channels:8}{size:6}{kernel:8}{plain:11.1f}{fast:13.1f}{plain / fast:7.2f}"
            f"{saving(x.shape, weight.shape):10.2f}{errors[0]:9.0e}{errors[1]:7.0e}"
        )


if __name__ == "__main__":
    main()
