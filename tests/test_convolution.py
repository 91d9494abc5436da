import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from ablations.harness.declarations.all_declarations import load_bases
from resnet.network.build import build
from resnet.network.resnet.settings import Settings as Model
from resnet.training.fast_cpu import convolution, winograd
from resnet.training.fast_cpu.convolution import FastConv2d, by_patches, speed_up


@given(
    n=st.integers(1, 9),
    inputs=st.integers(1, 20),
    outputs=st.integers(1, 20),
    h=st.integers(1, 9),
    w=st.integers(1, 9),
    kernel=st.sampled_from([1, 3, 5, 7]),
    stride=st.integers(1, 4),
    layout=st.sampled_from([torch.contiguous_format, torch.channels_last]),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=100)
def test_patches_as_torchs_convolution_in_float64(
    n, inputs, outputs, h, w, kernel, stride, layout, seed
):
    def numbers(*shape):
        values = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return values.contiguous(memory_format=layout).requires_grad_()

    generator = torch.Generator().manual_seed(seed)
    x, weight = numbers(n, inputs, h, w), numbers(outputs, inputs, kernel, kernel)
    ours = by_patches(x, weight, stride)
    right = functional.conv2d(x, weight, stride=stride, padding=kernel // 2)
    torch.testing.assert_close(ours, right)
    gradient = numbers(*right.shape).detach()
    found, expected = (torch.autograd.grad(out, (x, weight), gradient) for out in (ours, right))
    torch.testing.assert_close(found, expected)


def ways(network, images, monkeypatch):
    """Return the names of a network's convolutions by the way that each is computed."""
    found = {}

    def watched(way, compute):
        def computed(*given):
            found.setdefault(way, []).append(names[given[1]])
            return compute(*given)

        return computed

    names = {m.weight: name for name, m in network.named_modules() if isinstance(m, nn.Conv2d)}
    with monkeypatch.context() as patch:
        patch.setattr(winograd, "convolve", watched("winograd", winograd.convolve))
        patch.setattr(convolution, "by_patches", watched("patches", by_patches))
        network(images)
    left = set(names.values()) - {name for some in found.values() for name in some}
    return found | {"direct": sorted(left)}


def fast(network):
    """Return a copy that is sped up; a copy of it stays so."""
    network = copy.deepcopy(network)
    speed_up(network)
    return copy.deepcopy(network)


def test_the_final_model_is_computed_by_winograd_where_it_has_no_stride(monkeypatch):
    blocks = {1: 2, 2: 4, 3: 3, 4: 3}
    unstrided = [
        f"layer{stage}.{block}.conv{i}"
        for stage, count in blocks.items()
        for block in range(count)
        for i in (1, 2)
        if (i, block) != (1, 0) or stage == 1
    ]
    found = ways(fast(build(Model())), torch.randn(64, 3, 32, 32), monkeypatch)
    assert found["winograd"] == unstrided
    strided = [
        f"layer{stage}.0.{name}" for stage in (2, 3, 4) for name in ("conv1", "downsample.0")
    ]
    assert found == {"winograd": unstrided, "direct": ["conv1", *strided]}


def test_the_early_model_ends_in_products_of_patches(monkeypatch):
    # After the stem and the pool images are 8x8, at the end of the stages 8x8, 4x4, 2x2 and 1x1.
    network = build(load_bases()["early"].model)
    found = ways(fast(network), torch.randn(4, 3, 32, 32), monkeypatch)
    assert sorted(found["patches"]) == [
        "layer3.0.conv2",
        "layer3.0.downsample.0",
        "layer3.1.conv1",
        "layer3.1.conv2",
        "layer4.0.conv1",
        "layer4.0.conv2",
        "layer4.0.downsample.0",
        "layer4.1.conv1",
        "layer4.1.conv2",
    ]


@pytest.mark.parametrize("size", [8, 32])
def test_a_network_says_the_same(size):
    torch.manual_seed(0)
    plain = build(Model()).to(memory_format=torch.channels_last)
    quick = fast(plain)
    images, labels = torch.randn(64, 3, size, size), torch.arange(64) % 10
    # With a batch's own statistics rounding would grow more from layer to layer; activations near
    # zero, which end on either side of it, remain.
    for network in (plain.eval(), quick.eval()):
        functional.cross_entropy(network(images), labels).backward()
    for (name, ours), theirs in zip(quick.named_parameters(), plain.parameters(), strict=True):
        error = (ours.grad - theirs.grad).norm() / theirs.grad.norm()
        assert error < 1e-2, (name, error)
        # As the optimizers' moments are, so that these are read in one pass.
        assert ours.grad.stride() == theirs.grad.stride()


@pytest.mark.parametrize(
    "other",
    [
        {"dilation": 2},
        {"padding": 0},
        {"padding": "same"},
        {"padding_mode": "reflect"},
        {"groups": 2},
        {"bias": True},
        {"stride": (1, 2)},
        {"kernel_size": 2, "padding": 1},
        {"kernel_size": (3, 5), "padding": (1, 2)},
    ],
    ids=str,
)
def test_other_convolutions_stay_as_they_are(other):
    usual = {"kernel_size": 3, "padding": 1, "bias": False}
    network = nn.Sequential(nn.Conv2d(64, 64, **usual), nn.Conv2d(64, 64, **usual | other))
    speed_up(network)
    assert [type(module) for module in network] == [FastConv2d, nn.Conv2d]


@pytest.mark.parametrize(
    ("channels", "images", "size", "kernel", "stride", "dtype", "autocast"),
    [
        (8, 64, 8, 5, 1, torch.float32, False),
        (64, 1, 8, 5, 1, torch.float32, False),
        (64, 64, 8, 5, 2, torch.float32, False),
        (64, 64, 8, 7, 1, torch.float32, False),
        (64, 64, 8, 5, 1, torch.float64, False),
        (64, 64, 8, 5, 1, torch.bfloat16, False),
        (64, 64, 8, 5, 1, torch.float32, True),
        (64, 64, 1, 5, 1, torch.float64, False),
        (64, 64, 1, 5, 1, torch.float32, True),
    ],
)
def test_torch_computes_what_would_take_longer_or_round_more(
    channels, images, size, kernel, stride, dtype, autocast, monkeypatch
):
    x = torch.randn(images, channels, size, size, dtype=dtype)
    layer = nn.Conv2d(channels, channels, kernel, stride, padding=kernel // 2, bias=False)
    network = nn.Sequential(layer).to(dtype)
    with torch.autocast("cpu", torch.bfloat16, autocast):
        right = network(x)
        speed_up(network)
        # Called, they would fail.
        monkeypatch.setattr(winograd, "convolve", None)
        monkeypatch.setattr(convolution, "by_patches", None)
        assert torch.equal(network(x), right)
