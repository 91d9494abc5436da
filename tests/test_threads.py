import threading

import pytest
import torch

from resnet.training.fast_cpu import threads


@pytest.fixture(params=[1, 2])
def count(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_each_is_called_once_with_what_belongs_together(count):
    found = torch.zeros(100)

    def work(i, x):
        found[i] += x

    threads.each(work, enumerate(torch.arange(100) ** 2))
    assert found.tolist() == [i**2 for i in range(100)]


def test_as_many_at_once_as_pytorch_has_threads_each_with_one(count):
    together = threading.Barrier(count, timeout=10)  # broken, were fewer at once
    seen = []

    def work(_):
        together.wait()
        seen.append((threading.get_ident(), torch.get_num_threads()))

    threads.each(work, zip(range(2 * count)))
    assert len({ident for ident, _ in seen}) == count
    assert {own for _, own in seen} == {1}
    assert torch.get_num_threads() == count


def test_a_single_call_has_all_threads(count):
    seen = []
    threads.each(lambda: seen.append(torch.get_num_threads()), [()])
    assert seen == [count]


def test_without_gradients_and_in_the_callers_mode(count):
    weight = torch.ones(2, requires_grad=True)
    seen = []

    def work(i):
        out[i] = (2 * weight).sum()
        seen.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled()))

    for mode in (False, True):
        with torch.inference_mode(mode):
            out = torch.zeros(4)
            threads.each(work, zip(range(4)))
        assert out.is_inference() == mode
        assert out.tolist() == [4] * 4
    assert seen == [(False, False)] * 4 + [(False, True)] * 4
    assert torch.is_grad_enabled()


def test_what_a_call_raises_is_raised(count):
    def work(i):
        if i == 3:
            raise ValueError("the fourth")

    with pytest.raises(ValueError, match="the fourth"):
        threads.each(work, zip(range(8)))
