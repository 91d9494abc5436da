"""Convolutions with fewer multiplications (Winograd; Lavin & Gray 2016, arXiv:1509.09308).

A tile of 4x4 outputs takes 36 multiplications per pair of channels instead of 144 for 3x3 kernels,
and 64 instead of 400 for 5x5 kernels. These are matrix products of transformed tiles and
transformed kernels, one for each position in a tile. The transforms add rounding errors: in float32
the relative error is a few 1e-6, up to ten times that of direct convolutions
(``python -m benchmarks.convolution``).

Arrays have the channels last: images (n, h, w, channels), tiles (side, side, n, rows, columns,
channels), kernels (k, k, outputs, inputs).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from resnet.training.fast_cpu import threads

KERNELS = (3, 5)
"""The supported kernel sizes."""

STEP = 4
"""Outputs along a tile's side. Larger tiles save more multiplications but increase the error."""

BYTES_AT_ONCE = 2 * 2**20
"""Approximate size of the tiles that are transformed together, such that they fit in the cache.
Among 1 to 16 MiB, 2 and 4 MiB are the fastest (AMD EPYC, torch 2.14.1)."""

TRANSFORM = 75
"""Cost of transforming one number, in multiplications of the matrix products.

Fitted by hand to measured times of the forward and backward pass with 16 to 256 channels and 4 to
32 pixels (AMD EPYC with AVX2, torch 2.14.1).
"""


def saving(images: Sequence[int], weight: Sequence[int]) -> float:
    """Return the estimated speedup over a direct convolution, forward and backward together.

    Parameters
    ----------
    images
        Shape of the images: n, inputs, h, w.
    weight
        Shape of the weight: outputs, inputs, kernel, kernel.
    """
    (n, inputs, h, w), (outputs, _, kernel, _) = images, weight
    tiles = n * _tiles_along(h) * _tiles_along(w)
    products = tiles * inputs * outputs
    transformed = tiles * (inputs + outputs) + inputs * outputs
    direct = n * h * w * kernel**2 * inputs * outputs
    return direct / (_side(kernel) ** 2 * (products + TRANSFORM * transformed))


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """Compute ``conv2d(x, weight, padding=kernel // 2)``, up to rounding.

    Parameters
    ----------
    x
        Images of shape (n, inputs, h, w), float32; fastest with the channels last in memory.
    weight
        Of shape (outputs, inputs, kernel, kernel), where kernel is one of `KERNELS`; float32.

    Returns
    -------
    Tensor
        Of shape (n, outputs, h, w), with the channels last in memory.
    """
    out: Tensor = torch.ops.resnet.winograd(x, weight)
    return out


def _convolved(x: Tensor, weight: Tensor) -> Tensor:
    images, kernels = x.permute(0, 2, 3, 1), weight.permute(2, 3, 0, 1)
    n, h, w, _ = images.shape
    a, b, g = transforms(len(kernels))
    factors = _places(_transformed(g, kernels))
    # Tiles side by side: (n, rows, STEP, columns, STEP, outputs).
    out = images.new_empty(n, _tiles_along(h), STEP, _tiles_along(w), STEP, kernels.shape[2])

    def convolve_parts(parts: list[slice]) -> None:
        for part in parts:
            tiles = _transformed(b, _cut(images[part], len(kernels)))
            products = torch.bmm(_places(tiles), factors.transpose(1, 2))
            sums = _transformed(a, products.view(*tiles.shape[:5], -1))
            out[part] = sums.permute(2, 3, 0, 4, 1, 5)

    threads.each(convolve_parts, zip(_shares(images, kernels)))
    return out.flatten(3, 4).flatten(1, 2)[:, :h, :w].contiguous().permute(0, 3, 1, 2)


