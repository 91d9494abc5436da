import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torchvision.models import resnet18
from torchvision.transforms.functional import InterpolationMode, resize

from ablations.harness.declarations.all_declarations import load_bases
from resnet.network.build import build, count_parameters
from resnet.network.resnet.network import ResNet
from resnet.network.resnet.settings import Settings as Model
from resnet.network.torchvision_resnet18.settings import Settings as Torchvision
from resnet.training.idle_weights import zero_idle_gradients
from tests.conftest import on_meta

ROOT = Path(__file__).parent.parent
RESNET18 = Model(
    blocks=(2, 2, 2, 2),
    channels=(64, 64, 128, 256, 512),
    stem_kernel=7,
    stage_kernels=(3, 3, 3, 3),
    stem_stride=2,
    maxpool=True,
)
WIDE = (32, 64, 128, 256, 512)


@pytest.mark.parametrize(
    ("design", "parameters"),
    [
        (Model(), 4_978_730),
        (Model((2, 2, 2, 2), WIDE, 7, (3, 3, 3, 3)), 11_160_618),
        (Model((2, 1, 1, 1), WIDE, 7, (3, 3, 3, 3), 2, (1, 1, 4, 2)), 4_963_882),
        (Model((3, 3, 2, 2), (32, 32, 64, 128, 256), 3, (5, 5, 5, 3)), 4_266_410),
        (Torchvision(), 11_181_642),
        (RESNET18, 11_181_642),
    ],
)
def test_trainable_parameters_are_the_published_ones(design, parameters):
    assert count_parameters(on_meta(design)) == parameters


def test_blocks_can_start_as_their_shortcuts():
    network = ResNet(Model(zero_init_residual=True)).eval()
    block = network.layer1[1]
    images = torch.rand(2, 32, 8, 8)
    assert torch.equal(block(images), images)
    assert not torch.equal(ResNet(Model()).eval().layer1[1](images), images)


def test_as_resnet18_it_gives_torchvisions_logits():
    torch.manual_seed(0)
    theirs, ours = resnet18(num_classes=10), ResNet(RESNET18)
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(4, 3, 64, 64)
    torch.testing.assert_close(ours.eval()(images), theirs.eval()(images), rtol=0, atol=1e-5)
    torch.testing.assert_close(ours.train()(images), theirs.train()(images), rtol=0, atol=1e-5)


@pytest.mark.parametrize("factor", [1.25, 1.3, 2])
def test_images_are_enlarged_before_the_stem(factor):
    torch.manual_seed(0)
    plain, large = ResNet(Model()).eval(), ResNet(Model(enlarge=factor)).eval()
    large.load_state_dict(plain.state_dict())
    images = torch.randn(2, 3, 32, 32)
    side = round(32 * factor)
    resized = resize(images, [side, side], InterpolationMode.BILINEAR, antialias=True)
    torch.testing.assert_close(large(images), plain(resized), rtol=0, atol=1e-5)


@pytest.mark.parametrize("position", ["first", "second"])
def test_one_convolution_of_a_block_carries_the_stride(position):
    network = on_meta(Model(stride_in_block=position))
    strides = [network.layer2[0].conv1.stride, network.layer2[0].conv2.stride]
    assert strides == ([(2, 2), (1, 1)] if position == "first" else [(1, 1), (2, 2)])


@pytest.mark.parametrize("convolutions", [1, 2, 3])
def test_convolutions_in_a_block(convolutions):
    network = build(Model(blocks=(1, 1, 1, 1), convolutions_per_block=convolutions)).eval()
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    names = [name for name, _ in network.layer1[0].named_children() if name.startswith("conv")]
    assert names == [f"conv{i + 1}" for i in range(convolutions)]


def test_a_shortcut_projects_only_where_the_shape_changes():
    network = on_meta(Model(shortcut_kernel=3))
    assert network.layer1[0].downsample is None
    assert network.layer2[0].downsample[0].kernel_size == (3, 3)
    assert network.layer2[1].downsample is None


@pytest.mark.parametrize("size", [8, 32])
def test_every_base_takes_both_sizes_of_image(size):
    for config in load_bases().values():
        network = build(config.model).eval()
        assert network(torch.zeros(2, 3, size, size)).isfinite().all()


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_weights_that_meet_only_padding_have_no_gradient(kernel, stride, size):
    """As in float64; where a weight meets no pixel, exactly zero."""
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(3, 64, kernel, stride, padding=kernel // 2, bias=False)
    right = torch.nn.Conv2d(3, 64, kernel, stride, padding=kernel // 2, bias=False).double()
    right.weight.data = convolution.weight.data.double()
    images = torch.randn(32, 3, size, size)
    zero_idle_gradients(convolution, size)
    # What memory holds must not show up in gradients.
    torch.full((1 << 20,), float("nan"))
    with torch.autocast("cpu", torch.bfloat16):
        convolution(images).float().square().sum().backward()
    right(images.double()).square().sum().backward()
    idle = right.weight.grad == 0
    assert idle.any() or kernel // 2 < size
    assert not idle.any() or size <= kernel // 2 + (stride > 1)
    assert (convolution.weight.grad[idle] == 0).all()
    error = (convolution.weight.grad - right.weight.grad).abs().max()
    assert error < 0.05 * right.weight.grad.abs().max()


NARROW = """
import sys
import torch
from resnet.network.resnet.network import convolution

torch.manual_seed(0)
for inputs in (1, 2, 3, 4, 6, 8, 12, 16):
    for kernel in (1, 3):
        ours = convolution(inputs, 8, kernel, 2).to(memory_format=torch.channels_last)
        right = torch.nn.Conv2d(inputs, 8, kernel, 2, kernel // 2, bias=False).double()
        right.load_state_dict(ours.state_dict())
        for _ in range(20):
            images = torch.randn(32, inputs, 8, 8).contiguous(memory_format=torch.channels_last)
            ours.zero_grad()
            right.zero_grad()
            out, expected = ours(images), right(images.double())
            torch.testing.assert_close(out.double(), expected, rtol=0, atol=1e-4)
            ours(images).square().sum().backward()
            right(images.double()).square().sum().backward()
            scale = right.weight.grad.abs().max()
            error = (ours.weight.grad - right.weight.grad).abs().max()
            assert error < 1e-4 * scale, (inputs, kernel, error)
"""


def test_narrow_strided_convolutions_have_the_right_gradients_with_avx2():
    # In a process of its own: where it goes wrong, memory is overwritten.
    done = subprocess.run(
        [sys.executable, "-c", NARROW],
        cwd=ROOT,
        env=os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_step_leaves_what_a_network_knows_of_itself_alone():
    torch.manual_seed(0)
    network = build(Model())
    before = {name: value.clone() for name, value in network.state_dict().items()}
    zero_idle_gradients(network, 8)
    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
