"""The residual network of the paper and its variants; every design choice is an argument.

Module names follow torchvision's ``resnet18``, so that weights can be exchanged by name.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from resnet.network.resnet.settings import Settings


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Return a convolution without bias, padded such that only the stride changes the size."""
    kind = _OfSomePixels if kernel == 1 < stride and inputs < 16 else nn.Conv2d
    return kind(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


class _OfSomePixels(nn.Conv2d):
    """A strided 1x1 convolution that subsamples the pixels first, which gives the same result.

    It avoids a bug: with channels last, and fewer channels than a vector register holds (8 or 16),
    oneDNN's weight gradient writes out of bounds and at best gives wrong numbers (seen in torch
    2.14.1 with AVX2; https://github.com/uxlfoundation/oneDNN/issues/6035).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, ceil(h / stride), ceil(w / stride))."""
        rows, columns = self.stride
        return functional.conv2d(x[:, :, ::rows, ::columns], self.weight, self.bias)

    def _get_name(self) -> str:
        """Return the name in summaries, which is the same for all implementations."""
        return "Conv2d"


class BasicBlock(nn.Module):
    """Convolutions with batch norm, added to a shortcut (He et al. 2016, Figure 2).

    Parameters
    ----------
    inputs, outputs
        Numbers of input and output channels.
    kernel
        Kernel size of every convolution in the block.
    stride
        Stride of the convolution ``strided``; the others have stride 1.
    strided
        Index of the strided convolution, from 0.
    convolutions
        Number of convolutions in the block.
    shortcut_kernel
        Kernel size of the projection, used if the image size or number of channels changes.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        strided: int = 0,
        convolutions: int = 2,
        shortcut_kernel: int = 1,
    ) -> None:
        super().__init__()
        self.convolutions = convolutions
        for i in range(convolutions):
            conv = convolution(
                inputs if i == 0 else outputs, outputs, kernel, stride if i == strided else 1
            )
            self.add_module(f"conv{i + 1}", conv)
            self.add_module(f"bn{i + 1}", nn.BatchNorm2d(outputs))
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                convolution(inputs, outputs, shortcut_kernel, stride), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, ceil(h / stride), ceil(w / stride))."""
        shortcut = x if self.downsample is None else self.downsample(x)
        for i in range(1, self.convolutions + 1):
            x = self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}")(x))
            if i < self.convolutions:
                x = self.relu(x)
        out: Tensor = self.relu(x + shortcut)
        return out


class ResNet(nn.Module):
    """A stem, four stages of basic blocks, average pooling and a linear layer.

    Parameters
    ----------
    design
        The architecture (see `resnet.network.resnet.settings`).
    classes
        Number of outputs of the last layer.
    """

    def __init__(self, design: Settings, classes: int = 10) -> None:
        super().__init__()
        stem, *widths = design.channels
        self.enlarge = design.enlarge
        self.conv1 = convolution(3, stem, design.stem_kernel, design.stem_stride)
        self.bn1 = nn.BatchNorm2d(stem)
        self.relu = nn.ReLU(inplace=True)
        # 3x3 with stride 2, as in He et al. 2016, Table 1.
        self.maxpool = nn.MaxPool2d(3, 2, padding=1) if design.maxpool else nn.Identity()
        inputs = stem
        for i, outputs in enumerate(widths):
            self.add_module(f"layer{i + 1}", _stage(design, i, inputs, outputs))
            inputs = outputs
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, classes)
        if design.zero_init_residual:
            for module in self.modules():
                if isinstance(module, BasicBlock):
                    nn.init.zeros_(module.get_parameter(f"bn{module.convolutions}.weight"))

    def forward(self, x: Tensor) -> Tensor:
        """Map images (n, 3, h, w) to logits (n, classes)."""
        if self.enlarge != 1:
            size = [round(side * self.enlarge) for side in x.shape[2:]]
            x = functional.interpolate(x, size, mode="bilinear", align_corners=False)
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for i in range(1, 5):
            x = self.get_submodule(f"layer{i}")(x)
        logits: Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits


def _stage(design: Settings, index: int, inputs: int, outputs: int) -> nn.Sequential:
    """Return a stage; its first block has the stride and the change of channels."""

    def block(first: bool) -> BasicBlock:
        return BasicBlock(
            inputs if first else outputs,
            outputs,
            kernel=design.stage_kernels[index],
            stride=design.stage_strides[index] if first else 1,
            strided=("first", "second").index(design.stride_in_block),
            convolutions=design.convolutions_per_block,
            shortcut_kernel=design.shortcut_kernel,
        )

    return nn.Sequential(*(block(i == 0) for i in range(design.blocks[index])))


def build(settings: Settings, classes: int) -> nn.Module:
    """Return the network, newly initialised."""
    return ResNet(settings, classes)
