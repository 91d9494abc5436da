import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from resnet.training.fast_cpu import winograd
from resnet.training.fast_cpu.winograd import convolve, saving, transforms


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
    threads=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=60)
def test_as_torchs_convolution_in_float64(
    n, inputs, outputs, h, w, kernel, layout, at_once, threads, seed
):
    def numbers(*shape):
        return torch.randn(*shape, generator=generator).contiguous(memory_format=layout)

    generator = torch.Generator().manual_seed(seed)
    x, gradient = numbers(n, inputs, h, w), numbers(n, outputs, h, w)
    weight = numbers(outputs, inputs, kernel, kernel)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "BYTES_AT_ONCE", at_once)
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        ours = with_gradients(convolve, x, weight, gradient)
        torch.set_num_threads(before)
    right = with_gradients(
        lambda x, weight: functional.conv2d(x, weight, padding=kernel // 2),
        *(tensor.double() for tensor in (x, weight, gradient)),
    )
    # Each is a sum of products of two of them; where padding makes it small, rounding stays.
    pairs = [(x, weight), (weight, gradient), (x, gradient)]
    for found, expected, (one, other) in zip(ours, right, pairs, strict=True):
        assert found.shape == expected.shape
        assert (found - expected).norm() <= 2e-5 * one.norm() * other.norm()


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


# As PyTorch's own check looks at gradients.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_the_compiler_is_told_what_the_operations_do():
    x, weight, gradient = (torch.randn(s) for s in ((3, 5, 7, 9), (4, 5, 3, 3), (3, 4, 7, 9)))
    torch.library.opcheck(torch.ops.resnet.winograd_gradients.default, (gradient, x, weight))
    torch.library.opcheck(
        torch.ops.resnet.winograd.default, (x.requires_grad_(), weight.requires_grad_())
    )
