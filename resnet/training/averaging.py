"""Exponential moving average of a network's weights."""

from __future__ import annotations

from itertools import chain

from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


def update_average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Update the average to ``decay * average + (1 - decay) * network``.

    The running statistics of norms are averaged like the weights. torch's `AveragedModel` isn't
    used because it keeps a counter on the CPU, which would synchronise with the GPU at every batch.
    """
    old, new = (
        [x.detach() for x in chain(net.parameters(), net.buffers()) if x.is_floating_point()]
        for net in (average, network)
    )
    get_ema_multi_avg_fn(decay)(old, new, None)  # type: ignore[no-untyped-call]
