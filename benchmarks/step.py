"""Where a training step's time goes on a CPU: ``python -m benchmarks.step``.

PyTorch's profiler over some steps of the final model, as `benchmarks.training` trains it, on one
thread: each kind of operation's share of the time, and the rate of the convolutions alone, beside
that of the best matrix products on one thread. The product of the two is about the step's own share
of that rate: what isn't a convolution computes next to nothing. FLOPs are those of direct
convolutions, also where fewer are taken.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator

from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile

from benchmarks.training import BATCH, WARM_UP, gemm, ours
from resnet.network.cost import layers
from resnet.network.resnet.settings import Settings as Model
from resnet.training.machine import pick_device, set_up

STEPS = 10

KINDS = {
    "Optimizer": "the optimizer",
    "aten::mkldnn_convolution": "convolutions",
    "aten::convolution_backward": "convolutions",
    "resnet::winograd": "convolutions",
    "resnet::winograd_gradients": "convolutions",
    "aten::native_batch_norm": "batch norms",
    "aten::native_batch_norm_backward": "batch norms",
    "aten::relu_": "activations",
    "aten::threshold_backward": "activations",
    "aten::add": "additions",
    "aten::add_": "additions",
}
"""An operation is of the kind of the outermost one here that it is a part of."""


def kind(event: FunctionEvent) -> str:
    """Return what kind of operation an event belongs to."""
    found = [KINDS[name] for name in _names(event) if name in KINDS]
    return found[-1] if found else "the rest"


def _names(event: FunctionEvent | None) -> Iterator[str]:
    while event is not None:
        yield event.name.partition(".")[0]
        event = event.cpu_parent


def main() -> None:
    """Profile and print."""
    if pick_device().type != "cpu":
        sys.exit("benchmarks.step: profiles CPUs; hide the GPU with CUDA_VISIBLE_DEVICES=")
    set_up(1)
    steps = ours()
    for _ in itertools.islice(steps, WARM_UP):
        pass
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in itertools.islice(steps, STEPS):
            pass
    seconds: Counter[str] = Counter()
    for event in profiler.events():
        seconds[kind(event)] += event.self_cpu_time_total / 1e6
    for name, value in seconds.most_common():
        print(f"{name}: {value / seconds.total():.0%}")
    # Forward once, backward twice as much: by the inputs and by the weights.
    rate = 3 * layers(Model())[0].flops * BATCH * STEPS / seconds["convolutions"]
    print(f"convolutions alone: {rate / gemm():.2f} of the best matrix products' rate")


if __name__ == "__main__":
    main()
