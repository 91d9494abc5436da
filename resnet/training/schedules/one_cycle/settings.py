"""The settings of the one-cycle schedule. This module doesn't import torch."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from resnet.training.schedules.settings import SteppedSettings


class Settings(SteppedSettings, frozen=True, tag="one_cycle"):
    """Rises over ``warmup_fraction`` of the run, then falls to zero (arXiv:1708.07120)."""

    warmup_fraction: Annotated[
        float, Meta(ge=0, le=0.99, title="share of the run in which the rate rises")
    ] = 0.3
