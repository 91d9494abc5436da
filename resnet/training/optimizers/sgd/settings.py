"""The settings of SGD. Imports no torch."""

from __future__ import annotations

from resnet.training.optimizers.settings import MomentumSettings


class Settings(MomentumSettings, frozen=True, tag="sgd"):
    """The settings of stochastic gradient descent."""
