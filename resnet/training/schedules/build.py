"""Schedules from their settings, and the rates that they give."""

from __future__ import annotations

import importlib
import warnings

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from resnet.settings import kind_of
from resnet.training.schedules.settings import ScheduleSettings


def build(settings: ScheduleSettings, optimizer: Optimizer, steps: int) -> LRScheduler:
    """Return the schedule of the settings' kind, to be stepped every batch or every epoch.

    Parameters
    ----------
    settings
        Of one of the registry's schedules.
    optimizer
        Whose learning rates it sets.
    steps
        Of the schedule, in the run.
    """
    module = importlib.import_module(f"resnet.training.schedules.{kind_of(settings)}.schedule")
    schedule: LRScheduler = module.build(settings, optimizer, steps)
    return schedule


def rate(schedule: LRScheduler) -> float:
    """Return the learning rate in force."""
    return float(schedule.get_last_lr()[0])


def printed_rate(schedule: LRScheduler) -> float:
    """Return what ``scheduler.get_lr()`` prints, as the paper's notebook did.

    Between steps that call gives the recursion's next value, not the rate in force.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return float(schedule.get_lr()[0])
