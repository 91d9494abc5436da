"""The settings of AdamW. This module doesn't import torch."""

from __future__ import annotations

from resnet.training.optimizers.settings import OptimizerSettings


class Settings(OptimizerSettings, frozen=True, tag="adamw"):
    """The settings that every optimizer has; all others are torch's defaults."""
