"""The settings of the constant learning rate: none. This module doesn't import torch."""

from __future__ import annotations

from resnet.training.schedules.settings import ScheduleSettings


class Settings(ScheduleSettings, frozen=True, tag="constant"):
    """The optimizer's learning rate for the whole run."""
