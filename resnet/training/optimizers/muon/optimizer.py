"""Muon: momentum with orthogonalized steps, for the kernels of convolutions.

Jordan et al. (2024), "Muon: An optimizer for hidden layers in neural networks",
https://kellerjordan.github.io/posts/muon/.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from resnet.training.optimizers.base import Optimizer, split_by_decay
from resnet.training.optimizers.muon.settings import Settings

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration, from that page: steepest at zero, but not convergent."""

ITERATIONS = 5
"""Enough iterations to map singular values above 0.01 to about 0.7 to 1.2."""

Tensors = list[Tensor] | tuple[Tensor, ...]


def orthogonalized(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return approximately the nearest semi-orthogonal matrix, ``U V^T`` for each ``U S V^T``.

    Parameters
    ----------
    matrices
        Matrices of shape (rows, columns) or (n, rows, columns).
    dtype
        Type of the matrix products.
    """
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = (matrices.mT if tall else matrices).float()
    x = (x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)).to(dtype)
    # Computes a sum and a product in one call.
    add = torch.addmm if x.ndim == 2 else torch.baddbmm
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = add(x, add(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    found: Tensor = x.mT if tall else x
    return found.to(matrices.dtype)


class Muon(Optimizer):
    """Muon for the groups marked ``kernels``, SGD with momentum for the others.

    A kernel of shape (outputs, inputs, height, width) is treated as a matrix of ``outputs`` rows.
    Its step has the norm of that many orthogonal rows, so that the learning rate is relative to the
    norm of initial weights. Weight decay of kernels is decoupled (Loshchilov & Hutter 2019,
    arXiv:1711.05101). Matrix products are computed in ``dtype``.

    Call `prepare` before `step`: it does everything before the learning rate, and can be recorded.
    """

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        momentum: float,
        nesterov: bool,
        weight_decay: float,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.dtype = dtype
        defaults = {"momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay}
        super().__init__(groups, {"lr": 0.1, "kernels": False, **defaults})

    @torch.no_grad()
    def prepare(self) -> None:
        """Replace each weight's gradient by the direction of its step."""
        for group in self.param_groups:
            weights = [w for w in group["params"] if w.grad is not None]
            if weights and weights[0].is_cpu:
                self.each(self._turn, [([weight], group) for weight in weights])
            elif weights:
                self._turn(weights, group)

    def _turn(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        gradients: Tensors = [w.grad for w in weights if w.grad is not None]
        if not group["kernels"]:
            gradients = torch._foreach_add(gradients, weights, alpha=group["weight_decay"])
        buffers = [self._buffer(w) for w in weights]
        torch._foreach_mul_(buffers, group["momentum"])
        torch._foreach_add_(buffers, gradients)
        directions: Tensors = buffers
        if group["nesterov"]:
            directions = torch._foreach_add(gradients, buffers, alpha=group["momentum"])
        if group["kernels"]:
            directions = self._orthogonal(directions)
        for weight, direction in zip(weights, directions, strict=True):
            weight.grad = direction

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every weight along the direction that `prepare` stored as its gradient."""
        for group in self.param_groups:
            moving = [w for w in group["params"] if w.grad is not None]
            if moving and group["kernels"]:
                torch._foreach_mul_(moving, 1 - group["lr"] * group["weight_decay"])
            if moving:
                torch._foreach_sub_(moving, [w.grad for w in moving], alpha=group["lr"])

    def _buffer(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        buffer: Tensor = state["momentum_buffer"]
        return buffer

    def _orthogonal(self, steps: Tensors) -> Tensors:
        """Return orthogonalized steps; equal shapes are batched, to reduce the calls on a GPU."""
        found = list(steps)
        for shape in dict.fromkeys(step.shape for step in steps):
            where = [i for i, step in enumerate(steps) if step.shape == shape]
            # A single step isn't batched: on a CPU, matrix products are faster than batches of one.
            same = steps[where[0]] if len(where) == 1 else torch.stack([steps[i] for i in where])
            made = orthogonalized(same.reshape(*same.shape[:-3], -1), self.dtype)
            made = made * max(1.0, made.shape[-2] / made.shape[-1]) ** 0.5
            for i, step in zip(where, made.reshape(len(where), *shape), strict=True):
                found[i] = step
        return found


def build(settings: Settings, weights: list[Parameter], dtype: torch.dtype) -> Muon:
    """Return the optimizer over ``weights``; matrix products are computed in ``dtype``."""
    kernels = [w for w in weights if w.ndim == 4]
    others = [w for w in weights if w.ndim != 4]
    groups = [
        {"params": kernels, "lr": settings.kernel_learning_rate, "kernels": True},
        {"params": others, "lr": settings.learning_rate},
    ]
    return Muon(
        split_by_decay(groups, settings),
        settings.momentum,
        settings.nesterov,
        settings.weight_decay,
        dtype,
    )
