"""Distribute work over Python threads, each of which uses one PyTorch thread.

PyTorch splits every operation among its threads and synchronises them after it; for small
operations this costs more than it saves. PyTorch's threads also busy-wait for a while, which slows
down the Python threads: ``resnet/run.smk`` reduces this time to a thirtieth by libgomp's
``GOMP_SPINCOUNT``. No busy-waiting (``OMP_WAIT_POLICY=passive``) makes PyTorch's operations slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import torch


def each(work: Callable[..., None], calls: Iterable[tuple[Any, ...]]) -> None:
    """Call ``work`` with the arguments of each of ``calls``, without gradients.

    The number of parallel calls is PyTorch's number of threads in the calling thread. As a side
    effect, PyTorch uses a single thread in all threads that are started later.
    """
    calls, threads = list(calls), torch.get_num_threads()
    inference = torch.is_inference_mode_enabled()  # thread-local, like gradient mode

    def call(arguments: tuple[Any, ...]) -> None:
        with torch.inference_mode(inference), torch.no_grad():
            work(*arguments)

    if threads == 1 or len(calls) == 1:
        for arguments in calls:
            call(arguments)
    else:
        for _ in _workers(threads).map(call, calls):  # re-raises a call's exception
            pass


@cache
def _workers(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "compute", initializer=_compute_alone)


def _compute_alone() -> None:
    # The first call in a thread initialises its number of threads with the last one set anywhere.
    torch.get_num_threads()
    torch.set_num_threads(1)
