"""What optimizers are made of: torch's without its compiler, and groups of weights.

torch's own optimizers import PyTorch's compiler when they are first used, which takes 1.1 to 1.7 s
(AMD EPYC with AVX-512, torch 2.14.1): `Optimizer`'s methods to be kept from being compiled, and
``step`` to have what is compiled end before and after it. Here they are the functions that torch
wraps so.
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

    ``each`` is how independent parts of a step are computed; it may share them among threads.
    """

    each: Callable[[Callable[..., None], Iterable[tuple[Any, ...]]], None] = staticmethod(in_turn)

    add_param_group = unwrap(optim.Optimizer.add_param_group)
    zero_grad = unwrap(optim.Optimizer.zero_grad)
    state_dict = unwrap(optim.Optimizer.state_dict)
    load_state_dict = unwrap(optim.Optimizer.load_state_dict)

    def prepare(self) -> None:
        """Do what of a step depends on no learning rate, between ``backward`` and ``step``."""


def uncompiled_step(kind: type[optim.Optimizer]) -> Any:
    """Return the ``step`` of one of torch's optimizers, for an `Optimizer` that derives from it."""
    # The wrapped step has gradients off, where it isn't asked to be differentiable itself.
    return torch.no_grad()(unwrap(kind.step))


def split_by_decay(groups: ParameterGroups, settings: OptimizerSettings) -> ParameterGroups:
    """Return the groups as they are, or split so that norms and biases have no weight decay."""
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
    """Return all weights in one group, but for norms and biases where they have no decay."""
    return split_by_decay([{"params": weights}], settings)
