"""Studies that travel: commands for machines without Snakemake, and records that come back."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ablations import __main__ as declarations
from ablations.harness.commands import commands_of
from ablations.harness.resolve import resolve
from ablations.harness.study import to_document
from report.read.record import read_record
from resnet import adopt, train
from resnet.config import changed, from_dict, from_record, to_dict
from resnet.job import checksums
from tests.test_workflow import copy_project, edit, planned, snakemake

SMALL = {
    "model": {"blocks": [1, 1, 1, 1], "channels": [8, 8, 8, 16, 16], "stage_kernels": [3] * 4},
    "data": {"dataset": "digits", "training_images": 256},
    "batch_size": 64,
    "budget": {"images_seen": 512},
}


def test_commands_are_the_studys_runs_each_once_and_single_effects_first(capsys):
    study = resolve({"scale": "smoke"})
    assert declarations.main(["commands", "--config", "scale=smoke", "--threads", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("python -m resnet.images.sources.prepare --dataset digits")
    arguments = [shlex.split(line) for line in lines[1:]]
    found = [(a[a.index("--run") + 1], int(a[a.index("--seed") + 1])) for a in arguments]
    assert found == study.runs_of(*study.covered)
    assert len(set(found)) == len(found)
    # Both runs of the first ablation come before any run of the next.
    assert {run for run, _ in found[:4]} == {"base.design", "maxpool.with_maxpool"}
    for a in arguments:
        config = from_dict(json.loads(a[a.index("--config") + 1]))
        assert config == study.runs[a[a.index("--run") + 1]]


@pytest.fixture(scope="module")
def elsewhere(digits, tmp_path_factory):
    """A record that was made elsewhere, under a name of its own."""
    folder = tmp_path_factory.mktemp("elsewhere") / "any" / "where"
    argv = ["--config", json.dumps(SMALL), "--seed", "1", "--run", "their.name"]
    assert train.main([*argv, "--data", str(digits), "--output", str(folder)]) == 0
    return folder


@pytest.fixture
def study(digits, tmp_path):
    """A study that plans that run under another name, with two seeds."""
    folder = tmp_path / "results" / "tiny"
    folder.mkdir(parents=True)
    configs = {
        "base.small": from_dict(SMALL),
        "base.large": changed(from_dict(SMALL), {"batch_size": 32}),
    }
    runs = {run: {"config": to_dict(config), "seeds": 2} for run, config in configs.items()}
    (folder / "study.json").write_text(json.dumps({"scale": {"dataset": "digits"}, "runs": runs}))
    (folder.parent / "data").mkdir()
    (folder.parent / "data" / "digits").symlink_to(digits)
    return folder


def test_a_record_is_taken_under_the_studys_name(elsewhere, study, capsys):
    assert adopt.main([str(elsewhere), "--into", str(study)]) == 0
    assert "1 records were taken, 0 were there already, 0 refused" in capsys.readouterr().out
    record = study / "runs" / "base.small" / "seed1"
    assert checksums.problems(record) == []
    config = json.loads((study / "study.json").read_text())["runs"]["base.small"]["config"]
    summary, epochs = read_record(record, "base.small", 1, config)
    assert summary["adopted"] is None
    assert len(epochs) == 2
    # A second call finds that it is there.
    assert adopt.main([str(elsewhere), "--into", str(study)]) == 0
    assert "0 records were taken, 1 were there already" in capsys.readouterr().out


def altered(elsewhere, folder, **changes):
    """A copy of the record whose summary says something else, with checksums that agree."""
    copy = folder / "copy"
    shutil.copytree(elsewhere, copy)
    path = copy / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    (copy / checksums.NAME).unlink()
    checksums.write(copy)
    return copy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code_digest": "0", "commit": "abcdef0123456789"}, "code of commit abcdef012345"),
        ({"versions": {"torch": "1.0"}}, "torch 1.0, here"),
        ({"precision": "fp16"}, "precision fp16, here"),
        ({"data": {"sha256": {"train": "0", "test": "0"}}}, "other images"),
    ],
)
def test_what_differs_is_refused_or_named(elsewhere, study, tmp_path, capsys, changes, said):
    # A record of the other seed says which hardware the study has.
    theirs = altered(elsewhere, tmp_path, **changes)
    ours = study / "runs" / "base.small" / "seed0"
    shutil.copytree(elsewhere, ours)
    assert adopt.main([str(theirs), "--into", str(study)]) == 1
    assert said in capsys.readouterr().err
    assert adopt.main([str(theirs), "--into", str(study), "--as-they-are"]) == 0
    record = study / "runs" / "base.small" / "seed1"
    summary, _ = read_record(record, "base.small", 1, None)
    assert said in summary["adopted"]


def another(elsewhere, folder):
    """A record of the same run with other results."""
    other = folder / "other"
    shutil.copytree(elsewhere, other)
    with (other / "metrics.csv").open("a") as file:
        file.write("\n")
    (other / checksums.NAME).unlink()
    checksums.write(other)
    return other


def test_another_record_in_its_place_stays_unless_it_is_to_be_replaced(
    elsewhere, study, tmp_path, capsys
):
    assert adopt.main([str(elsewhere), "--into", str(study)]) == 0
    other = another(elsewhere, tmp_path)
    record = study / "runs" / "base.small" / "seed1"
    before = (record / "metrics.csv").read_text()
    assert adopt.main([str(other), "--into", str(study)]) == 1
    assert "holds another record; --replace replaces it" in capsys.readouterr().err
    assert (record / "metrics.csv").read_text() == before
    assert adopt.main([str(other), "--into", str(study), "--replace"]) == 0
    assert (record / "metrics.csv").read_text() == before + "\n"


def test_a_damaged_record_in_its_place_is_replaced(elsewhere, study, capsys):
    assert adopt.main([str(elsewhere), "--into", str(study)]) == 0
    (taken,) = study.glob("runs/*/seed*/metrics.csv")
    whole = taken.read_bytes()
    summary = taken.with_name("summary.json")
    for damage in (
        lambda: taken.unlink(),
        lambda: taken.write_bytes(whole[:-1] + b"9"),
        lambda: summary.write_text("{"),
        lambda: summary.write_text("[]"),
    ):
        damage()
        assert adopt.main([str(elsewhere), "--into", str(study)]) == 0
        assert "1 records were taken, 0 were there already" in capsys.readouterr().out
        assert taken.read_bytes() == whole
        assert checksums.problems(taken.parent) == []


def test_a_file_beside_a_record_is_no_damage(elsewhere, study, capsys):
    assert adopt.main([str(elsewhere), "--into", str(study)]) == 0
    record = study / "runs" / "base.small" / "seed1"
    (record / "notes.txt").write_text("mine")
    assert adopt.main([str(elsewhere), "--into", str(study)]) == 0
    assert "0 records were taken, 1 were there already" in capsys.readouterr().out
    assert (record / "notes.txt").read_text() == "mine"


def test_a_damaged_record_is_not_replaced_by_another(elsewhere, study, tmp_path, capsys):
    assert adopt.main([str(elsewhere), "--into", str(study)]) == 0
    record = study / "runs" / "base.small" / "seed1"
    (record / "layers.csv").write_text("damaged")
    other = another(elsewhere, tmp_path)
    assert adopt.main([str(other), "--into", str(study)]) == 1
    assert "holds another record" in capsys.readouterr().err
    assert (record / "layers.csv").read_text() == "damaged"


def test_a_difference_that_holds_no_longer_is_not_said(elsewhere, study, tmp_path):
    stale = altered(elsewhere, tmp_path, adopted={"differs": ["torch 1.0, here 2.0"]})
    assert adopt.main([str(stale), "--into", str(study)]) == 0
    summary, _ = read_record(study / "runs" / "base.small" / "seed1", "base.small", 1, None)
    assert summary["adopted"] is None


def test_before_the_images_exist_nothing_is_taken(elsewhere, study, capsys):
    (study.parent / "data" / "digits").unlink()
    assert adopt.main([str(elsewhere), "--into", str(study)]) == 1
    assert "make the images first" in capsys.readouterr().err
    assert not (study / "runs").exists()


def test_a_record_that_is_damaged_or_not_planned_is_refused(elsewhere, study, tmp_path, capsys):
    shutil.copytree(elsewhere, tmp_path / "damaged")
    with (tmp_path / "damaged" / "predictions.npz").open("ab") as file:
        file.write(b"x")
    (tmp_path / "missing").mkdir()
    shutil.copy(elsewhere / "summary.json", tmp_path / "missing")
    other = tmp_path / "other"
    shutil.copytree(elsewhere, other)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"label_smoothing": 0.2}))
    (other / checksums.NAME).unlink()
    checksums.write(other)
    without = tmp_path / "without"
    shutil.copytree(elsewhere, without)
    config.pop("seed")
    (without / "config.json").write_text(json.dumps(config))
    (without / checksums.NAME).unlink()
    checksums.write(without)
    reseeded = tmp_path / "reseeded"
    shutil.copytree(elsewhere, reseeded)
    config = json.loads((reseeded / "config.json").read_text())
    (reseeded / "config.json").write_text(json.dumps(config | {"seed": 1 - config["seed"]}))
    (reseeded / checksums.NAME).unlink()
    checksums.write(reseeded)
    (tmp_path / "empty").mkdir()
    for folder, said in (
        (reseeded, "summary.json and config.json have different seeds"),
        (tmp_path / "empty", "empty: no run record, which has a summary.json"),
        (tmp_path / "damaged", "its bytes changed"),
        (tmp_path / "missing", "config.json: is missing"),
        (other, f"refused: {other}: no run of the study has its config"),
        (without, f"refused: {without}: lacks 'seed'"),
    ):
        assert adopt.main([str(folder), "--into", str(study), "--as-they-are"]) == 1
        assert said in capsys.readouterr().err
    assert not (study / "runs").exists()


def test_without_a_plan_the_error_says_how_to_write_one(elsewhere, tmp_path, capsys):
    assert adopt.main([str(elsewhere), "--into", str(tmp_path / "no")]) == 1
    error = capsys.readouterr().err
    assert "study.json" in error
    assert "python -m ablations document" in error
    assert len(error.splitlines()) == 1


@pytest.mark.slow
def test_snakemake_plans_only_what_was_not_adopted(tmp_path):
    """The commands of a study are called without Snakemake, and their records come back."""
    copy_project(tmp_path, smoke=False)
    study = resolve({"scale": "smoke", "ablations": ["maxpool"]})
    settings = declarations.options(["data_folder=~/data", "gpu=never", "runs_per_gpu=2"])
    data, *runs = commands_of(study, settings, threads=1)
    assert str(Path.home() / "data") in data
    assert all("--gpu never --runs-per-gpu 2 --cuda-graphs never" in command for command in runs)
    away = tmp_path / "away"
    python = [sys.executable]
    subprocess.run(python + shlex.split(data)[1:], cwd=tmp_path, check=True, capture_output=True)

    def elsewhere(commands):
        for command in commands:
            words = shlex.split(command)[1:]
            place = words.index("--output") + 1
            words[place] = str(away / words[place].removeprefix("results/"))
            subprocess.run(python + words, cwd=tmp_path, check=True, capture_output=True)

    elsewhere(runs[:3])
    results = tmp_path / "results" / "smoke"
    results.mkdir(exist_ok=True)
    (results / "study.json").write_text(json.dumps(to_document(study)))
    argv = [*python, "-m", "resnet.adopt", str(away), "--into", "results/smoke"]
    done = subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "3 records were taken" in done.stdout
    assert planned(tmp_path, "maxpool")["train"] == 1
    # The last run is trained here, then the code is edited, and the run made anew elsewhere.
    assert snakemake(tmp_path, "maxpool")[0] == 0
    edit(tmp_path / "resnet" / "training" / "run.py", "import torch\n", "import torch\n\nNEW = 1\n")
    assert planned(tmp_path, "maxpool")["train"] == 1
    elsewhere(runs[3:])
    done = subprocess.run(
        [*argv, "--as-they-are", "--replace"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "4 records were taken" in done.stdout
    assert "train" not in planned(tmp_path, "maxpool")


def test_configs_of_records_are_read_whatever_their_kind_had_once():
    plain = to_dict(from_dict(SMALL))
    former = plain | {
        "optimizer": plain["optimizer"] | {"kernel_learning_rate": 0.02},
        "schedule": {"name": "constant", "step_every": "batch", "t_max": None, "eta_min": 0.0},
    }
    assert from_record(former) == from_dict(SMALL)
