"""Record GPU work as a CUDA graph, and replay it with a single launch.

A training step of the final network has 541 kernels, most of them small; launching them one by one
takes the CPU longer than the GPU needs to compute them. A graph replays the same kernels, so that
the results don't change.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3
"""Calls before the recording, in which libraries select kernels and allocate memory."""


class Recorded:
    """A function of tensors on a GPU that is recorded after some calls, and then replayed.

    Parameters
    ----------
    work
        The function. It must not copy to or from CPU memory, must get tensors of the same shapes in
        every call, and may change other tensors only in place, because a replay uses the same
        memory addresses as the recording.
    """

    def __init__(self, work: Callable[..., list[Tensor]]) -> None:
        self.work = work
        self.calls = 0
        self.stream: torch.cuda.Stream | None = None
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        """Return the result of ``work``; the next call overwrites it."""
        # PyTorch requires a separate stream for the warm-up calls and for the recording.
        self.stream = self.stream or torch.cuda.Stream()  # type: ignore[no-untyped-call]
        if self.calls < WARM_UP:
            self.calls += 1
            return self._worked_aside(self.stream, inputs)
        if self.graph is None:
            self.inputs = [x.clone() for x in inputs]
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self.stream):
                self.outputs = self.work(*self.inputs)
            self.graph = graph
        for mine, given in zip(self.inputs, inputs, strict=True):
            mine.copy_(given)
        self.graph.replay()
        return self.outputs

    def _worked_aside(self, stream: torch.cuda.Stream, inputs: tuple[Tensor, ...]) -> list[Tensor]:
        main = torch.cuda.current_stream()
        stream.wait_stream(main)
        with torch.cuda.stream(stream):
            outputs = self.work(*inputs)
        main.wait_stream(stream)
        return outputs
