"""Compare direct and fast convolutions: ``python -m benchmarks.convolution``.

It measures every kind of convolution in the final and in the early model for which
`resnet.training.fast_cpu` replaces PyTorch's algorithm: forward and backward, at the model's batch
size, in float32 on one thread, alternating with PyTorch. It prints median times, and the largest
relative error of output and gradients compared with float64; then times of the whole networks.
"""

from __future__ import annotations

import copy
import statistics
import time
from argparse import ArgumentParser

import torch
from torch import Tensor, nn

from ablations.harness.declarations.all_declarations import load_bases
from resnet.network.build import build
from resnet.training.fast_cpu import convolution
from resnet.training.fast_cpu.convolution import FastConv2d, fastest

ROUNDS = 7


def kinds(base: str) -> dict[str, tuple[FastConv2d, torch.Size]]:
    """Return one convolution of each kind for which PyTorch's algorithm isn't the fastest.

    The keys are lines that describe the kind; the values include the shape of the images.
    """
    config = load_bases()[base]
    network = build(config.model)
    convolution.speed_up(network)
    found: dict[str, tuple[FastConv2d, torch.Size]] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        assert isinstance(layer, FastConv2d)
        images, (kernel, stride) = inputs[0].shape, (layer.kernel_size[0], layer.stride[0])
        way = fastest(images, layer.weight.shape, stride)
        if way != "direct":
            found.setdefault(
                f"{base:6}{layer.in_channels:7}{layer.out_channels:8}{images[2]:6}{kernel:8}"
                f"{stride:8}  {way:8}",
                (layer, images),
            )

    for layer in network.modules():
        if isinstance(layer, FastConv2d):
            layer.register_forward_hook(note)
    with torch.inference_mode():
        network(
            torch.zeros(config.batch_size, 3, config.dataset.image_size, config.dataset.image_size)
        )
    return found


def both_ways(network: nn.Module, x: Tensor, gradient: Tensor) -> tuple[Tensor, ...]:
    """Return the output, and the gradients with respect to the images and the weights."""
    out = network(x.requires_grad_())
    return out.detach(), *torch.autograd.grad(out, (x, *network.parameters()), gradient)


def seconds(network: nn.Module, *given: Tensor) -> float:
    """Return the seconds of a forward and backward pass."""
    started = time.perf_counter()
    both_ways(network, *given)
    return time.perf_counter() - started


def times(direct: nn.Module, fast: nn.Module, *given: Tensor) -> str:
    """Return the milliseconds of both networks, and their ratio."""
    rounds = [[seconds(network, *given) for network in (direct, fast)] for _ in range(ROUNDS)]
    slow, quick = (1e3 * statistics.median(column) for column in zip(*rounds, strict=True))
    return f"{slow:9.1f}{quick:9.1f}{slow / quick:7.2f}"


def row(layer: FastConv2d, images: torch.Size) -> str:
    """Return the times and errors of a kind of convolution, as text."""
    layer._forward_hooks.clear()
    fast = layer.to(memory_format=torch.channels_last)
    direct = copy.deepcopy(fast)
    direct.__class__ = nn.Conv2d  # type: ignore[assignment]
    x = torch.randn(images).contiguous(memory_format=torch.channels_last)
    gradient = torch.randn_like(direct(x))
    right = both_ways(copy.deepcopy(direct).double(), x.double(), gradient.double())
    errors = [
        max(float((a - b).norm() / b.norm()) for a, b in zip(found, right, strict=True))
        for found in (both_ways(layer, x, gradient) for layer in (direct, fast))
    ]
    return f"{times(direct, fast, x, gradient)}{errors[0]:8.0e}{errors[1]:7.0e}"


def whole(base: str) -> str:
    """Return the times of a base's whole network, as text."""
    config = load_bases()[base]
    direct = build(config.model).to(memory_format=torch.channels_last)
    fast = copy.deepcopy(direct)
    convolution.speed_up(fast)
    x = torch.randn(config.batch_size, 3, config.dataset.image_size, config.dataset.image_size)
    x = x.contiguous(memory_format=torch.channels_last)
    return f"{base:6}  the whole network {'':27}{times(direct, fast, x, direct(x).detach())}"


def main() -> None:
    """Run the benchmark and print the results."""
    ArgumentParser(prog="python -m benchmarks.convolution", description=main.__doc__).parse_args()
    torch.set_num_threads(1)
    shape = "base   inputs outputs  size  kernel  stride"
    print(f"{shape}  way       direct     fast  times  errors (times in ms)")
    for base in ("final", "early"):
        for line, (layer, images) in kinds(base).items():
            print(line + row(layer, images), flush=True)
        print(whole(base), flush=True)


if __name__ == "__main__":
    main()
