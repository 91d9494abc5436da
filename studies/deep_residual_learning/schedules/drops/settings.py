"""The settings of a learning rate that drops at fixed steps. This module doesn't import torch."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from resnet.settings import ConfigError, Rate, Share
from resnet.training.optimizers.settings import OptimizerSettings
from resnet.training.schedules.settings import ScheduleSettings


class Settings(ScheduleSettings, frozen=True, tag="drops"):
    """A rate that is multiplied by ``factor`` at each of ``drops``, shares of the run.

    In the first ``warmup_share`` of the run it is ``warmup_rate``. Shares, not steps, so that a
    shorter run has its drops at the same places.
    """

    drops: Annotated[tuple[Share, ...], Meta(max_length=8, title="drops, as shares of the run")] = (
        0.5,
        0.75,
    )
    factor: Annotated[float, Meta(ge=0.001, le=1, title="factor of a drop")] = 0.1
    warmup_share: Annotated[Share, Meta(title="share of the run at the first rate")] = 0.0
    warmup_rate: Annotated[Rate, Meta(title="first rate")] = 0.01

    def check(self, optimizer: OptimizerSettings) -> None:
        """Raise a `ConfigError` if the drops don't ascend after the warm-up."""
        later = {drop for drop in self.drops if drop > self.warmup_share}
        if list(self.drops) != sorted(later):
            raise ConfigError(
                "schedule.drops",
                list(self.drops),
                "allowed are ascending shares above warmup_share",
            )
