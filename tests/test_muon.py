"""Muon: its orthogonal steps, and that the rest moves as torch's SGD moves it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from resnet.training.optimizers.muon.optimizer import Muon, orthogonalized


@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 99))
def test_singular_values_are_brought_near_one_along_the_same_vectors(rows, columns, seed):
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    found = u.T @ orthogonalized(matrix) @ v.T
    # Values of under a hundredth of the largest take more iterations.
    large = s > 0.02 * s.norm()
    assert found.diagonal()[large].min() > 0.4
    assert found.diagonal().max() < 1.3
    torch.testing.assert_close(found, found.diagonal().diag(), rtol=0, atol=1e-3)


def test_bfloat16_gives_nearly_the_same():
    matrix = torch.randn(64, 96, generator=torch.Generator().manual_seed(0))
    error = (orthogonalized(matrix, torch.bfloat16) - orthogonalized(matrix)).norm()
    assert error < 0.2 * orthogonalized(matrix).norm()


@pytest.mark.parametrize("nesterov", [False, True])
def test_what_is_no_kernel_moves_as_sgd_moves_it(nesterov):
    torch.manual_seed(0)
    start = torch.randn(5)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    muon = Muon([{"params": [ours], "lr": 0.1}], 0.9, nesterov, 0.01)
    sgd = torch.optim.SGD([theirs], 0.1, 0.9, weight_decay=0.01, nesterov=nesterov)
    for _ in range(5):
        gradient = torch.randn(5)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        muon.prepare()
        muon.step()
        sgd.step()
    torch.testing.assert_close(ours, theirs)


def test_a_kernels_step_has_the_learning_rates_size_whatever_its_gradients():
    torch.manual_seed(0)
    for size in (1e-6, 1e6):
        kernel = torch.nn.Parameter(torch.zeros(8, 4, 3, 3))
        muon = Muon([{"params": [kernel], "lr": 0.5, "kernels": True}], 0.9, True, 0.0)
        kernel.grad = size * torch.randn(8, 4, 3, 3)
        muon.prepare()
        muon.step()
        singular = torch.linalg.svdvals(kernel.detach().reshape(8, -1))
        assert 0.3 < singular.min() <= singular.max() < 0.65


def test_a_kernels_decay_is_apart_from_its_gradient():
    kernel = torch.nn.Parameter(torch.ones(2, 1, 1, 1))
    muon = Muon([{"params": [kernel], "lr": 0.1, "kernels": True}], 0.0, False, 0.5)
    kernel.grad = torch.zeros(2, 1, 1, 1)
    muon.prepare()
    muon.step()
    torch.testing.assert_close(kernel.detach(), torch.full((2, 1, 1, 1), 0.95))


@pytest.mark.parametrize("shape", [(5, 8, 27), (3, 16, 9)])
def test_a_batch_of_matrices_becomes_what_each_becomes(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    together, alone = orthogonalized(matrices), [orthogonalized(m) for m in matrices]
    torch.testing.assert_close(together, torch.stack(alone), rtol=1e-4, atol=1e-5)


def test_moved_together_kernels_go_where_they_go_alone():
    torch.manual_seed(0)
    shapes = [(8, 4, 3, 3), (4, 4, 1, 1), (8, 4, 3, 3)]
    one, other = ([torch.nn.Parameter(torch.ones(s)) for s in shapes] for _ in range(2))
    alone, together = (
        Muon([{"params": weights, "lr": 0.1, "kernels": True}], 0.9, True, 0.01)
        for weights in (one, other)
    )
    for _ in range(3):
        for a, b in zip(one, other, strict=True):
            a.grad = torch.randn(a.shape)
            b.grad = a.grad.clone()
        alone.prepare()
        alone.step()
        with torch.no_grad():  # as on a GPU
            together._turn(other, together.param_groups[0])
        together.step()
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
