import math

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ablations.harness.declarations.all_declarations import load_bases
from ablations.harness.declarations.home import ROOT
from resnet.config import changed, from_dict
from resnet.training import length
from resnet.training.optimizers.adam.optimizer import Adam
from resnet.training.optimizers.adamw.optimizer import AdamW
from resnet.training.optimizers.build import build as build_optimizer
from resnet.training.optimizers.sgd.optimizer import SGD
from resnet.training.schedules import build as schedules

FIGURE2 = yaml.safe_load((ROOT / "paper" / "published.yaml").read_text())["figure2"]


def rates(config, steps):
    """The rate in force at each of the first steps."""
    optim = build_optimizer(config.optimizer, [torch.nn.Parameter(torch.zeros(1))])
    scheduler = schedules.build(config.schedule, optim, length.schedule_steps(config))
    found = []
    for _ in range(steps):
        found.append(schedules.rate(scheduler))
        optim.step()
        scheduler.step()
    return found


def grouped(**changes):
    """The optimizer over a kernel, a matrix and a bias, and each group's shapes, rate and decay."""
    shapes = [(4, 3, 3, 3), (10, 4), (10,)]
    config = changed(from_dict({}), {f"optimizer.{key}": value for key, value in changes.items()})
    optim = build_optimizer(config.optimizer, [torch.nn.Parameter(torch.zeros(s)) for s in shapes])
    return [
        ([tuple(w.shape) for w in g["params"]], g["lr"], g["weight_decay"])
        for g in optim.param_groups
    ]


def test_norms_and_biases_are_left_out_of_decay_when_asked():
    kernel, matrix, bias = (4, 3, 3, 3), (10, 4), (10,)
    assert grouped(weight_decay=0.1) == [([kernel, matrix, bias], 0.1, 0.1)]
    found = grouped(weight_decay=0.1, decay_norms=False)
    assert found == [([kernel, matrix], 0.1, 0.1), ([bias], 0.1, 0.0)]


def test_muon_moves_kernels_at_a_rate_of_their_own():
    kernel, matrix, bias = (4, 3, 3, 3), (10, 4), (10,)
    found = grouped(name="muon", kernel_learning_rate=0.3, weight_decay=0.1, decay_norms=False)
    assert found == [([kernel], 0.3, 0.1), ([matrix], 0.1, 0.1), ([bias], 0.1, 0.0)]


def test_get_lr_prints_figure_2_to_the_last_digit():
    config = changed(load_bases()["final"], {"budget.images_seen": 16_000_000})
    assert length.steps_per_epoch(config) == 1_562
    optim = build_optimizer(config.optimizer, [torch.nn.Parameter(torch.zeros(1))])
    scheduler = schedules.build(config.schedule, optim, length.schedule_steps(config))
    printed = []
    for _epoch in range(18):
        for _batch in range(1_562):
            optim.step()
            scheduler.step()
        printed.append(schedules.printed_rate(scheduler))
    assert printed[11:] == FIGURE2["learning_rate_printed"]


def test_a_cyclic_budget_ends_at_the_lowest_rate():
    config = changed(load_bases()["final"], {"budget.images_seen": 200_000})
    steps = length.total_steps(config)
    found = rates(config, steps)
    assert found[-1] == pytest.approx(1e-4)
    assert 1_562 - 50 < steps <= 1_562


@given(st.integers(26 * 128, 10**8))
def test_a_cyclic_budget_is_cut_by_less_than_a_period(images_seen):
    config = changed(load_bases()["final"], {"budget.images_seen": images_seen})
    steps = length.total_steps(config)
    whole, rest = divmod(images_seen, 200_000)
    uncut = whole * 1_562 + min(rest // 128, 1_562)
    assert uncut - 50 < steps <= uncut
    assert (steps - 1) % 50 == 25


def test_ten_epochs_are_ten_epochs_whether_or_not_the_last_batch_is_dropped():
    for drop_last, steps in ((False, 7_820), (True, 7_810)):
        changes = {"batch_size": 64, "drop_last": drop_last, "budget.images_seen": 500_000}
        assert length.total_steps(from_dict(changes)) == steps


def test_cosine_over_the_run_is_the_closed_form():
    config = from_dict({"schedule.name": "cosine", "budget.images_seen": 128 * 101})
    expected = [0.05 * (1 + math.cos(math.pi * i / 100)) for i in range(101)]
    assert rates(config, 101) == pytest.approx(expected, abs=1e-9)


def test_one_cycle_rises_to_the_rate_and_falls_to_nothing():
    config = from_dict(
        {
            "schedule.name": "one_cycle",
            "schedule.warmup_fraction": 0.2,
            "budget.images_seen": 128 * 100,
        }
    )
    found = rates(config, 100)
    assert max(found) == pytest.approx(0.1)
    assert found.index(max(found)) == pytest.approx(20, abs=1)
    assert found[-1] < 0.002
    assert found[0] < 0.005


def test_constant_stays():
    assert set(rates(from_dict({}), 50)) == {0.1}


@pytest.mark.parametrize(
    ("kind", "own"),
    [(SGD, {"momentum": 0.8, "nesterov": True}), (Adam, {}), (AdamW, {})],
)
def test_the_optimizer_has_what_the_config_says(kind, own):
    # None of these is a default of PyTorch's or of a config's.
    asked = {"learning_rate": 0.02, "weight_decay": 0.03, **own}
    config = from_dict({"optimizer": {"name": kind.__name__.lower(), **asked}})
    optim = build_optimizer(config.optimizer, [torch.nn.Parameter(torch.zeros(1))])
    assert type(optim) is kind
    (group,) = optim.param_groups
    assert {"lr": 0.02, "weight_decay": 0.03, **own}.items() <= group.items()
