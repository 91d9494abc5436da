"""Settings of torchvision's ResNet-18: none. This module doesn't import torch."""

from __future__ import annotations

from collections.abc import Iterator

from resnet.network.resnet.settings import Settings as ResNet
from resnet.network.settings import Convolutions, NetworkSettings


class Settings(NetworkSettings, frozen=True, tag="torchvision_resnet18"):
    """The network of `torchvision.models.resnet18`."""

    def convolutions(self, image_size: int) -> Iterator[Convolutions]:
        """Yield the convolutions of ResNet-18 (He et al. 2016, Table 1)."""
        return ResNet(
            blocks=(2, 2, 2, 2),
            channels=(64, 64, 128, 256, 512),
            stem_kernel=7,
            stage_kernels=(3, 3, 3, 3),
            stem_stride=2,
        ).convolutions(image_size)
