import copy
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from report.page.sections.record.reproducibility import of_different_code, receipt
from resnet import train, verify
from resnet.config import RunConfig, changed, from_dict, to_dict
from resnet.job import checksums
from resnet.job.kept import Kept, accepted, read_kept, write_kept
from resnet.job.verification import trees
from resnet.job.verification.trees import LEAST_STEPS, TreeError, checked_out, difference
from resnet.trace import few_images
from resnet.training.length import steps_per_epoch

ROOT = Path(__file__).parent.parent

SMALL = {
    "model": {"blocks": [1, 1, 1, 1], "channels": [8, 8, 8, 16, 16], "stage_kernels": [3] * 4},
    "data": {"dataset": "digits", "training_images": 256},
    "batch_size": 64,
    "budget": {"images_seen": 512},
}


@pytest.fixture
def trained(digits, tmp_path):
    """``results/<scale>`` with one finished run."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "digits").symlink_to(digits)
    record = tmp_path / "tiny" / "runs" / "base.small" / "seed1"
    argv = ["--config", json.dumps(SMALL), "--seed", "1", "--run", "base.small"]
    assert train.main([*argv, "--data", str(digits), "--output", str(record)]) == 0
    return tmp_path / "tiny"


def test_the_same_machine_gives_the_same_bits(trained, capsys):
    assert verify.main([str(trained)]) == 0
    assert "base.small seed 1: identical to the bit" in capsys.readouterr().out
    (row,) = json.loads((trained / "verification.json").read_text())
    sums = trained / "runs" / "base.small" / "seed1" / "SHA256SUMS"
    assert row == {
        "run": "base.small",
        "seed": 1,
        "record": hashlib.sha256(sums.read_bytes()).hexdigest(),
        "verdict": "identical to the bit",
        "points_apart": 0.0,
        "otherwise": [],
    }
    assert "identical to the bit" in receipt(trained)[0]
    # Nothing is said of a record that was trained anew.
    sums.write_text(sums.read_text() + "\n")
    assert receipt(trained)[0].startswith("None of these records was verified")


def test_records_of_other_images_are_not_trained_again(trained, monkeypatch, capsys):
    monkeypatch.setattr(verify, "read_facts", lambda _: {"sha256": {"train": "0", "test": "0"}})
    assert verify.main([str(trained)]) == 1
    assert "seed1: was trained on other images than are here" in capsys.readouterr().err


def alter(record, **changes):
    """Edit a record's summary, with checksums that agree."""
    path = record / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    (record / checksums.NAME).unlink()
    checksums.write(record)


@pytest.mark.parametrize(
    ("device", "visible", "gpu", "hidden"),
    [
        ("cpu", True, "never", True),
        ("cpu", False, "never", True),
        ("NVIDIA H200", True, "always", False),
        ("NVIDIA H200", False, None, None),
    ],
)
def test_a_record_is_compared_on_the_kind_of_device_that_it_was_trained_on(
    trained, monkeypatch, capsys, device, visible, gpu, hidden
):
    record = trained / "runs" / "base.small" / "seed1"
    alter(record, device=device, code_digest="another")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: visible)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    calls = []

    def run(argv, env=None, **_):
        calls.append((argv, env))
        return subprocess.CompletedProcess(argv, train.INTERRUPTED, "", "")

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "run", run)
        code = verify.main([str(trained)])
        if gpu is None:
            assert (code, calls) == (1, [])
            assert "left out: 1 records of a GPU" in capsys.readouterr().err
        else:
            assert code == 130
            assert calls.pop()[0][-2:] == ["--gpu", gpu]
            (one,) = verify.drawn_from(verify.finished(trained), 3, 0)
            with pytest.raises(TreeError):
                trees.trace(ROOT, one)
            assert calls.pop()[1]["CUDA_VISIBLE_DEVICES"] == ("" if hidden else "3")
    if gpu is None:
        assert verify.main([str(trained), "--keep"]) == 1
        assert f"{record} can't be kept: not compared here" in capsys.readouterr().err
        assert verify.main([str(trained), "--against", "HEAD"]) == 0
        assert "left out: 1 records" in capsys.readouterr().err


