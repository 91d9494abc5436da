"""Work shared among threads of Python's, each of which computes with one of PyTorch's.

PyTorch shares every operation among its threads, which wait for one another after each; where
operations are small, that takes longer than it saves. Its own threads spin for a while where they
wait, and hold these up: ``resnet/train.smk`` has them spin for a thirtieth of that, by libgomp's
``GOMP_SPINCOUNT``. Never spinning (``OMP_WAIT_POLICY=passive``) makes shared operations slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import torch


def each(work: Callable[..., None], calls: Iterable[tuple[Any, ...]]) -> None:
    """Call ``work`` with the arguments of each of ``calls``, without gradients.

    As many run at once as PyTorch has threads here. Threads that are started later have one, which
    PyTorch gives every new thread from then on.
    """
    calls, threads = list(calls), torch.get_num_threads()
    inference = torch.is_inference_mode_enabled()  # a thread's own, as whether gradients are on

    def call(arguments: tuple[Any, ...]) -> None:
        with torch.inference_mode(inference), torch.no_grad():
            work(*arguments)

    if threads == 1 or len(calls) == 1:
        for arguments in calls:
            call(arguments)
    else:
        for _ in _workers(threads).map(call, calls):  # raises what a call raised
            pass


@cache
def _workers(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "compute", initializer=_compute_alone)


def _compute_alone() -> None:
    # The first call in a thread gives it what was last set in any.
    torch.get_num_threads()
    torch.set_num_threads(1)
