"""A learning rate that decreases along a cosine."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler

from resnet.training.schedules.cosine.settings import Settings


def build(settings: Settings, optimizer: Optimizer, steps: int) -> LRScheduler:
    """Return the schedule of a run with ``steps`` steps."""
    # The last step, at index steps - 1, has the lowest rate.
    t_max = settings.t_max or max(1, steps - 1)
    return CosineAnnealingLR(optimizer, t_max, settings.eta_min)
