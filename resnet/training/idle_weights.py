"""Zero the gradients of weights that only meet padding; PyTorch leaves them undefined in bf16."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def zero_idle_gradients(network: nn.Module, image_size: int) -> None:
    """Keep the gradients of weights that only meet padding at zero, for images of this size.

    If a kernel is larger than its input, its outer weights are multiplied only with padding, so
    that their gradients are zero. torch's bfloat16 convolutions on CPUs leave these gradients
    uninitialised, sometimes NaN (seen in 2.14.1 with oneDNN, with and without AMX).
    """
    sizes: dict[nn.Conv2d, torch.Size] = {}

    def watch(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(module, nn.Conv2d)
        sizes[module] = inputs[0].shape[-2:]

    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d) and _is_plain(m)]
    hooks = [module.register_forward_pre_hook(watch) for module in convolutions]
    training = network.training
    with torch.inference_mode():
        device = next(network.parameters()).device
        network.eval()(torch.zeros(1, 3, image_size, image_size, device=device))
    network.train(training)
    for hook in hooks:
        hook.remove()
    for module, size in sizes.items():
        rows, columns = (_meets_pixels(module, axis, size[axis]) for axis in (0, 1))
        idle = ~(rows[:, None] & columns).to(module.weight.device)
        if idle.any():
            _mask_gradient(module.weight, idle)


def _mask_gradient(weight: Tensor, idle: Tensor) -> None:
    weight.register_hook(lambda g: g.masked_fill(idle, 0))  # type: ignore[no-untyped-call]


def _is_plain(module: nn.Conv2d) -> bool:
    return module.dilation == (1, 1) and not isinstance(module.padding, str)


def _meets_pixels(module: nn.Conv2d, axis: int, size: int) -> Tensor:
    """Return which positions of a kernel along an axis overlap any of ``size`` pixels."""
    kernel, stride = module.kernel_size[axis], module.stride[axis]
    padding = int(module.padding[axis])
    starts = range(-padding, size + padding - kernel + 1, stride)
    return torch.tensor([any(0 <= s + k < size for s in starts) for k in range(kernel)])
