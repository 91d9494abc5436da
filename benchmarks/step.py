"""Where a training step's time goes: ``python -m benchmarks.step``.

PyTorch's profiler over some steps of the final model, as `benchmarks.training` trains it on one
thread of a CPU: each kind of operation's share of the time, and the rate of the convolutions alone,
beside that of the best matrix products. What is left between the two and the ratio that
`benchmarks.training` prints is memory's: norms, activations and additions compute next to nothing.
"""

from __future__ import annotations

import itertools
from collections import Counter

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.training import BATCH, WARM_UP, gemm, ours
from resnet.config import Model
from resnet.cost import layers

STEPS = 10

KINDS = {
    "convolutions": ("conv",),
    "batch norms": ("batch_norm",),
    "activations and additions": ("relu", "threshold", "aten::add_", "aten::add"),
    "copies and casts": ("copy_", "fill_", "zero_"),
}
"""Each kind by what its operations' names contain; the first that fits counts."""


def kind(operation: str) -> str:
    """Return what kind of operation a name in the profile is."""
    found = (name for name, parts in KINDS.items() if any(part in operation for part in parts))
    return next(found, "the rest")


def main() -> None:
    """Profile and print."""
    torch.set_num_threads(1)
    steps = ours()
    for _ in itertools.islice(steps, WARM_UP):
        pass
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in itertools.islice(steps, STEPS):
            pass
    seconds: Counter[str] = Counter()
    for event in profiler.key_averages():
        seconds[kind(event.key)] += event.self_cpu_time_total / 1e6
    for name, value in seconds.most_common():
        print(f"{name}: {value / seconds.total():.0%}")
    # Forward once, backward twice as much: by the inputs and by the weights.
    rate = 3 * layers(Model())[0].flops * BATCH * STEPS / seconds["convolutions"]
    print(f"convolutions alone: {rate / gemm():.2f} of the best matrix products' rate")


if __name__ == "__main__":
    main()
