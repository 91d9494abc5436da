"""A moving average of a network's weights."""

from __future__ import annotations

from itertools import chain

from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the average towards the network, by ``1 - decay`` of the way.

    Norms' running statistics are averaged with the weights that they belong to. torch's own
    `AveragedModel` keeps its count on the CPU, for which a GPU would be waited for every batch.
    """
    old, new = (
        [x.detach() for x in chain(net.parameters(), net.buffers()) if x.is_floating_point()]
        for net in (average, network)
    )
    get_ema_multi_avg_fn(decay)(old, new, None)  # type: ignore[no-untyped-call]