def _gradients(gradient: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients with respect to ``x`` and ``weight``, both channels last in memory.

    The steps are the transposes of the forward steps, in reverse order.
    """
    images, kernels = x.permute(0, 2, 3, 1), weight.permute(2, 3, 0, 1)
    of_outputs = gradient.permute(0, 2, 3, 1)
    a, b, g = transforms(len(kernels))
    factors = _places(_transformed(g, kernels))
    of_images = images.new_empty(images.shape)
    shares = _shares(images, kernels)
    of_factors = factors.new_zeros(len(shares), *factors.shape)

    def convolve_parts(parts: list[slice], sums: Tensor) -> None:
        for part in parts:
            of_products = _places(_transformed(a.T, _cut(of_outputs[part], 1)))
            # Recomputed, since storing them would take up to four times the memory of the images.
            tiles = _transformed(b, _cut(images[part], len(kernels)))
            sums.baddbmm_(of_products.transpose(1, 2), _places(tiles))
            of_tiles = torch.bmm(of_products, factors).view(tiles.shape)
            of_images[part] = _uncut(_transformed(b.T, of_tiles), images.shape)

    threads.each(convolve_parts, zip(shares, of_factors, strict=True))
    of_kernels = _transformed(g.T, of_factors.sum(0).view(len(b), len(b), *kernels.shape[2:]))
    of_weight = of_kernels.permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)
    return of_images.permute(0, 3, 1, 2), of_weight


# Both functions are registered as operations, because PyTorch's compiler would unroll their loops
# for minutes. torch.library.custom_op isn't used: it imports the compiler, which takes 2 s.


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
    of_both: tuple[Tensor, Tensor] = torch.ops.resnet.winograd_gradients(
        gradient, *ctx.saved_tensors
    )
    return of_both


def _form(x: Tensor, weight: Tensor) -> Tensor:
    n, _, h, w = x.shape
    return x.new_empty(n, h, w, len(weight)).permute(0, 3, 1, 2)


def _forms(gradient: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    last = torch.channels_last
    return torch.empty_like(x, memory_format=last), torch.empty_like(weight, memory_format=last)


_OPERATIONS = torch.library.Library("resnet", "DEF")  # type: ignore[no-untyped-call]


def _define(signature: str, compute: Callable[..., Any], form: Callable[..., Any]) -> None:
    """Register an operation with PyTorch; ``form`` returns empty results of the right shape."""
    name = signature.partition("(")[0]
    _OPERATIONS.define(signature)  # type: ignore[no-untyped-call]
    _OPERATIONS.impl(name, compute, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
    torch.library.register_fake(f"resnet::{name}", form, lib=_OPERATIONS)


_define("winograd(Tensor x, Tensor weight) -> Tensor", _convolved, _form)
_define(
    "winograd_gradients(Tensor gradient, Tensor x, Tensor weight) -> (Tensor, Tensor)",
    _gradients,
    _forms,
)
torch.library.register_autograd("resnet::winograd", _backward, setup_context=_keep, lib=_OPERATIONS)


@cache
def transforms(kernel: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the matrices A, B and G of a convolution along one axis, ``A ((G g) * (B d))``.

    Here ``d`` is a tile and ``g`` a kernel. A convolution is the transpose of a multiplication of
    polynomials, which the Toom-Cook algorithm computes from the polynomials' values at as many
    points as the product has coefficients (Lavin & Gray 2016, section 4; there A', B' and G).

    Parameters
    ----------
    kernel
        Kernel size, one of `KERNELS`.

    Returns
    -------
    tuple of Tensor
        Of shapes (4, side), (side, side) and (side, kernel), where a tile's side is kernel + 3;
        float32.
    """
    side = _side(kernel)
    # The last point is infinity. The best points are found by experiment (Barabasz et al. 2020,
    # doi:10.1145/3412380): for 3x3, 2 and -1/2 have smaller errors than 2 and -2.
    points = [0, 1, -1, 2, -1 / 2, -2, 1 / 2][: side - 1]

    def values(coefficients: int) -> NDArray[np.float64]:
        at_infinity = np.eye(1, coefficients, coefficients - 1)
        return np.vstack([np.vander(points, coefficients, increasing=True), at_infinity])

    a, b, g = values(STEP).T, np.linalg.inv(values(side)).T, values(kernel)
    found = [torch.from_numpy(matrix.astype(np.float32)) for matrix in (a, b, g)]
    return found[0], found[1], found[2]


def _side(kernel: int) -> int:
    return STEP + kernel - 1


def _tiles_along(size: int) -> int:
    return -(-size // STEP)


def _shares(images: Tensor, kernels: Tensor) -> list[list[slice]]:
    """Return each thread's slices of the images; the tiles of a slice fit into the cache."""
    n, h, w, _ = images.shape
    places = _tiles_along(h) * _tiles_along(w) * _side(len(kernels)) ** 2
    size = images.element_size() * places * max(kernels.shape[2:])
    most, count = max(1, BYTES_AT_ONCE // size), torch.get_num_threads()
    # The same number of slices for each thread, so that all end at about the same time.
    rounds = -(-n // (most * count))
    step = -(-n // (rounds * count))
    parts = [slice(i, i + step) for i in range(0, n, step)]
    return [parts[i::count] for i in range(min(count, len(parts)))]


def _cut(images: Tensor, kernel: int) -> Tensor:
    """Return the images' tiles, which overlap by kernel - 1, with zero padding."""
    h, w = images.shape[1:3]
    side, before = _side(kernel), kernel // 2
    padding = (0, 0, before, before + -w % STEP, before, before + -h % STEP)
    padded = functional.pad(images, padding)
    return padded.unfold(1, side, STEP).unfold(2, side, STEP).permute(4, 5, 0, 1, 2, 3)


def _uncut(tiles: Tensor, shape: torch.Size) -> Tensor:
    """Return images of the given shape as sums of overlapping tiles: the transpose of `_cut`."""
    side, _, n, rows, columns, channels = tiles.shape
    out = tiles.new_zeros(n, STEP * (rows + 1), STEP * (columns + 1), channels)
    # A tile spans at most two steps; the parts of all tiles at one step don't overlap.
    for i in range(0, side, STEP):
        for j in range(0, side, STEP):
            block = tiles[i : i + STEP, j : j + STEP].permute(2, 3, 0, 4, 1, 5)
            place = out[:, i : i + STEP * rows, j : j + STEP * columns]
            place = place.view(n, rows, STEP, columns, STEP, channels)
            place[:, :, : block.shape[2], :, : block.shape[4]] += block
    before = (side - STEP) // 2
    return out[:, before : before + shape[1], before : before + shape[2]]


def _transformed(matrix: Tensor, tiles: Tensor) -> Tensor:
    """Return ``matrix @ tile @ matrix.T`` over the first two axes, for every tile or kernel."""
    new, old = matrix.shape
    rows = (matrix @ tiles.reshape(old, -1)).view(new, old, -1)
    both = torch.bmm(matrix.expand(new, new, old), rows)
    return both.view(new, new, *tiles.shape[2:])


def _places(tiles: Tensor) -> Tensor:
    """Return a matrix for each position in the tiles or kernels, with channels as columns."""
    return tiles.flatten(2, -2).flatten(0, 1)
