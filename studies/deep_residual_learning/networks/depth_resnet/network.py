"""The residual and plain networks of He et al. 2016 (arXiv:1512.03385, section 4.2)."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional

from studies.deep_residual_learning.networks.depth_resnet.settings import CHANNELS, Settings


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, added to their input if ``shortcut``.

    Where the size changes, the shortcut takes every second pixel and adds channels of zeros, half
    of them on each side (option A of the paper, without parameters).

    Parameters
    ----------
    inputs, outputs
        Numbers of input and output channels.
    stride
        Stride of the first convolution.
    shortcut
        Whether the input is added.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, ceil(h / stride), ceil(w / stride))."""
        out: Tensor = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(out + self._identity(x) if self.shortcut else out)

    def _identity(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        half = self.added // 2
        return functional.pad(x, (0, 0, 0, 0, half, self.added - half)) if self.added else x


class DepthResNet(nn.Module):
    """A 3x3 stem, three stages of blocks, global average pooling and a linear layer."""

    def __init__(self, settings: Settings, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, CHANNELS[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(CHANNELS[0])
        stages: OrderedDict[str, nn.Module] = OrderedDict()
        inputs = CHANNELS[0]
        for number, outputs in enumerate(CHANNELS, 1):
            first = Block(inputs, outputs, 1 if number == 1 else 2, settings.shortcuts)
            rest = (
                Block(outputs, outputs, 1, settings.shortcuts) for _ in range(settings.blocks - 1)
            )
            stages[f"layer{number}"] = nn.Sequential(first, *rest)
            inputs = outputs
        self.stages = nn.Sequential(stages)
        self.fc = nn.Linear(inputs, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # He et al. 2015, arXiv:1502.01852, which the paper cites.
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map images of shape (n, 3, h, w) to logits of shape (n, classes)."""
        x = self.stages(functional.relu(self.bn1(self.conv1(x))))
        logits: Tensor = self.fc(x.mean((2, 3)))
        return logits


def build(settings: Settings, classes: int) -> nn.Module:
    """Return the network, newly initialised."""
    return DepthResNet(settings, classes)
