"""Profile a training step on a CPU: ``python -m benchmarks.step``.

It runs PyTorch's profiler on one thread over some steps of the final network, trained as in
`benchmarks.training`. It prints each kind of operation's share of the time, and the convolutions'
rate relative to the best matrix products. The product of the convolutions' share and relative rate
is about the whole step's relative rate, since other operations have few FLOPs. FLOPs are those of
direct convolutions, even if another algorithm takes fewer.
"""

from __future__ import annotations

import itertools
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator

from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile

from benchmarks.contenders import BATCH, WARM_UP, gemm, ours
from resnet.costs.layers import layers
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
"""The kind of an operation is that of its outermost parent in this table."""


def kind(event: FunctionEvent) -> str:
    """Return the kind of operation that an event belongs to."""
    found = [KINDS[name] for name in _names(event) if name in KINDS]
    return found[-1] if found else "the rest"


def _names(event: FunctionEvent | None) -> Iterator[str]:
    while event is not None:
        yield event.name.partition(".")[0]
        event = event.cpu_parent


def main() -> None:
    """Run the profiler and print the results."""
    ArgumentParser(prog="python -m benchmarks.step", description=main.__doc__).parse_args()
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
    # The backward pass has twice the forward FLOPs: gradients of inputs and of weights.
    rate = 3 * layers(Model())[0].flops * BATCH * STEPS / seconds["convolutions"]
    print(f"convolutions alone: {rate / gemm():.2f} of the best matrix products' rate")


if __name__ == "__main__":
    main()
