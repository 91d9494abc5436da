"""The settings of SGD. This module doesn't import torch."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from resnet.settings import ConfigError
from resnet.training.optimizers.settings import OptimizerSettings


class MomentumSettings(OptimizerSettings, frozen=True):
    """The common settings of optimizers with momentum."""

    momentum: Annotated[float, Meta(ge=0, le=0.9999, title="momentum")] = 0.0
    nesterov: Annotated[bool, Meta(title="Nesterov's momentum")] = False

    def __post_init__(self) -> None:
        if self.nesterov and self.momentum == 0:
            raise ConfigError("optimizer.nesterov", True, "needs optimizer.momentum above 0")


class Settings(MomentumSettings, frozen=True, tag="sgd"):
    """The settings of stochastic gradient descent."""
