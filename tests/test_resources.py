import json
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablations.harness import resources
from ablations.harness.resources import run_seconds
from resnet.config import RunConfig, changed, from_dict
from resnet.costs import estimate
from resnet.costs import layers as cost
from resnet.job import calibrate, cluster

FINAL = RunConfig()


def test_flops_are_about_those_of_the_layers():
    counted = cost.layers(FINAL.model, 10)[0].flops
    assert estimate.flops(FINAL.model, 32) == pytest.approx(counted, rel=0.01)


def test_without_a_measurement_the_network_says_how_long_it_takes():
    config = changed(FINAL, {"budget.images_seen": 1_000_000})
    seconds = 3 * estimate.flops(config.model, 32) / 3e12 * 1_000_000
    assert resources.estimate(config, "cuda", []).minutes > seconds / 60
    assert resources.estimate(config, "cuda", []).minutes < 2 * seconds / 60
    assert (
        resources.estimate(config, "cpu", []).minutes
        > 50 * resources.estimate(config, "cuda", []).minutes
    )


def test_the_slowest_machine_that_was_measured_counts(tmp_path):
    key = json.loads(calibrate.key_of(FINAL, 1))
    speeds = {"fast": {"train": 0.001, "evaluate": 0.001}, "slow": {"train": 0.5, "evaluate": 0.2}}
    cache = tmp_path / "calibration.json"
    cache.write_text(
        json.dumps({json.dumps(key | {"machine": name}): value for name, value in speeds.items()})
    )
    measured = resources.read_measured(cache)
    device = key["device"]
    assert (
        resources.estimate(FINAL, device, measured).minutes
        == run_seconds(FINAL, speeds["slow"]) / 60
    )
    other = changed(FINAL, {"model.maxpool": True})
    assert resources.seconds_per_image(other, device, measured) == resources.seconds_per_image(
        other, device, []
    )


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 1}', '{"{}": {"train": 0}}', '{"[]": {}}'])
def test_a_spoilt_cache_says_nothing(tmp_path, text):
    (tmp_path / "cache").write_text(text)
    assert resources.read_measured(tmp_path / "cache") == []
    assert resources.read_measured(tmp_path / "nowhere") == []


def test_a_retry_asks_for_more():
    asked = resources.Estimate(minutes=30, memory_mb=2_000)
    assert [asked.runtime(attempt) for attempt in (1, 2, 3)] == [62, 124, 124]
    assert [asked.memory(attempt) for attempt in (1, 2, 3)] == [2_000, 3_000, 4_000]


@given(st.floats(1e-6, 1e6))
def test_a_group_makes_a_job_of_ten_minutes(minutes):
    name = resources.Estimate(minutes, 1).group
    size = int(name.rpartition("_")[2]) if name else 1
    assert size * minutes >= 10 * (1 - 1e-9) or size == max(resources.GROUPS)
    # And not of more than four times that, but for a run that is longer by itself.
    assert size == 1 or size * minutes < 4 * 10 + 1e-6


def test_memory_is_more_than_was_ever_measured():
    # Peak of a run of the recipe at batch 256 and 32 pixels, in bf16: 1,926 MiB.
    config = from_dict({"batch_size": 256})
    assert resources.estimate(config, "cpu", []).memory(1) > 1_926 * 2**20 / 1e6
    assert resources.estimate(config, "cuda", []).memory(1) == 3_000


@pytest.mark.parametrize(
    ("text", "found"),
    [("0:30", 0.5), ("59:00", 59), ("1:00:00", 60), ("2-01:30:00", 2970), ("UNLIMITED", math.inf)],
)
def test_slurms_times(text, found):
    assert cluster.minutes(text) == found


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("59:30 1:00:00", 120),
        ("1:00:20 1:00:00", 120),
        ("0:50 1:00", 120),
        ("20:00 1:00:00", None),  # cancelled long before its end
        ("20:00 UNLIMITED", None),
        ("", None),
    ],
)
def test_a_job_whose_time_is_up_says_what_to_set(tmp_path, monkeypatch, said, number):
    squeue = tmp_path / "squeue"
    squeue.write_text(f"#!/bin/sh\necho {said}\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert cluster.why_asked_to_leave(60) == ""
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    told = cluster.why_asked_to_leave(60)
    assert (f"runtime: {number} " in told) if number else told == ""


def test_every_view_of_an_image_is_counted():
    plain = resources.seconds_per_image(RunConfig(), "cpu", [])
    for views, evaluation in ((2, {"flip": True}), (6, {"flip": True, "shift": True})):
        found = resources.seconds_per_image(from_dict({"evaluation": evaluation}), "cpu", [])
        assert found["train"] == plain["train"]
        assert found["evaluate"] == pytest.approx(views * plain["evaluate"])
