import dataclasses
import io
import json
import math
import shutil
from types import SimpleNamespace

import pytest

from ablations import __main__ as command
from ablations.harness.declarations.home import OWN, Home
from ablations.harness.resolve import resolve
from ablations.harness.resources import run_seconds
from ablations.planning import plan
from resnet.config import RunConfig, from_dict, to_json
from resnet.job import calibrate
from resnet.training.length import total_steps

SPEED = {"train": 0.01, "evaluate": 0.002}


def steady(configs):
    return [SPEED for _ in configs]


def test_the_plan_promises_what_the_deciding_level_finds():
    study = resolve({"scale": "cpu"})
    # One of seven claims on a direction, at five seeds and a spread of 0.4: 2.87 deviations.
    at_once = plan.detectable(study, ("channels",), spread=0.4)
    assert at_once == pytest.approx(1.626, abs=1e-3)
    # One of two parts suffices for the maxpool's claim, which costs another factor of two.
    assert plan.detectable(study, ("maxpool",), spread=0.4) > at_once
    # No claim rests on it: 5%, as for a single test.
    assert plan.detectable(study, ("precision",), spread=0.4) == pytest.approx(0.951, abs=1e-3)
    one = resolve({"scale": "cpu", "seeds": 1})
    assert math.isnan(plan.detectable(one, ("channels",), 0.4))


def test_the_last_look_decides_with_what_the_earlier_ones_left():
    looks = resolve({"scale": "cpu", "looks": [5, 8]})
    once = resolve({"scale": "cpu", "seeds": 8})
    later, whole = (plan.detectable(study, ("channels",), 0.4) for study in (looks, once))
    assert whole < later < 1.35 * whole


def test_a_runs_seconds_by_hand():
    config = from_dict({"budget.images_seen": 90_000, "selection.held_out_images": 5_000})
    # Two epochs of 45,000, then test and held-out images after each, the rest at the end, and 4 s.
    expected = 90_000 * 0.01 + (2 * 15_000 + 45_000) * 0.002 + 4
    assert run_seconds(config, SPEED) == pytest.approx(expected)


def test_a_record_is_about_its_weights():
    assert plan.record_megabytes(RunConfig()) == pytest.approx(20.3, rel=0.02)


def test_shared_runs_count_once_in_all():
    study = resolve({"scale": "cpu"})
    rows = plan.plan(study, ("maxpool", "stride_position"), 0.4, steady)
    assert [row.name for row in rows] == ["maxpool", "stride_position", "all of these"]
    assert [row.runs for row in rows] == [10, 10, 15]
    assert rows[0].images_seen == 10 * 100_000
    assert rows[0].hours + rows[1].hours > rows[2].hours


def test_a_run_that_a_cyclic_rate_ends_early_is_named():
    study = resolve({"scale": "demo", "images_seen": 8000})
    lines = plan.ends_early(study, ("augmentation",))
    assert lines[0] == "base.final sees 3,328 of 8,000 images: its rate is lowest there."
    assert plan.ends_early(study, ("maxpool",)) == []
    # No rate is the reason where last batches are dropped: 1 whole one of 200 images.
    theirs = {"study": "deep_residual_learning", "scale": "demo", "training_images": 200}
    small = resolve(theirs)
    assert total_steps(small.runs["base.residual_20"]) * 128 < 0.9 * 16_128
    assert plan.ends_early(small, small.covered) == []
    # The scales' own lengths end where the rate is lowest.
    for scale in ("demo", "paper", "smoke"):
        own = resolve({"scale": scale})
        assert plan.ends_early(own, own.covered) == []


def test_the_plan_is_printed(capsys, monkeypatch):
    gpus = []
    monkeypatch.setattr(
        plan, "calibrate", lambda configs, cache, gpu: gpus.append(gpu) or steady(configs)
    )
    assert command.main(["plan", "maxpool", "--config", "scale=cpu", "gpu=never"]) == 0
    assert command.main(["plan", "maxpool", "--config", "scale=cpu"]) == 0
    assert gpus == [False, True]
    text = capsys.readouterr().out
    assert "1,000,000" in text
    assert "1.95" in text  # 5 seeds, a spread of 0.4 points, seven claims, either of two parts


