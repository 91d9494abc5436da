"""A constant learning rate."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, LRScheduler

from resnet.training.schedules.constant.settings import Settings


def build(settings: Settings, optimizer: Optimizer, steps: int) -> LRScheduler:
    """Return the schedule of a run with ``steps`` steps."""
    return ConstantLR(optimizer, factor=1.0)
