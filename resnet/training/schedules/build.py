"""Build a schedule from its settings, and read its learning rate."""

from __future__ import annotations

import importlib
import warnings

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from resnet.registry import entry_of
from resnet.training.schedules.settings import ScheduleSettings


def build(settings: ScheduleSettings, optimizer: Optimizer, steps: int) -> LRScheduler:
    """Return the schedule of the settings' kind, to be stepped every batch or every epoch.

    Parameters
    ----------
    settings
        The settings of a schedule in the registry.
    optimizer
        The optimizer whose learning rates the schedule sets.
    steps
        Number of schedule steps in the run.
    """
    module = importlib.import_module(f"{entry_of(settings)}.schedule")
    schedule: LRScheduler = module.build(settings, optimizer, steps)
    return schedule


def rate(schedule: LRScheduler) -> float:
    """Return the current learning rate."""
    return float(schedule.get_last_lr()[0])


def printed_rate(schedule: LRScheduler) -> float:
    """Return the value of ``scheduler.get_lr()``, which the paper's notebook printed.

    Between steps, ``get_lr()`` returns the next value of the recursion, not the current rate.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return float(schedule.get_lr()[0])
