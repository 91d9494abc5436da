"""The settings of Adam. Imports no torch."""

from __future__ import annotations

from resnet.training.optimizers.settings import OptimizerSettings


class Settings(OptimizerSettings, frozen=True, tag="adam"):
    """What every optimizer has; torch's defaults for the rest."""
