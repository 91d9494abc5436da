"""CUDA graphs, on a stand-in that replays on the CPU; tests/test_gpu.py has the real ones."""

import itertools
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from resnet.config import from_dict
from resnet.images.sources.cache import load, read_facts
from resnet.job import checks
from resnet.job import train as job
from resnet.training.graphs import WARM_UP, Recorded
from resnet.training.images import place
from resnet.training.run import Run

CPU = torch.device("cpu")
SMALL = {
    "model.blocks": [1, 1, 1, 1],
    "model.channels": [4, 4, 8, 8, 8],
    "data": {"dataset": "digits", "training_images": 1408},
    "optimizer.momentum": 0.9,
    "budget.images_seen": 14080,
}


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


@pytest.fixture
def make(digits, monkeypatch):
    """Make runs; those "with graphs" have gradients that `wrong` changes."""
    config = from_dict(SMALL)
    images = place(config, load(digits, "train"), load(digits, "test"), read_facts(digits), CPU)

    def made(graphs, wrong=lambda step, gradients: gradients):
        run = Run(config, images, CPU)
        if graphs:
            plain, steps = run.gradients, itertools.count()
            run.gradients = lambda *batch: wrong(next(steps), plain(*batch))
        return run

    return made


def flipped(step, gradients):
    """The gradients of a step replayed with a stale input, in the last digits."""
    if step == WARM_UP + 2:
        gradients[0].mul_(1 + 2**-20)
    return gradients


def test_first_steps_agree_only_to_the_bit(make):
    assert checks.graphs_agree(make)
    assert not checks.graphs_agree(lambda graphs: make(graphs, flipped))
    # The difference comes after these steps.
    assert checks.graphs_agree(lambda graphs: make(graphs, flipped), steps=WARM_UP + 2)
    # With so few, no graph was recorded, and nothing was shown.
    assert not checks.graphs_agree(make, steps=WARM_UP)


@pytest.mark.parametrize(
    ("asked", "agrees", "used"),
    [("never", True, False), ("always", False, True), ("auto", True, True), ("auto", False, False)],
)
def test_auto_uses_graphs_if_the_first_steps_agree(asked, agrees, used, monkeypatch):
    monkeypatch.setattr(job, "Run", lambda _config, _images, _device, graphs: graphs)
    monkeypatch.setattr(checks, "graphs_agree", lambda make: agrees)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    here, config = Path(), from_dict({})
    how = job.Job("run", here, here, here, cuda_graphs=asked)
    assert job.make_run(how, config, None, torch.device("cuda")) is used
    if asked == "auto":
        assert job.make_run(how, config, None, CPU) is False
