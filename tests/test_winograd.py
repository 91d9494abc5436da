import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from resnet import winograd
from resnet.config import Model
from resnet.model import build
from resnet.winograd import WinogradConv2d, convolve, saving, speed_up, transforms


@pytest.mark.parametrize("kernel", [3, 5])
def test_transforms_slide_a_kernel_along_a_tile(kernel):
    a, b, g = (matrix.double().numpy() for matrix in transforms(kernel))
    random = np.random.default_rng(0)
    for _ in range(20):
        tile, weights = random.normal(size=kernel + 3), random.normal(size=kernel)
        found = a @ ((g @ weights) * (b @ tile))
        np.testing.assert_allclose(found, np.correlate(tile, weights, "valid"), atol=1e-5)


def with_gradients(convolution, x, weight, gradient):
    x, weight = x.clone().requires_grad_(), weight.clone().requires_grad_()
    out = convolution(x, weight)
    return out.detach(), *torch.autograd.grad(out, (x, weight), gradient)


@given(
    n=st.integers(1, 9),
    inputs=st.integers(1, 20),
    outputs=st.integers(1, 20),
    h=st.integers(1, 13),
    w=st.integers(1, 13),
    kernel=st.sampled_from([3, 5]),
    layout=st.sampled_from([torch.contiguous_format, torch.channels_last]),
    at_once=st.sampled_from([1, 100_000, winograd.BYTES_AT_ONCE]),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=60)
def test_as_torchs_convolution_in_float64(n, inputs, outputs, h, w, kernel, layout, at_once, seed):
    def numbers(*shape):
        return torch.randn(*shape, generator=generator).contiguous(memory_format=layout)

    generator = torch.Generator().manual_seed(seed)
    x, gradient = numbers(n, inputs, h, w), numbers(n, outputs, h, w)
    weight = numbers(outputs, inputs, kernel, kernel)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "BYTES_AT_ONCE", at_once)
        ours = with_gradients(convolve, x, weight, gradient)
    right = with_gradients(
        lambda x, weight: functional.conv2d(x, weight, padding=kernel // 2),
        *(tensor.double() for tensor in (x, weight, gradient)),
    )
    # Each is a sum of products of two of them; where padding makes it small, rounding stays.
    pairs = [(x, weight), (weight, gradient), (x, gradient)]
    for found, sought, (one, other) in zip(ours, right, pairs, strict=True):
        assert found.shape == sought.shape
        assert (found - sought).norm() <= 2e-5 * one.norm() * other.norm()


def test_saving_weighs_transforms_against_multiplications():
    # 8x8 outputs are 4 tiles of 6x6: 64 x 9 multiplications against 4 x 36.
    pairs = 128 * 128
    places = 4 * 36 * (pairs + 75 * (256 + pairs / 4))
    assert saving((1, 128, 8, 8), (128, 128, 3, 3)) == 64 * 9 * pairs / places
    # A tile that juts out of the image is computed whole.
    assert saving((1, 128, 5, 5), (128, 128, 3, 3)) == 25 * 9 * pairs / places
    # Four times as many channels take sixteen times the products and four times the transforms.
    assert saving((128, 32, 32, 32), (32, 32, 5, 5)) > 1 > saving((128, 8, 32, 32), (8, 8, 5, 5))
    # Kernels are transformed once, for few images or many.
    assert saving((128, 256, 4, 4), (256, 256, 3, 3)) > 1 > saving((8, 256, 4, 4), (256, 256, 3, 3))


def test_in_the_final_model_what_has_no_stride_is_computed_so_and_says_the_same():
    torch.manual_seed(0)
    plain = build(Model()).to(memory_format=torch.channels_last)
    fast = copy.deepcopy(plain)
    speed_up(fast)
    fast = copy.deepcopy(fast)
    found = [name for name, m in fast.named_modules() if isinstance(m, WinogradConv2d)]
    blocks = {1: 2, 2: 4, 3: 3, 4: 3}
    assert found == ["conv1"] + [
        f"layer{stage}.{block}.conv{i}"
        for stage, count in blocks.items()
        for block in range(count)
        for i in (1, 2)
        if (i, block) != (1, 0) or stage == 1
    ]
    fast.load_state_dict(plain.state_dict())
    images, labels = torch.randn(64, 3, 32, 32), torch.arange(64) % 10
    # With a batch's own statistics rounding would grow more from layer to layer; activations near
    # zero, which end on either side of it, remain.
    for network in (plain.eval(), fast.eval()):
        functional.cross_entropy(network(images), labels).backward()
    for (name, ours), theirs in zip(fast.named_parameters(), plain.parameters(), strict=True):
        error = (ours.grad - theirs.grad).norm() / theirs.grad.norm()
        assert error < 1e-2, (name, error)


@pytest.mark.parametrize(
    "other",
    [
        {"stride": 2},
        {"dilation": 2},
        {"padding": 0},
        {"padding": "same"},
        {"padding_mode": "reflect"},
        {"groups": 2},
        {"bias": True},
        {"kernel_size": 7, "padding": 3},
        {"kernel_size": (3, 5), "padding": (1, 2)},
    ],
    ids=str,
)
def test_other_convolutions_stay_as_they_are(other):
    usual = {"kernel_size": 3, "padding": 1, "bias": False}
    network = nn.Sequential(nn.Conv2d(64, 64, **usual), nn.Conv2d(64, 64, **usual | other))
    speed_up(network)
    assert [type(module) for module in network] == [WinogradConv2d, nn.Conv2d]


@pytest.mark.parametrize(
    ("channels", "images", "dtype", "autocast"),
    [
        (8, 64, torch.float32, False),
        (64, 1, torch.float32, False),
        (64, 64, torch.float64, False),
        (64, 64, torch.bfloat16, False),
        (64, 64, torch.float32, True),
    ],
)
def test_torch_computes_what_would_take_longer_or_round_more(channels, images, dtype, autocast):
    x = torch.randn(images, channels, 8, 8, dtype=dtype)
    network = nn.Sequential(nn.Conv2d(channels, channels, 5, padding=2, bias=False)).to(dtype)
    with torch.autocast("cpu", torch.bfloat16, autocast):
        right = network(x)
        speed_up(network)
        assert torch.equal(network(x), right)
