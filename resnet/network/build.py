"""Build a network from its settings."""

from __future__ import annotations

import importlib

from torch import nn

from resnet.network.settings import NetworkSettings
from resnet.registry import entry_of


def build(settings: NetworkSettings, classes: int = 10) -> nn.Module:
    """Return the network that the settings describe, newly initialised.

    Initial weights come from torch's global random state, so seed it first.

    Parameters
    ----------
    settings
        The settings of a network in the registry.
    classes
        Number of outputs of the last layer.
    """
    module = importlib.import_module(f"{entry_of(settings)}.network")
    network: nn.Module = module.build(settings, classes)
    return network


def count_parameters(network: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
