"""The base class of every optimizer's settings. This module doesn't import torch."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from resnet.settings import ConfigError, Group, Rate


class OptimizerSettings(Group, frozen=True, tag_field="name"):
    """The settings of an optimizer."""

    learning_rate: Annotated[Rate, Meta(title="learning rate")] = 0.1
    weight_decay: Annotated[float, Meta(ge=0, le=10, title="weight decay")] = 0.0
    # He et al. (2019), arXiv:1812.01187, section 3.1, don't decay norms and biases.
    decay_norms: Annotated[bool, Meta(title="weight decay of norms and biases too")] = True

    def learning_rates(self) -> dict[str, float]:
        """Return every learning rate by its setting's name; schedules are checked against them."""
        return {"learning_rate": self.learning_rate}


class MomentumSettings(OptimizerSettings, frozen=True):
    """The common settings of optimizers with momentum."""

    momentum: Annotated[float, Meta(ge=0, le=0.9999, title="momentum")] = 0.0
    nesterov: Annotated[bool, Meta(title="Nesterov's momentum")] = False

    def __post_init__(self) -> None:
        if self.nesterov and self.momentum == 0:
            raise ConfigError("optimizer.nesterov", True, "needs optimizer.momentum above 0")
