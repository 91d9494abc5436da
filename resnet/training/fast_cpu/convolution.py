"""Convolutions of float32 on CPUs, each the fastest of three ways.

PyTorch's own (oneDNN's) are direct. Without stride, where there is much to do, Winograd's algorithm
takes fewer multiplications (`winograd`). Where few outputs are left of an image, matrix
products of patches and kernels are faster, since oneDNN is slow at the gradient by the weights.
``python -m benchmarks.convolution`` measures both beside PyTorch's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet.training.fast_cpu import winograd

Way = Literal["direct", "winograd", "patches"]

FEW_OUTPUTS = 4
"""Up to how many outputs along both sides together patches are the fastest: 1x1 and 2x2, not 4x4
(64 to 512 channels in batches of 64 to 128; AMD EPYC with AVX2, torch 2.14.1)."""


class FastConv2d(nn.Conv2d):
    """A convolution that picks its way by the images that it is given."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, ceil(h / stride), ceil(w / stride))."""
        if x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu"):
            match fastest(x.shape, self.weight.shape, self.stride[0]):
                case "patches":
                    return by_patches(x, self.weight, self.stride[0])
                case "winograd":
                    return winograd.convolve(x, self.weight)
        return super().forward(x)


def fastest(images: Sequence[int], weight: Sequence[int], stride: int) -> Way:
    """Return the fastest way, forward and backward.

    Parameters
    ----------
    images
        Their shape: n, inputs, h, w.
    weight
        Its shape: outputs, inputs, kernel, kernel, where kernel is odd.
    stride
        Pixels from one output to the next.
    """
    if _outputs(images[2], stride) * _outputs(images[3], stride) <= FEW_OUTPUTS:
        return "patches"
    can_be = stride == 1 and weight[2] in winograd.KERNELS
    return "winograd" if can_be and winograd.saving(images, weight) > 1 else "direct"


def speed_up(network: nn.Module) -> None:
    """Have the network's convolutions computed the fastest way; for float32 on CPUs.

    GPUs have these ways in cuDNN; bfloat16 would round too much.
    """
    for module in network.modules():
        if type(module) is nn.Conv2d and _can_be(module):
            module.__class__ = FastConv2d  # the same weights under the same name


def _can_be(module: nn.Conv2d) -> bool:
    kernel, stride = module.kernel_size[0], module.stride[0]
    return (
        kernel % 2 == 1
        and module.kernel_size == (kernel, kernel)
        and module.stride == (stride, stride)
        and module.padding == (kernel // 2, kernel // 2)
        and module.padding_mode == "zeros"
        and module.dilation == (1, 1)
        and module.groups == 1
        and module.bias is None
    )


def by_patches(x: Tensor, weight: Tensor, stride: int = 1) -> Tensor:
    """Return what ``conv2d(x, weight, stride=stride, padding=kernel // 2)`` does, up to rounding.

    Weights that meet only padding are left out.

    Parameters
    ----------
    x
        Images of shape (n, inputs, h, w); fastest with the channels last in memory.
    weight
        Of shape (outputs, inputs, kernel, kernel), where kernel is odd.
    stride
        Pixels from one output to the next.

    Returns
    -------
    Tensor
        Of shape (n, outputs, ceil(h / stride), ceil(w / stride)), with the channels last in memory.
    """
    rows, top, bottom = _reach(x.shape[2], weight.shape[2], stride)
    columns, left, right = _reach(x.shape[3], weight.shape[3], stride)
    kernels = weight.permute(0, 2, 3, 1)[:, rows, columns]
    padded = functional.pad(x.permute(0, 2, 3, 1), (0, 0, left, right, top, bottom))
    windows = padded.unfold(1, kernels.shape[1], stride).unfold(2, kernels.shape[2], stride)
    # (n, h', w', inputs, rows, columns), to the order of the kernels.
    patches = windows.permute(0, 1, 2, 4, 5, 3).flatten(3)
    return (patches @ kernels.flatten(1).T).permute(0, 3, 1, 2)


def _outputs(size: int, stride: int) -> int:
    return -(-size // stride)


def _reach(size: int, kernel: int, stride: int) -> tuple[slice, int, int]:
    """Return which places of a kernel ever meet one of ``size`` pixels, and how these are padded.

    Padding is that before and after the pixels which those places reach; below 0 it is cut off.
    """
    padding, last = kernel // 2, (_outputs(size, stride) - 1) * stride
    first, end = max(0, padding - last), min(kernel, padding + size)
    before = padding - first
    return slice(first, end), before, last + end - first - before - size
