"""Check before a run is trained what would cost its hours, or its results, otherwise.

That is: the environment, the machine's memory and GPU, what code of a registry returns, and CUDA
graphs.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resnet.config import RunConfig
from resnet.costs import estimate
from resnet.images.augmentation.transform import named
from resnet.job.provenance import LOWER_FLOAT32
from resnet.settings import kind_of
from resnet.training.graphs import WARM_UP
from resnet.training.run import Run, seeded_network

log = logging.getLogger("resnet.train")

STEPS = WARM_UP + 8
"""Steps that are compared: those before the recording, the recording, and replays."""


def check_float32() -> None:
    """Raise `ValueError` if the environment lowers the precision of float32; no record says so."""
    for variable, harmless in LOWER_FLOAT32.items():
        value = os.environ.get(variable, "")
        if value.upper() not in {"", harmless}:
            raise ValueError(
                f"the environment has {variable}={value}, which may lower the precision of "
                f"float32: unset {variable}, or set it to {harmless}"
            )


def check_gpu(asked: str, held: str | None) -> None:
    """Raise an error if this machine has a GPU that PyTorch can't use; warn if one was asked for.

    Otherwise runs that are meant for a GPU would take days on the CPU.

    Parameters
    ----------
    asked
        Whether to train on a GPU: ``auto``, ``always`` or ``never``.
    held
        The GPU that the run holds, if there is one.

    Raises
    ------
    ValueError
        If a GPU is there, and none was asked for in particular.
    """
    if held and asked == "auto":
        raise ValueError(
            f"a GPU is here, and PyTorch {torch.__version__} can't use it: {_why_no_gpu()}. "
            "Update its driver, install a build of PyTorch for it, or train on the CPU with "
            "--config gpu=never"
        )
    if held or asked == "always":
        log.warning("a GPU is asked for, but PyTorch finds none: trains on the CPU")


def _why_no_gpu() -> str:
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as error:
        # A build without CUDA raises the latter.
        return str(error).partition("\n")[0].rstrip(".")
    return "it finds none"


def check_memory(config: RunConfig) -> None:
    """Raise `ValueError` if this machine hasn't the memory that a run needs on a CPU."""
    problem = estimate.memory_problem(config.model, config.dataset.image_size, config.batch_size)
    if problem:
        raise ValueError(problem)


def check_network(config: RunConfig) -> None:
    """Raise `ValueError` if the network doesn't return a logit for each class of an image."""
    size, classes = config.dataset.image_size, len(config.dataset.classes)
    network = seeded_network(config, torch.device("cpu")).eval()
    with torch.inference_mode():
        found = network(torch.zeros(2, 3, size, size))
    if _kind(found) != (expected := f"torch.float32 of shape (2, {classes})"):
        raise ValueError(
            f"model.name: for 2 images and {classes} classes {kind_of(config.model)} returns "
            f"{_kind(found)}, expected {expected}"
        )


def check_transforms(config: RunConfig) -> None:
    """Raise `ValueError` if a transform returns other than images of the type and shape given."""
    size = config.dataset.image_size
    images = torch.zeros(2, 3, size, size, dtype=torch.uint8)
    for name in sorted({name for copy in config.augmentation.copies for name in copy}):
        transform = named(name)
        parameters = transform.parameters(np.full((2, transform.draws), 0.5), size)
        found = transform.pixels(images.clone(), torch.from_numpy(parameters))
        if _kind(found) != _kind(images):
            raise ValueError(
                f"augmentation.copies: {name} returns {_kind(found)}, expected {_kind(images)}"
            )


def _kind(value: object) -> str:
    """Return a tensor's type and shape, or another value's class."""
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{value.dtype} of shape {tuple(value.shape)}"


def graphs_agree(make: Callable[[bool], Run], steps: int = STEPS) -> bool:
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
