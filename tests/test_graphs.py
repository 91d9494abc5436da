"""CUDA graphs, on a stand-in that replays on the CPU; tests/test_gpu.py has the real ones."""

from contextlib import nullcontext

import pytest
import torch

from resnet.training.graphs import WARM_UP, Recorded


class Stream:
    def wait_stream(self, other):
        pass


@pytest.fixture
def recorded(monkeypatch):
    """A function that doubles; its graph calls it again, from memory and into memory of its own."""

    class Graph:
        def replay(self):
            for mine, made in zip(found.outputs, found.work(*found.inputs), strict=True):
                mine.copy_(made)

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    for name in ("Stream", "current_stream"):
        monkeypatch.setattr(torch.cuda, name, Stream)
    for name in ("graph", "stream"):
        monkeypatch.setattr(torch.cuda, name, lambda *_, **__: nullcontext())
    found = Recorded(lambda x: [2 * x])
    return found


def test_a_recording_is_replayed_on_new_inputs_and_into_the_same_memory(recorded):
    outputs = []
    for i in range(WARM_UP + 3):
        outputs.append(recorded(torch.full((3,), float(i)))[0])
        assert outputs[-1].tolist() == [2.0 * i] * 3
        assert (recorded.graph is not None) == (i >= WARM_UP)
    assert outputs[-1] is outputs[-2] is outputs[-3] is not outputs[0]
