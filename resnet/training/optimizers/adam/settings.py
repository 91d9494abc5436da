"""The settings of Adam. This module doesn't import torch."""

from __future__ import annotations

from resnet.training.optimizers.settings import OptimizerSettings


class Settings(OptimizerSettings, frozen=True, tag="adam"):
    """The settings that every optimizer has; all others are torch's defaults."""
