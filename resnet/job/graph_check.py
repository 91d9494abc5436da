"""Try CUDA graphs on the first steps of a run, which must have the same bits without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from resnet.training.graphs import WARM_UP
from resnet.training.run import Run

STEPS = WARM_UP + 8
"""Steps that are compared: those before the recording, the recording, and replays."""


def agree(make: Callable[[bool], Run], steps: int = STEPS) -> bool:
    """Return whether the first steps with and without CUDA graphs have the same bits.

    Parameters
    ----------
    make
        Returns a new run, with CUDA graphs or without.
    steps
        Number of steps, at most an epoch.
    """
    with_graphs, without = (_tensors_after(make(graphs), steps) for graphs in (True, False))
    pairs = zip(with_graphs, without, strict=True)
    # Where both have no tensors, the epoch ended before a graph could be recorded.
    return bool(with_graphs) and all(torch.equal(one, other) for one, other in pairs)


def _tensors_after(run: Run, steps: int) -> list[Tensor]:
    """Return copies of the tensors of a run's state on the CPU; none if it has too few steps."""
    if sum(1 for _ in islice(run.train_to_epoch_end(), steps)) <= WARM_UP:
        return []
    return [tensor.detach().cpu().clone() for tensor in _tensors(run.state())]


def _tensors(state: Any) -> Iterator[Tensor]:
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, (dict, list)):
        for part in state.values() if isinstance(state, dict) else state:
            yield from _tensors(part)
