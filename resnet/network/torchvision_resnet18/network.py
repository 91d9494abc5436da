"""torchvision's ResNet-18."""

from __future__ import annotations

from torch import nn

from resnet.network.torchvision_resnet18.settings import Settings


def build(settings: Settings, classes: int) -> nn.Module:
    """Return the network, freshly initialised."""
    from torchvision.models import resnet18  # 2.8 s to import, so only where it is needed

    network: nn.Module = resnet18(num_classes=classes)
    return network
