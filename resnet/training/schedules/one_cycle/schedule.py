"""A learning rate that rises, then falls to zero (Smith & Topin 2019, arXiv:1708.07120)."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from resnet.training.schedules.one_cycle.settings import Settings


def build(settings: Settings, optimizer: Optimizer, steps: int) -> LRScheduler:
    """Return the schedule of a run with ``steps`` steps."""
    warm = settings.warmup_fraction * steps
    return LambdaLR(
        optimizer, lambda i: min((i + 1) / (warm + 1), max(0.0, steps - i) / (steps - warm))
    )
