"""Muon: momentum whose every step is made orthogonal, for the kernels of convolutions.

Jordan et al. (2024), "Muon: An optimizer for hidden layers in neural networks",
https://kellerjordan.github.io/posts/muon/.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from resnet import threads
from resnet.optimizers import Optimizer

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration, from the same page: steepest at zero, not convergent."""

ITERATIONS = 5
"""Enough to bring singular values from 0.01 on between about 0.7 and 1.2."""


def orthogonalized(matrix: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return about the nearest semi-orthogonal matrix: ``U V^T`` where ``matrix`` is ``U S V^T``.

    Parameters
    ----------
    matrix
        Of shape (rows, columns).
    dtype
        Of the products.
    """
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).float()
    x = (x / (x.norm() + 1e-7)).to(dtype)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    found: Tensor = x.T if tall else x
    return found.to(matrix.dtype)


class Muon(Optimizer):
    """Muon for the groups marked ``kernels``, SGD with momentum for the others.

    A kernel of shape (outputs, inputs, height, width) counts as a matrix of ``outputs`` rows. Its
    step has the length of that many orthogonal rows, so the learning rate is a share of the size
    that initial weights have. Weight decay is decoupled (Loshchilov & Hutter 2019,
    arXiv:1711.05101) for kernels. Products are made in ``dtype``.
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
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every parameter."""
        moves = [
            (weight, group)
            for group in self.param_groups
            for weight in group["params"]
            if weight.grad is not None
        ]
        if moves and moves[0][0].is_cpu:
            threads.each(self._move, moves)
        else:
            for move in moves:
                self._move(*move)

    def _move(self, weight: Tensor, group: dict[str, Any]) -> None:
        gradient, state = weight.grad, self.state[weight]
        assert gradient is not None
        if group["kernels"]:
            weight.mul_(1 - group["lr"] * group["weight_decay"])
        else:
            gradient = gradient.add(weight, alpha=group["weight_decay"])
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        buffer = state["momentum_buffer"].mul_(group["momentum"]).add_(gradient)
        step = gradient.add(buffer, alpha=group["momentum"]) if group["nesterov"] else buffer
        if group["kernels"]:
            matrix = step.reshape(len(step), -1)
            scale = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
            step = orthogonalized(matrix, self.dtype).reshape(step.shape) * scale
        weight.sub_(step, alpha=group["lr"])
