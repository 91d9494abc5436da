"""Float32 convolutions on CPUs, each computed by the fastest of three algorithms.

PyTorch's own convolutions (oneDNN's) are direct. For large convolutions without stride, Winograd's
algorithm takes fewer multiplications (`winograd`). For small outputs, matrix products of patches
and kernels are faster, because oneDNN's weight gradient is slow.
``python -m benchmarks.convolution`` compares the speed of the three algorithms.
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
"""Maximum number of output pixels for which patches are the fastest: 1x1 and 2x2, but not 4x4
(64 to 512 channels in batches of 64 to 128; AMD EPYC with AVX2, torch 2.14.1)."""


class FastConv2d(nn.Conv2d):
    """A convolution that chooses its algorithm by the shape of its input."""

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
    """Return the algorithm that is fastest for the forward and backward pass together.

    Parameters
    ----------
    images
        Shape of the images: n, inputs, h, w.
    weight
        Shape of the weight: outputs, inputs, kernel, kernel, where kernel is odd.
    stride
        Distance between neighbouring outputs, in pixels.
    """
    if _outputs(images[2], stride) * _outputs(images[3], stride) <= FEW_OUTPUTS:
        return "patches"
    can_be = stride == 1 and weight[2] in winograd.KERNELS
    return "winograd" if can_be and winograd.saving(images, weight) > 1 else "direct"


def speed_up(network: nn.Module) -> None:
    """Use the fastest algorithm for the network's convolutions; for float32 on CPUs.

    For GPUs, cuDNN has these algorithms; in bfloat16 their rounding errors would be too large.
    """
    for module in network.modules():
        if type(module) is nn.Conv2d and _can_be(module):
            module.__class__ = FastConv2d  # keeps the weights and their names


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
    """Compute ``conv2d(x, weight, stride=stride, padding=kernel // 2)``, up to rounding.

    Weights that are multiplied only with padding are skipped.

    Parameters
    ----------
    x
        Images of shape (n, inputs, h, w); fastest with the channels last in memory.
    weight
        Of shape (outputs, inputs, kernel, kernel), where kernel is odd.
    stride
        Distance between neighbouring outputs, in pixels.

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
    # From (n, h', w', inputs, rows, columns) to the kernels' order of dimensions.
    patches = windows.permute(0, 1, 2, 4, 5, 3).flatten(3)
    return (patches @ kernels.flatten(1).T).permute(0, 3, 1, 2)


def _outputs(size: int, stride: int) -> int:
    return -(-size // stride)


def _reach(size: int, kernel: int, stride: int) -> tuple[slice, int, int]:
    """Return the kernel positions that overlap any of ``size`` pixels, and the pixels' padding.

    The paddings before and after the pixels cover only these positions; negative padding crops.
    """
    padding, last = kernel // 2, (_outputs(size, stride) - 1) * stride
    first, end = max(0, padding - last), min(kernel, padding + size)
    before = padding - first
    return slice(first, end), before, last + end - first - before - size
