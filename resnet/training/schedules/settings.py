"""What every schedule's settings have in common. Imports no torch."""

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
        """After what the rate changes."""
        return "batch"

    def check(self, optimizer: OptimizerSettings) -> None:
        """Refuse settings that contradict the optimizer's, with a `ConfigError`."""

    def last_step(self, steps: int) -> int | None:
        """Return after how many steps of the schedule a budget of so many ends.

        A cyclic schedule ends where its rate is lowest. None means that nothing is cut.
        """
        return None


class SteppedSettings(ScheduleSettings, frozen=True):
    """The settings of a schedule whose rate changes after every batch or every epoch."""

    step_every: Annotated[Every, Meta(title="the rate changes after every")] = "batch"

    @property
    def every(self) -> Every:
        """After what the rate changes."""
        return self.step_every
