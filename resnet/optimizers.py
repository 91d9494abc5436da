"""torch's optimizers as they are where nothing is compiled.

torch's own import PyTorch's compiler when they are first used, which takes 2 to 3 s (AMD EPYC,
torch 2.14.1): `Optimizer`'s methods to be kept from being compiled, and ``step`` to have what is
compiled end before and after it. Here they are the functions that torch wraps so.
"""

from __future__ import annotations

from inspect import unwrap

import torch
from torch import optim


class Optimizer(optim.Optimizer):
    """The base of optimizers that aren't compiled."""

    add_param_group = unwrap(optim.Optimizer.add_param_group)
    zero_grad = unwrap(optim.Optimizer.zero_grad)
    state_dict = unwrap(optim.Optimizer.state_dict)
    load_state_dict = unwrap(optim.Optimizer.load_state_dict)

    def prepare(self) -> None:
        """Do what of a step depends on no learning rate, between ``backward`` and ``step``."""


# The wrapped step has gradients off, where it isn't asked to be differentiable itself.


class SGD(Optimizer, optim.SGD):
    """`torch.optim.SGD`."""

    step = torch.no_grad()(unwrap(optim.SGD.step))


class Adam(Optimizer, optim.Adam):
    """`torch.optim.Adam`."""

    step = torch.no_grad()(unwrap(optim.Adam.step))


class AdamW(Optimizer, optim.AdamW):
    """`torch.optim.AdamW`."""

    step = torch.no_grad()(unwrap(optim.AdamW.step))
