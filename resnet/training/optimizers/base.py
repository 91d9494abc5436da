"""The base class of optimizers, which doesn't import PyTorch's compiler, and parameter groups.

torch's own optimizers import PyTorch's compiler when they are first used, which takes 1.1 to 1.7 s
(AMD EPYC with AVX-512, torch 2.14.1). The reason is that torch wraps the methods of `Optimizer` to
exclude them from compilation. The class here uses the original functions without these wrappers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import unwrap
from typing import Any

import torch
from torch import optim
from torch.nn import Parameter

from resnet.training.optimizers.settings import OptimizerSettings

ParameterGroups = list[dict[str, Any]]


def in_turn(work: Callable[..., None], calls: Iterable[tuple[Any, ...]]) -> None:
    """Call ``work`` with the arguments of each of ``calls``, one after the other."""
    for arguments in calls:
        work(*arguments)


class Optimizer(optim.Optimizer):
    """The base of optimizers that aren't compiled.

    ``each`` computes independent parts of a step; it may distribute them over threads.
    """

    each: Callable[[Callable[..., None], Iterable[tuple[Any, ...]]], None] = staticmethod(in_turn)

    add_param_group = unwrap(optim.Optimizer.add_param_group)
    zero_grad = unwrap(optim.Optimizer.zero_grad)
    state_dict = unwrap(optim.Optimizer.state_dict)
    load_state_dict = unwrap(optim.Optimizer.load_state_dict)

    def prepare(self) -> None:
        """Compute the parts of a step before the learning rate; call it after ``backward``."""


def uncompiled_step(kind: type[optim.Optimizer]) -> Any:
    """Return the unwrapped ``step`` of one of torch's optimizers, for a class derived from it."""
    # torch's wrapper turns gradients off, too, unless the optimizer is differentiable.
    return torch.no_grad()(unwrap(kind.step))


def split_by_decay(groups: ParameterGroups, settings: OptimizerSettings) -> ParameterGroups:
    """Return the groups, split if norms and biases have no weight decay, else unchanged."""
    if settings.decay_norms:
        return groups
    return [
        {**group, "params": params, **extra}
        for group in groups
        for params, extra in (
            ([w for w in group["params"] if w.ndim > 1], {}),
            ([w for w in group["params"] if w.ndim <= 1], {"weight_decay": 0.0}),
        )
        if params
    ]


def one_group(weights: list[Parameter], settings: OptimizerSettings) -> ParameterGroups:
    """Return all weights in one group; norms and biases have their own if they aren't decayed."""
    return split_by_decay([{"params": weights}], settings)
