"""The settings of Muon. This module doesn't import torch."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from resnet.settings import Rate
from resnet.training.optimizers.settings import MomentumSettings


class Settings(MomentumSettings, frozen=True, tag="muon"):
    """Muon with ``kernel_learning_rate`` for kernels of convolutions, SGD for other weights."""

    kernel_learning_rate: Annotated[Rate, Meta(title="learning rate of kernels")] = 0.02

    def learning_rates(self) -> dict[str, float]:
        """Return both learning rates by their settings' names."""
        return {
            "learning_rate": self.learning_rate,
            "kernel_learning_rate": self.kernel_learning_rate,
        }
