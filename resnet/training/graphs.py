"""Work on a GPU that is recorded and from then on launched as a whole, by CUDA graphs.

A training step of the final model is 541 kernels, most of them small, and a processor takes longer
to launch them one by one than a GPU to compute them. Replayed they are the same kernels: numbers
are what they are without.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3
"""Calls before the recording, in which libraries choose their kernels and take their memory."""


class Recorded:
    """A function of tensors on a GPU, which after some calls is recorded and replayed.

    Parameters
    ----------
    work
        What is done. It copies nothing to or from the processor's memory, gets tensors of the same
        shapes in every call, and changes others in place alone: what it works on is the memory
        that it worked on when it was recorded.
    """

    def __init__(self, work: Callable[..., list[Tensor]]) -> None:
        self.work = work
        self.calls = 0
        self.stream: torch.cuda.Stream | None = None
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        """Return what ``work`` returns; the next call overwrites it."""
        # On a stream of its own, as PyTorch asks for before a recording and in it.
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