def test_ctrl_c_ends_a_verification_as_such(trained, capsys, monkeypatch):
    done = subprocess.CompletedProcess([], train.INTERRUPTED)
    monkeypatch.setattr(verify.subprocess, "run", lambda argv, **_: done)
    assert verify.main([str(trained)]) == 130
    assert capsys.readouterr().err.startswith("interrupted")


def test_a_damaged_list_of_accepted_code_is_an_error(tmp_path):
    (tmp_path / "kept.json").write_text("<<<<<<< HEAD")
    with pytest.raises(ValueError, match=r"kept.json: can't be read .* writes it anew"):
        read_kept(tmp_path)


@pytest.mark.parametrize(("tolerance", "verdict"), [("100", "within tolerance"), ("0", "differs")])
def test_another_result_is_within_tolerance_or_differs(trained, capsys, tolerance, verdict):
    record = trained / "runs" / "base.small" / "seed1"
    (record / "model.safetensors").write_bytes(b"other bits")
    alter(record, final_test_accuracy=0.99)
    code = verify.main([str(trained), "--tolerance", tolerance])
    assert code == (1 if verdict == "differs" else 0)
    assert verdict in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("summary.json", '{"status": "finished"}', "lacks device, threads, commit"),
        ("summary.json", "[]", "lacks status"),
        ("summary.json", "3", "damaged"),
        ("predictions.npz", "PK", "its bytes changed since it was written"),
    ],
)
def test_a_damaged_record_is_named(trained, capsys, name, content, said):
    path = trained / "runs" / "base.small" / "seed1" / name
    path.write_text(content)
    assert verify.main([str(trained)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path}: ")
    assert said in error
    assert not (trained / "verification.json").exists()


def test_a_study_without_finished_runs_is_an_error(tmp_path, capsys):
    assert verify.main([str(tmp_path)]) == 1
    assert "no finished run" in capsys.readouterr().err


# --- code of then and of now ----------------------------------------------------------------


@pytest.fixture(scope="module")
def traced(digits, tmp_path_factory):
    """A trace of a small run, of which the last batch of an epoch is a small one."""
    output = tmp_path_factory.mktemp("trace") / "trace.json"
    config = json.dumps(SMALL | {"drop_last": False})
    argv = ["--config", config, "--seed", "0", "--data", str(digits), "--steps", "6"]
    subprocess.run(
        [sys.executable, "-m", "resnet.trace", *argv, "--output", str(output)], cwd=ROOT, check=True
    )
    return json.loads(output.read_text())


def test_a_trace_has_every_step_and_what_the_record_states(traced):
    assert traced["steps"] == 8
    assert len(traced["sums"]) == 6
    assert {len(sums) for sums in traced["sums"]} == {len(traced["tensors"])}
    assert len({json.dumps(sums) for sums in traced["sums"]}) == 6
    # An epoch of 3 whole batches and a half one ends within the steps.
    assert traced["numbers"]["epoch 0: images_seen"] == "224"
    assert "final_plain_train_accuracy" in traced["numbers"]
    assert "epoch 0: seconds" not in traced["numbers"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: None, ""),
        (lambda t: t.update(steps=9), "8 steps in the run against 9"),
        (lambda t: t.update(rates="0"), "the learning rates differ"),
        (lambda t: t["tensors"].append("new"), "the network's tensors differ: new"),
        (lambda t: t["sums"][2].__setitem__(0, 1), "step 3: the tensor conv1.weight differs"),
        (lambda t: t.update(probabilities="0"), "the evaluation after step 6 differs"),
        (
            lambda t: t["numbers"].update(best_epoch="7"),
            "the record's best_epoch: 0 against 7",
        ),
        (lambda t: t["form"].pop("layers.csv"), "the record's layers.csv has another form"),
    ],
)
def test_the_first_difference_is_named(traced, change, said):
    other = copy.deepcopy(traced)
    change(other)
    assert difference(traced, other) == said


@pytest.mark.parametrize(
    ("commit", "said"),
    [("0123456789abcdef+changes", "no commit has these changes"), ("0" * 40, "no such commit")],
)
def test_code_that_cannot_be_had_is_no_base_for_keeping(commit, said):
    with pytest.raises(TreeError, match=said), checked_out(commit):
        pass


