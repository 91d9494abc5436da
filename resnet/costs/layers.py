"""Compute a network's cost: shapes, parameters and FLOPs of every module."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from resnet.network.build import build
from resnet.network.settings import NetworkSettings

IMAGE_SIZE = 32
"""Costs are for the paper's images of 32x32 pixels at every scale, so that they are comparable."""


@dataclass(frozen=True)
class Layer:
    """A row of ``layers.csv``: sizes in pixels, and FLOPs of the forward pass for one image.

    A multiply-add counts as two FLOPs; only convolutions and linear layers are counted.
    """

    name: str
    type: str
    depth: int
    output_shape: str
    kernel: str
    stride: str
    parameters: int
    flops: int


def layers(design: NetworkSettings, classes: int = 10) -> list[Layer]:
    """Return the network's modules in the order of definition, the network itself first."""
    # Not on torch's meta device: it imports PyTorch's compiler, which takes 2 to 3 s (AMD EPYC,
    # torch 2.14.1). Initialising the weights must not change torch's global random state.
    with torch.random.fork_rng(devices=[]):
        network = build(design, classes).eval()
    shapes: dict[str, torch.Size] = {}
    flops: Counter[str] = Counter()

    def watch(name: str, module: nn.Module) -> None:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            shapes[name] = output.shape[1:]
            flops[name] += _flops(module, output)

        module.register_forward_hook(hook)

    for name, module in network.named_modules():
        watch(name, module)
    with torch.inference_mode():
        network(torch.empty(1, 3, IMAGE_SIZE, IMAGE_SIZE))
    return [
        Layer(
            name=name or type(network).__name__,
            type=module._get_name(),
            depth=name.count(".") + 1 if name else 0,
            output_shape="x".join(map(str, shapes.get(name, ()))),
            kernel=_pair(getattr(module, "kernel_size", "")),
            stride=_pair(getattr(module, "stride", "")),
            parameters=sum(p.numel() for p in module.parameters() if p.requires_grad),
            flops=sum(flops[part] for part in _parts(name, module)),
        )
        for name, module in network.named_modules()
    ]


def _flops(module: nn.Module, output: Tensor) -> int:
    """Return the FLOPs of a single module: each output value takes one whole kernel."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        return 2 * output.numel() * module.weight[0].numel()
    return 0


def _parts(name: str, module: nn.Module) -> list[str]:
    """Return the full names of a module and of all its submodules."""
    return [part for part, _ in module.named_modules(prefix=name)]


def _pair(value: object) -> str:
    """Return ``3x3`` for 3 or (3, 3)."""
    if isinstance(value, int):
        return f"{value}x{value}"
    return "x".join(map(str, value)) if isinstance(value, tuple) else ""
