"""The settings of the cosine schedule. This module doesn't import torch."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from resnet.settings import ConfigError
from resnet.training.optimizers.settings import OptimizerSettings
from resnet.training.schedules.settings import SteppedSettings

Steps = Annotated[int, Meta(ge=1, le=10_000_000)]


class Settings(SteppedSettings, frozen=True, tag="cosine"):
    """The cosine schedule of Loshchilov & Hutter (2017, arXiv:1608.03983), without restarts.

    After ``t_max`` changes the rate rises again, with period 2 ``t_max``. If ``t_max`` is null, the
    rate decreases over the whole run.
    """

    t_max: Annotated[Steps | None, Meta(title="T_max, in changes of the rate")] = None
    eta_min: Annotated[float, Meta(ge=0, le=100, title="lowest rate")] = 0.0

    def check(self, optimizer: OptimizerSettings) -> None:
        """Raise a `ConfigError` if the lowest rate is above any of the optimizer's rates."""
        for name, rate in optimizer.learning_rates().items():
            if self.eta_min > rate:
                raise ConfigError(
                    "schedule.eta_min",
                    self.eta_min,
                    f"must not exceed optimizer.{name} ({rate:g})",
                )

    def last_step(self, steps: int) -> int | None:
        """Return the number of steps until the rate is lowest for the last time, or None if never.

        In the paper's log, test accuracy varies with the phase of the oscillation by up to a
        percentage point, so that runs which end at different phases can't be compared.
        """
        if self.t_max is None:
            return None
        minima = (steps - 1 - self.t_max) // (2 * self.t_max)
        return self.t_max * (2 * minima + 1) + 1 if minima >= 0 else None
