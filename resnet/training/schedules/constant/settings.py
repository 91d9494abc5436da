"""The settings of the constant learning rate: none. Imports no torch."""

from __future__ import annotations

from resnet.training.schedules.settings import ScheduleSettings


class Settings(ScheduleSettings, frozen=True, tag="constant"):
    """The rate stays the optimizer's."""
