"""A learning rate that drops at fixed shares of the run."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from studies.deep_residual_learning.schedules.drops.settings import Settings


def build(settings: Settings, optimizer: Optimizer, steps: int) -> LRScheduler:
    """Return the schedule of a run with ``steps`` steps."""
    base = float(optimizer.param_groups[0]["lr"])
    drops = [round(share * steps) for share in settings.drops]
    warm = round(settings.warmup_share * steps)

    def factor(step: int) -> float:
        if step < warm:
            return settings.warmup_rate / base
        return float(settings.factor ** sum(step >= drop for drop in drops))

    return LambdaLR(optimizer, factor)
