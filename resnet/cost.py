"""What a network costs: its module tree with shapes, parameters and FLOPs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from resnet.config import DATASETS, Model
from resnet.model import on_meta

IMAGE_SIZE = DATASETS["cifar10"].image_size
"""Costs are stated for the paper's images, 32x32, at every scale, like parameter counts."""


@dataclass(frozen=True)
class Layer:
    """A row of ``layers.csv``: sizes in pixels, FLOPs for one image forward.

    FLOPs count a multiplication and an addition as two, of convolutions and linear layers.
    """

    name: str
    type: str
    depth: int
    output_shape: str
    kernel: str
    stride: str
    parameters: int
    flops: int


def layers(design: Model, classes: int = 10) -> list[Layer]:
    """Return the network's modules in the order of definition, the network itself first."""
    network = on_meta(design, classes).eval()
    shapes: dict[str, torch.Size] = {}

    def watch(name: str, module: nn.Module) -> None:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            shapes[name] = output.shape[1:]

        module.register_forward_hook(hook)

    for name, module in network.named_modules():
        watch(name, module)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.empty(1, 3, IMAGE_SIZE, IMAGE_SIZE, device="meta"))
    root = type(network).__name__
    flops = {
        name.removeprefix(root).lstrip("."): sum(counts.values())
        for name, counts in counter.get_flop_counts().items()
    }
    return [
        Layer(
            name=name or root,
            type=module._get_name(),
            depth=name.count(".") + 1 if name else 0,
            output_shape="x".join(map(str, shapes.get(name, ()))),
            kernel=_pair(getattr(module, "kernel_size", "")),
            stride=_pair(getattr(module, "stride", "")),
            parameters=sum(p.numel() for p in module.parameters() if p.requires_grad),
            flops=flops.get(name, 0),
        )
        for name, module in network.named_modules()
    ]


def _pair(value: object) -> str:
    """Return ``3x3`` for 3 or (3, 3)."""
    if isinstance(value, int):
        return f"{value}x{value}"
    return "x".join(map(str, value)) if isinstance(value, tuple) else ""