@pytest.mark.parametrize(
    ("settings", "folder"),
    [
        (["scale=cpu"], "cpu"),
        (["scale=reference"], "reference_study"),
        (["scale=cpu", "images_seen=20000"], "cpu_images_seen_20000"),
        (["scale=demo", "study=studies/deep_residual_learning"], "deep_residual_learning_demo"),
    ],
)
def test_the_folder_of_results_is_told(capsys, settings, folder):
    assert command.main(["folder", "--config", *settings]) == 0
    assert capsys.readouterr().out == f"results/{folder}\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["plan", "maxpol"], "did you mean maxpool"),
        (["check", "--config", "scale=cpo"], "did you mean cpu"),
        (["check", "--config", "cpu"], "expected key=value"),
        (["new", "Bad-Name"], "is not a name"),
        (["new", "maxpool"], "is there already"),
    ],
)
def test_a_wrong_command_is_one_line(argv, said, capsys):
    assert command.main(argv) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("claims.yaml", "channels.halved, sign", "channels.halvd, sign", "no arm 'channels.halvd'"),
        ("claims.yaml", "sign: not positive", "sign: upwards", "stride-kernel-no-better"),
        ("claims.yaml", "effects: [{arm: opt", "effect: [{arm: opt", "effect"),
        (
            "claims.yaml",
            "arm: channels.halved, sign",
            "arm: channels.base, sign",
            "no effect against",
        ),
        ("claims.yaml", "{dataset: cifar10,", "{dataset: cifar,", "no data set 'cifar'; there are"),
        ("claims.yaml", "final-parameters:", "final-paramaters:", "no claim of this id"),
        ("claims.yaml", "run: early-adam-bs64}\n", "run: early}\n", "logs.csv has no run early"),
        ("published.yaml", "headline:", "headlin:", "headlin"),
        ("published.yaml", "best_notebook_test_acc", "acc", "published.yaml:7: metric must be one"),
        ("published.yaml", "accuracy: 0.91", "accuracy: most", "published.yaml:11: headline.acc"),
        (
            "published.yaml",
            "tolerance: 0.02",
            "tolerance: 1",
            "tolerance: expected a share of at most",
        ),
        ("published.yaml", 'says: "Row 1', '690 parameters, says: "Row 1', "'690 parameters' has"),
    ],
)
def test_check_reads_the_papers_claims(file, old, new, said, tmp_path, monkeypatch, capsys):
    paper = tmp_path / "paper"
    shutil.copytree(OWN.paper, paper)
    text = (paper / file).read_text()
    assert old in text
    (paper / file).write_text(text.replace(old, new, 1))
    study = dataclasses.replace(resolve({"scale": "smoke"}), home=Home(tmp_path))
    monkeypatch.setattr(command, "resolve", lambda _: study)
    assert command.main(["check"]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_an_option_that_the_settings_lack_is_named(tmp_path, monkeypatch, capsys):
    text = (command.ROOT / "config" / "config.yaml").read_text()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(text.replace("\ngpu: auto", ""))
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert command.main(["check"]) == 1
    assert "config.yaml: gpu is missing" in capsys.readouterr().err


def test_new_writes_a_file_that_checks(tmp_path, monkeypatch, capsys):
    from ablations.harness.declarations.all_declarations import load_bases
    from ablations.harness.declarations.declaration import load

    bases = load_bases()
    monkeypatch.setattr(Home, "ablations", tmp_path)
    study = SimpleNamespace(home=Home(tmp_path), bases=bases)
    monkeypatch.setattr(command, "resolve", lambda _: study)
    assert command.main(["new", "stem"]) == 0
    written = load(tmp_path / "stem.yaml", bases)
    assert (written.name, written.base) == ("stem", next(iter(bases)))


def test_calibration_is_measured_once(tmp_path, monkeypatch, capsys):
    config = from_dict(
        {
            "model.blocks": [1, 1, 1, 1],
            "model.channels": [4] * 5,
            "data": {"dataset": "digits", "training_images": 256},
        }
    )
    cache = tmp_path / "calibration.json"
    printed = []
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.StringIO(to_json(config) + "\n"))
        assert calibrate.main(["--cache", str(cache)]) == 0
        printed.append(json.loads(capsys.readouterr().out))
    assert printed[0] == printed[1]
    assert 0 < printed[0]["evaluate"] < printed[0]["train"] < 1
