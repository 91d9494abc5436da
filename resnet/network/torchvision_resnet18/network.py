"""Build torchvision's ResNet-18."""

from __future__ import annotations

from torch import nn

from resnet.network.torchvision_resnet18.settings import Settings


def build(settings: Settings, classes: int) -> nn.Module:
    """Return the network, newly initialised."""
    from torchvision.models import resnet18  # takes 2.8 s, so import it only when needed

    network: nn.Module = resnet18(num_classes=classes)
    return network
