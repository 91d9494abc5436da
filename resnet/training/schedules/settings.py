"""The base classes of every schedule's settings. This module doesn't import torch."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from resnet.settings import Group
from resnet.training.optimizers.settings import OptimizerSettings

Every = Literal["batch", "epoch"]


class ScheduleSettings(Group, frozen=True, tag_field="name"):
    """The settings of a learning rate schedule."""

    @property
    def every(self) -> Every:
        """The unit of training after which the rate changes."""
        return "batch"

    def check(self, optimizer: OptimizerSettings) -> None:
        """Raise a `ConfigError` if the settings contradict the optimizer's."""

    def last_step(self, steps: int) -> int | None:
        """Return the number of schedule steps to which a budget of ``steps`` is shortened.

        A cyclic schedule ends at its last lowest rate. None means that the budget isn't shortened.
        """
        return None


class SteppedSettings(ScheduleSettings, frozen=True):
    """The settings of a schedule whose rate changes after every batch or every epoch."""

    step_every: Annotated[Every, Meta(title="the rate changes after every")] = "batch"

    @property
    def every(self) -> Every:
        """The unit of training after which the rate changes."""
        return self.step_every
