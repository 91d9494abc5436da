"""A learning rate that falls along a cosine."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler

from resnet.training.schedules.cosine.settings import Settings


def build(settings: Settings, optimizer: Optimizer, steps: int) -> LRScheduler:
    """Return the schedule of a run of so many steps."""
    # The step at index steps - 1 is the last, and the one with the lowest rate.
    t_max = settings.t_max or max(1, steps - 1)
    return CosineAnnealingLR(optimizer, t_max, settings.eta_min)