def test_what_says_where_a_record_comes_from_is_no_part_of_its_form(traced):
    earlier = copy.deepcopy(traced)
    earlier["form"]["summary.json"].remove("processor")
    assert difference(earlier, traced) == ""
    earlier["form"]["summary.json"].remove("best_epoch")
    assert difference(earlier, traced) == "the record's summary.json has another form"


def test_records_of_unknown_code_are_refused_and_not_kept(trained, capsys):
    path = trained / "runs" / "base.small" / "seed1" / "summary.json"
    other = {"commit": "0" * 40, "code_digest": "another"}
    path.write_text(json.dumps(json.loads(path.read_text()) | other))
    assert verify.main([str(trained), "--keep"]) == 1
    assert "can't be kept: 000000000000: this repository has no such commit" in (
        capsys.readouterr().err
    )
    assert read_kept(trained) == []


def test_the_report_names_runs_whose_seeds_come_from_different_code():
    code = {"a": ["old", "new"], "b": ["new", "new"], "c": ["older", "old"], "d": [None, "new"]}
    runs = pd.DataFrame({"run": [*"abcd"], "code_digest": code.values()}).explode("code_digest")
    assert [line.split(": ")[1] for line in of_different_code(runs, [])] == ["a and c."]
    kept = [{"recorded": "old", "today": "new"}, {"recorded": "old", "today": "other"}]
    assert [line.split(": ")[1] for line in of_different_code(runs, kept)] == ["c."]
    assert of_different_code(runs, [*kept, {"recorded": "older", "today": "new"}]) == []


@pytest.mark.parametrize("flag", ["--keep", "--against=HEAD"])
def test_a_folder_without_records_is_an_error_and_stays_as_it_is(tmp_path, capsys, flag):
    assert verify.main([str(tmp_path / "mistyped"), flag]) == 1
    assert "no finished run" in capsys.readouterr().err
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize(
    ("option", "said"),
    [("--sample", "--sample: 0; at least 1 is needed"), ("--steps", "--steps: 0; at least 3 is")],
)
def test_nothing_is_accepted_unseen(trained, option, said, capsys):
    with pytest.raises(SystemExit):
        verify.main([str(trained), "--keep", option, "0"])
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("copies", [1, 4])
@pytest.mark.parametrize("drop_last", [True, False])
def test_an_epoch_of_more_than_a_batch_ends_within_the_fewest_steps(copies, drop_last):
    settings = {"augmentation": {"copies": [[]] * copies}, "drop_last": drop_last}
    config = from_dict({"batch_size": 128, **settings})
    short = changed(config, few_images(config, LEAST_STEPS))
    assert 1 <= steps_per_epoch(short) < LEAST_STEPS
    images = few_images(config, LEAST_STEPS)["data.training_images"] * copies
    assert 128 < images < 256


def test_a_record_is_accepted_by_commit_digest_and_config(trained):
    record = trained / "runs" / "base.small" / "seed1"
    summary = json.loads((record / "summary.json").read_text())
    config, code = from_dict(SMALL), summary["code_digest"]
    kept = [Kept(summary["commit"], code, "today", ("base.small/seed1",), 200, 1)]
    write_kept(trained, kept)
    assert read_kept(trained) == kept
    assert accepted(config, "today", record, kept) == code
    assert accepted(config, "tomorrow", record, kept) == "tomorrow"
    assert accepted(config, "today", record.with_name("seed2"), kept) == "today"
    # A default that changed: the record states another value than the run would have.
    assert accepted(changed(config, {"label_smoothing": 0.1}), "today", record, kept) == "today"
    # What is trained again for another reason will be a record of today's code.
    (record / "summary.json").write_text(json.dumps(summary | {"versions": {"torch": "1.0"}}))
    assert accepted(config, "today", record, kept) == "today"
    images = {"sha256": {"train": "0", "test": "0"}}
    (record / "summary.json").write_text(json.dumps(summary | {"data": images}))
    assert accepted(config, "today", record, kept) == "today"
    (record / "summary.json").write_text(json.dumps(summary))
    other = [Kept("another", code, "today", ("base.small/seed1",), 200, 1)]
    assert accepted(config, "today", record, other) == "today"
    assert to_dict(RunConfig())["label_smoothing"] == 0
