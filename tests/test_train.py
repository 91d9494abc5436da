import functools
import json
import math
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import filelock
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file
from torch.utils._python_dispatch import TorchDispatchMode

from resnet import train
from resnet.config import from_dict
from resnet.images.augmentation.transform import Transform
from resnet.images.sources.cache import load
from resnet.job import checks, checksums, guard, provenance
from resnet.job import train as job
from resnet.job.record import FILES
from resnet.training import machine
from resnet.training.batches import batches
from resnet.training.fast_cpu import threads, winograd
from resnet.training.fast_cpu.convolution import FastConv2d
from resnet.training.images import place
from resnet.training.length import total_steps
from resnet.training.optimizers.base import in_turn
from resnet.training.run import Run

ROOT = Path(__file__).parent.parent
SMALL = {
    "model": {"blocks": [1, 1, 1, 1], "channels": [8, 8, 8, 16, 16], "stage_kernels": [3] * 4},
    "data": {"dataset": "digits", "training_images": 256},
    "augmentation": {"copies": [[], ["random_resized_crop", "random_rotation"]]},
    "optimizer": {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9},
    "schedule": {"name": "cosine", "t_max": 3},
    "batch_size": 64,
    "budget": {"images_seen": 2000},
    "precision": "fp32",
}


def arguments(digits, output, changes=None, seed=0):
    config = json.dumps(SMALL | (changes or {}))
    return ["--config", config, "--seed", str(seed), "--data", str(digits), "--output", str(output)]


@pytest.fixture(scope="module")
def record(digits, tmp_path_factory):
    """The record of an uninterrupted run."""
    output = tmp_path_factory.mktemp("whole") / "seed0"
    assert train.main(arguments(digits, output)) == 0
    return output


def small_run(digits, changes):
    """Return a run on the CPU, not yet trained."""
    facts = json.loads((digits / "data.json").read_text())
    splits = load(digits, "train"), load(digits, "test")
    config, cpu = from_dict(SMALL | changes), torch.device("cpu")
    return Run(config, place(config, *splits, facts, cpu), cpu)


@pytest.mark.parametrize(
    ("changes", "so"), [({}, True), ({"compile": True}, True), ({"precision": "bf16"}, False)]
)
def test_float32_on_a_cpu_picks_the_way_of_its_convolutions(digits, monkeypatch, changes, so):
    monkeypatch.setattr(machine, "compiled", lambda network, device: network)
    run = small_run(digits, changes)
    assert any(isinstance(module, FastConv2d) for module in run.network.modules()) == so


def test_without_fast_cpu_a_run_trains_by_pytorchs_own_operations(digits, monkeypatch, tmp_path):
    changes = {"optimizer": {"name": "muon", "momentum": 0.9}, "budget": {"images_seen": 512}}
    fast = small_run(digits, changes)
    monkeypatch.setattr("resnet.training.run.FAST_CPU", tmp_path / "removed")
    plain = small_run(digits, changes)
    assert not any(isinstance(module, FastConv2d) for module in plain.network.modules())
    assert fast.optimizer.each is threads.each
    assert plain.optimizer.each is in_turn
    for run in (fast, plain):
        for _ in range(4):
            next(steps := run.train_to_epoch_end())
        steps.close()
    # The same run, but for rounding.
    for name, weight in plain.network.state_dict().items():
        other = fast.network.state_dict()[name]
        torch.testing.assert_close(weight, other, rtol=1e-2, atol=1e-3)


def metrics(record):
    return pd.read_csv(record / "metrics.csv").drop(columns=["images_per_second", "seconds"])


def assert_same_bits(a, b):
    assert (a / "model.safetensors").read_bytes() == (b / "model.safetensors").read_bytes()
    pd.testing.assert_frame_equal(metrics(a), metrics(b), check_exact=True)
    for name in ("probabilities", "labels"):
        one, other = (np.load(r / "predictions.npz")[name] for r in (a, b))
        np.testing.assert_array_equal(one, other)


def test_a_record_is_complete_and_agrees_with_itself(record):
    assert sorted(p.name for p in record.iterdir()) == sorted(FILES)
    summary = json.loads((record / "summary.json").read_text())
    rows = metrics(record)
    assert summary["status"] == "finished"
    assert summary["epochs"] == len(rows) == 4
    # 2,000 images in batches of 64, 8 an epoch: 31 steps, cut to the last minimum, 28.
    assert summary["steps"] == 28
    assert summary["images_seen"] == 28 * 64 == rows["images_seen"].iloc[-1]
    assert summary["final_test_accuracy"] == rows["test_accuracy"].iloc[-1]
    assert summary["best_test_accuracy"] == rows["test_accuracy"].max()
    predictions = np.load(record / "predictions.npz")
    hits = predictions["probabilities"].argmax(1) == predictions["labels"]
    assert hits.mean() == summary["final_test_accuracy"]
    np.testing.assert_allclose(predictions["probabilities"].sum(1), 1, rtol=1e-5)
    weights = load_file(record / "model.safetensors")
    assert all(np.isfinite(w).all() for w in weights.values())
    assert not list(record.parent.glob("*.checkpoint"))


def test_training_learns(digits, tmp_path):
    changes = {
        "augmentation": {"copies": [[]]},
        "data": {"dataset": "digits", "training_images": 1_437},
        "schedule": {},
        "budget": {"images_seen": 12_000},
    }
    assert train.main(arguments(digits, tmp_path / "seed0", changes)) == 0
    summary = json.loads((tmp_path / "seed0" / "summary.json").read_text())
    assert summary["final_test_accuracy"] > 0.9
    assert summary["final_plain_train_accuracy"] > 0.9


def test_the_same_seed_gives_the_same_bits_and_another_doesnt(record, digits, tmp_path):
    assert train.main(arguments(digits, tmp_path / "seed0")) == 0
    assert_same_bits(record, tmp_path / "seed0")
    assert train.main(arguments(digits, tmp_path / "seed1", seed=1)) == 0
    assert not metrics(tmp_path / "seed1").equals(metrics(record))


@pytest.mark.parametrize("at", [1, 8, 13, 27])
def test_an_interrupted_run_ends_with_the_same_bits(record, digits, tmp_path, monkeypatch, at):
    interrupted(digits, tmp_path / "seed0", monkeypatch, at)
    assert_same_bits(record, tmp_path / "seed0")


def interrupted(digits, output, monkeypatch, at, changes=None):
    """Train with a SIGTERM in a batch, and again to the end."""
    calls = iter(range(1, 100))
    step = Run._train_batch

    def interrupt(self, *args):
        step(self, *args)
        if next(calls) == at:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Run, "_train_batch", interrupt)
    argv = arguments(digits, output, changes)
    assert train.main(argv) == 130
    assert not output.exists()
    assert output.with_name(f"{output.name}.checkpoint").exists()
    monkeypatch.setattr(Run, "_train_batch", step)
    assert train.main(argv) == 0


RECIPE = {
    # Wide and large enough for convolutions in fewer multiplications.
    "model": SMALL["model"]
    | {"channels": [8, 64, 8, 16, 16], "zero_init_residual": True, "enlarge": 1.5},
    "optimizer": {
        "name": "muon",
        "learning_rate": 0.05,
        "momentum": 0.9,
        "weight_decay": 0.01,
        "decay_norms": False,
    },
    "schedule": {"name": "one_cycle"},
    "evaluation": {"averaging_share": 0.1, "flip": True},
}


@pytest.mark.parametrize("threads", [1, 2])
def test_an_average_and_momenta_go_on_with_the_same_bits(digits, tmp_path, monkeypatch, threads):
    def counted(*given):
        calls.append(0)
        return convolve(*given)

    calls, convolve = [], winograd.convolve
    monkeypatch.setattr(winograd, "convolve", counted)
    whole, broken = (
        [*arguments(digits, tmp_path / name, RECIPE), "--threads", str(threads)]
        for name in ("whole", "broken")
    )
    assert train.main(whole) == 0
    # On a CPU once a batch at least: layer1.0.conv2.
    batches = total_steps(from_dict(SMALL | RECIPE))
    assert not calls if torch.cuda.is_available() else len(calls) >= batches

    def interrupt(self):
        if len(self.rows) == 2:
            signal.raise_signal(signal.SIGTERM)
        return evaluate(self)

    evaluate = Run.evaluate_epoch
    with monkeypatch.context() as patch:
        patch.setattr(Run, "evaluate_epoch", interrupt)
        assert train.main(broken) == 130
    # Asked for another number of threads, a run keeps its own, on which its last bits depend.
    assert train.main([*broken[:-1], str(3 - threads)]) == 0
    assert_same_bits(tmp_path / "whole", tmp_path / "broken")
    summary = json.loads((tmp_path / "broken" / "summary.json").read_text())
    assert summary["threads"] == threads


@pytest.mark.parametrize("first", [0, 1, 5, 7])
@pytest.mark.parametrize("at_once", [2, 3, 20])
def test_batches_are_the_same_however_many_are_augmented_at_once(
    digits, first, at_once, monkeypatch
):
    run = small_run(digits, {})
    one_by_one, together = [], []
    for number, found in ((1, one_by_one), (at_once, together)):
        monkeypatch.setattr(machine, "batches_at_once", lambda device, number=number: number)
        found += batches(run.config, run.images.training, 1, first, 8)
    assert len(one_by_one) == len(together) == 8 - first
    for (images, labels), (others, their_labels) in zip(one_by_one, together, strict=True):
        torch.testing.assert_close(images, others, rtol=0, atol=0)
        assert labels.tolist() == their_labels.tolist()


def test_muon_s_kernels_move_along_orthogonal_directions(digits):
    run = small_run(digits, RECIPE)
    weight, group = run.network.conv1.weight, run.optimizer.param_groups[0]
    decayed = weight.detach() * (1 - group["lr"] * group["weight_decay"])
    rate = group["lr"]
    next(run.train_to_epoch_end())
    singular = torch.linalg.svdvals((decayed - weight.detach()).reshape(len(weight), -1) / rate)
    assert 0.3 < singular.min() <= singular.max() < 1.3


def test_the_average_is_what_is_evaluated_and_saved(digits):
    run = small_run(digits, {"evaluation": {"averaging_share": 0.5}})
    decay = math.exp(-1 / (0.5 * run.steps))
    expected = None
    for _ in run.train_to_epoch_end():
        now = run.network.fc.weight.detach().clone()
        expected = now if expected is None else decay * expected + (1 - decay) * now
    torch.testing.assert_close(run.evaluated.fc.weight, expected, rtol=0, atol=1e-6)
    assert not torch.equal(run.evaluated.fc.weight, run.network.fc.weight)


def test_a_killed_process_goes_on_from_its_last_checkpoint(record, digits, tmp_path):
    code = (
        "import sys; from resnet import train; from resnet.job import guard;"
        "guard.Guard.within_epoch_seconds = guard.Guard.after_epoch_seconds = 0.0;"
        "guard.Guard.cost = property(lambda s: 0.0, lambda s, v: None);"
        "sys.exit(train.main(sys.argv[1:]))"
    )
    argv = [sys.executable, "-c", code, *arguments(digits, tmp_path / "seed0")]
    process = subprocess.Popen(argv, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (tmp_path / "seed0.checkpoint").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert (tmp_path / "seed0.checkpoint").exists()
    assert not (tmp_path / "seed0").exists()
    assert train.main(arguments(digits, tmp_path / "seed0")) == 0
    assert_same_bits(record, tmp_path / "seed0")


def test_ctrl_c_during_the_imports_is_silent(tmp_path, monkeypatch):
    # Stands before the library that train.py imports first.
    (tmp_path / "filelock.py").write_text("import signal; signal.raise_signal(signal.SIGINT)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    argv = [sys.executable, "-m", "resnet.train", "--help"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_checkpoint_of_another_config_is_not_used(record, digits, tmp_path, monkeypatch):
    def interrupt(self, *args):
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "evaluate_epoch", interrupt)
        other = {"optimizer": {"name": "sgd", "learning_rate": 0.01}}
        assert train.main(arguments(digits, tmp_path / "seed0", other)) == 130
    assert train.main(arguments(digits, tmp_path / "seed0")) == 0
    assert_same_bits(record, tmp_path / "seed0")


def test_a_run_that_diverges_says_so_and_keeps_its_history(digits, tmp_path):
    changes = {"optimizer": {"name": "sgd", "learning_rate": 100.0, "momentum": 0.99}}
    changes |= {"schedule": {}, "label_smoothing": 0.0, "budget": {"images_seen": 20_000}}
    assert train.main(arguments(digits, tmp_path / "seed0", changes)) == 0
    summary = json.loads((tmp_path / "seed0" / "summary.json").read_text())
    rows = metrics(tmp_path / "seed0")
    assert summary["status"] == "diverged"
    assert summary["epochs"] == len(rows) < 40
    assert not math.isfinite(rows["train_loss"].iloc[-1])
    # The loss of a batch: finite, and far above that of guessing among ten, ln 10.
    assert math.log(10) < summary["last_finite_train_loss"] < math.inf


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--threads", "0"), "--threads: 0; at least 1 is needed"),
        (("--seed", "-1"), "--seed: -1; at least 0 is needed"),
        (("--runs-per-gpu", "two"), "--runs-per-gpu: 'two' is no whole number"),
    ],
)
def test_a_number_that_cannot_be_is_refused(digits, tmp_path, capsys, option, said):
    with pytest.raises(SystemExit):
        train.main([*arguments(digits, tmp_path), *option])
    assert said in capsys.readouterr().err


def test_two_processes_never_train_the_same_run(digits, tmp_path, capsys):
    log = tmp_path / "log"
    log.write_text("of the one that trains\n")
    with filelock.FileLock(tmp_path / "seed0.checkpoint.lock"):
        assert train.main([*arguments(digits, tmp_path / "seed0"), "--log", str(log)]) == 1
    assert "another process" in capsys.readouterr().err
    assert log.read_text() == "of the one that trains\n"
    assert not (tmp_path / "seed0").exists()


def test_a_folder_that_holds_no_record_is_not_replaced_by_one(digits, tmp_path, capsys):
    output = tmp_path / "seed0"
    output.mkdir()
    (output / "thesis.txt").write_text("mine")
    assert train.main(arguments(digits, output)) == 1
    error = capsys.readouterr().err
    assert f"{output}: holds other files, which would be lost" in error
    assert error.count("\n") == 1
    assert [path.name for path in output.iterdir()] == ["thesis.txt"]


def test_a_failure_of_pytorch_is_a_line_of_the_log(digits, tmp_path, monkeypatch, capsys):
    def fails(*args):
        raise RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED\nIt was called from here")

    monkeypatch.setattr(train, "run_to_record", fails)
    log = tmp_path / "log"
    assert train.main([*arguments(digits, tmp_path / "seed0"), "--log", str(log)]) == 1
    assert capsys.readouterr().err == "error: run: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED\n"
    # What led to it is in the log's file alone.
    assert "Traceback" in log.read_text()


def test_the_code_of_a_record_is_that_which_was_imported(digits, tmp_path, monkeypatch):
    @contextmanager
    def edited_while_waiting(*args):
        monkeypatch.setattr(provenance, "training_digest", lambda *_: "edited")
        yield None

    monkeypatch.setattr(train, "one_device", edited_while_waiting)
    before = provenance.training_digest(from_dict(SMALL))
    assert train.main(arguments(digits, tmp_path / "seed0")) == 0
    summary = json.loads((tmp_path / "seed0" / "summary.json").read_text())
    assert summary["code_digest"] == before
    assert summary["began"]


def test_a_signal_that_is_ignored_stays_so(monkeypatch, tmp_path):
    monkeypatch.setattr(guard.Guard, "save", lambda self: None)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with guard.Guard(None, tmp_path, "", {}).listening():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{}", "contains digits; the config needs cifar10"),
        ("{", "Expecting"),
        ('{"model.maxpol": true}', "did you mean model.maxpool"),
        ('{"data": {"dataset": "digits", "training_images": 2000}}', "digits has 1,437"),
    ],
)
def test_a_wrong_config_is_one_line(digits, tmp_path, capsys, config, said):
    argv = arguments(digits, tmp_path / "seed0")
    argv[1] = config
    assert train.main(argv) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_held_out_images_are_neither_trained_on_nor_tested_on(digits, tmp_path):
    changes = {"selection": {"held_out_images": 56}}
    assert train.main(arguments(digits, tmp_path / "seed0", changes)) == 0
    rows = metrics(tmp_path / "seed0")
    assert (rows["held_out_accuracy"] * 56).round(6).mod(1).eq(0).all()
    images = small_run(digits, changes).images
    training, test = load(digits, "train"), load(digits, "test")
    for (pixels, labels), split, part in (
        (images.training, training, slice(0, 200)),
        (images.held_out, training, slice(200, 256)),
        (images.test, test, slice(None)),
    ):
        np.testing.assert_array_equal(pixels.cpu(), split.images[part])
        np.testing.assert_array_equal(labels.cpu(), split.labels[part])
    # 200 images in 2 copies: 6 whole batches of 64 an epoch.
    assert rows["images_seen"].iloc[0] == 6 * 64


@pytest.mark.parametrize(
    ("asked", "flags", "picked"),
    [
        ("fp32", "flags : avx2 avx512_bf16", "fp32"),
        ("bf16", "flags : avx2", "bf16"),
        ("auto", "flags : avx2 avx512f", "fp32"),
        ("auto", "flags : avx2 avx512_bf16", "bf16"),
        ("auto", "flags : avx2 amx_bf16 amx_tile", "bf16"),
    ],
)
def test_precision_is_what_was_asked_or_what_the_processor_does_fast(
    monkeypatch, asked, flags, picked
):
    monkeypatch.setattr(Path, "read_text", lambda path: flags)
    assert machine.pick_precision(asked, torch.device("cpu")) == picked


@pytest.mark.parametrize(("capability", "picked"), [((7, 5), "fp32"), ((8, 0), "bf16")])
def test_precision_on_a_gpu_is_bf16_from_ampere_on(monkeypatch, capability, picked):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert machine.pick_precision("auto", torch.device("cuda")) == picked


class Reads(TorchDispatchMode):
    """Counts where Python reads a number from a tensor: there a GPU is waited for."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


# Not Adam: it counts its steps on the CPU, and reads them there.
@pytest.mark.parametrize("changes", [{}, RECIPE])
def test_nothing_is_read_from_the_device_within_an_epoch(digits, changes):
    run = small_run(digits, changes)
    with Reads() as reads:
        torch.ones(1).item()
        assert reads.count == 1
        for _ in run.train_to_epoch_end():
            pass
        assert reads.count == 1


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"),
            "a smaller network or batch_size, fewer runs_per_gpu, or a larger GPU",
        ),
        (
            torch.AcceleratorError("CUDA error: unspecified launch failure\nSearch for it"),
            "the GPU failed (CUDA error: unspecified launch failure); Snakemake tries once more "
            "from the last checkpoint, without CUDA graphs. If that fails, too: runs_per_gpu=1 in "
            "--config, or another driver",
        ),
        (
            torch.AcceleratorError("CUDA error: no kernel image is available for execution"),
            "install a build of PyTorch for it, or train on the CPU with --config gpu=never",
        ),
    ],
)
def test_a_gpu_that_fails_is_one_line(digits, tmp_path, monkeypatch, capsys, error, end):
    def fails(*_):
        raise error

    monkeypatch.setattr(Run, "_train_batch", fails)
    assert train.main(arguments(digits, tmp_path / "seed0")) == 1
    said = capsys.readouterr().err.strip()
    assert said.endswith(end)
    assert "\n" not in said


@pytest.fixture
def unusable(monkeypatch):
    """A machine with a GPU whose driver PyTorch can't use."""

    def fails():
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 12040).\nX")

    monkeypatch.setattr(train, "one_device", lambda _shares: nullcontext("0"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", fails)


def test_a_gpu_that_pytorch_cannot_use_is_an_error(digits, tmp_path, unusable, capsys):
    assert train.main(arguments(digits, tmp_path / "seed0")) == 1
    said = capsys.readouterr().err.strip()
    assert "The NVIDIA driver on your system is too old (found version 12040). Update" in said
    assert said.endswith("or train on the CPU with --config gpu=never")
    assert not (tmp_path / "seed0").exists()


def test_who_asks_for_a_gpu_in_any_case_is_warned(digits, tmp_path, unusable, capsys):
    assert train.main([*arguments(digits, tmp_path / "seed0"), "--gpu", "always"]) == 0
    assert "PyTorch finds none: trains on the CPU" in capsys.readouterr().err


def test_an_environment_that_lowers_float32_is_refused(digits, tmp_path, monkeypatch, capsys):
    for variable, harmless in provenance.LOWER_FLOAT32.items():
        monkeypatch.setenv(variable, harmless)
    checks.check_float32()
    monkeypatch.setenv("ONEDNN_DEFAULT_FPMATH_MODE", "bf16")
    assert train.main(arguments(digits, tmp_path / "seed0")) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: run: the environment has ONEDNN_DEFAULT_FPMATH_MODE=bf16, ")
    assert not (tmp_path / "seed0").exists()


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (lambda x: x.mean((2, 3)), "torch.float32 of shape (2, 3), expected torch.float32 of"),
        (lambda x: x.flatten(1)[:, :10].double(), "torch.float64 of shape (2, 10), expected"),
        (lambda x: (x, x), "tuple, expected torch.float32 of shape (2, 10)"),
    ],
)
def test_a_network_without_a_logit_for_each_class_is_refused(
    digits, tmp_path, monkeypatch, capsys, network, said
):
    built = torch.nn.Identity()
    built.forward = network
    monkeypatch.setattr(checks, "seeded_network", lambda _config, _device: built)
    assert train.main(arguments(digits, tmp_path / "seed0")) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: run: model.name: for 2 images and 10 classes resnet ret")
    assert said in error
    assert not (tmp_path / "seed0").exists()


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (lambda images, _: images[..., :7], "torch.uint8 of shape (2, 3, 8, 7)"),
        (lambda images, _: images / 255, "torch.float32 of shape (2, 3, 8, 8)"),
        (lambda _images, _: None, "NoneType"),
    ],
)
def test_a_transform_that_returns_no_images_is_refused(
    digits, tmp_path, monkeypatch, capsys, pixels, said
):
    given = []
    transform = Transform(1, lambda u, size: given.append((u.shape, size)) or u, pixels)
    monkeypatch.setattr(checks, "named", lambda _name: transform)
    changes = SMALL | {"augmentation": {"copies": [["vertical_flip"]]}}
    assert train.main(arguments(digits, tmp_path / "seed0", changes)) == 1
    error = capsys.readouterr().err
    assert f"augmentation.copies: vertical_flip returns {said}, expected torch.uint8 of" in error
    assert given == [((2, 1), 8)]


LONG = {"budget": {"images_seen": 6000}}


def test_a_run_killed_at_twenty_random_moments_ends_with_the_same_bits(digits, tmp_path):
    assert train.main(arguments(digits, tmp_path / "whole", LONG)) == 0
    argv = arguments(digits, tmp_path / "killed", LONG)
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing", "20", "0", *argv],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("20 kills")
    # Most attempts went on from where another was killed.
    assert len(re.findall(r"goes on at batch \d+", done.stderr)) >= 10
    assert_same_bits(tmp_path / "whole", tmp_path / "killed")
    assert checksums.problems(tmp_path / "killed") == []
    left = {path.name for path in tmp_path.iterdir() if path.suffix != ".done"}
    assert left == {"whole", "killed", "whole.checkpoint.lock", "killed.checkpoint.lock"}


def test_a_finished_run_whose_record_was_removed_is_not_trained_again(digits, tmp_path, capsys):
    argv = arguments(digits, tmp_path / "seed0")
    assert train.main(argv) == 0
    summary = (tmp_path / "seed0" / "summary.json").read_text()
    shutil.rmtree(tmp_path / "seed0")
    capsys.readouterr()
    assert train.main(argv) == 0
    assert "was finished before" in capsys.readouterr().err
    assert (tmp_path / "seed0" / "summary.json").read_text() == summary
    assert checksums.problems(tmp_path / "seed0") == []
    # Of another config, or with a byte that changed, it is not used.
    changes = {"optimizer": {"name": "sgd", "learning_rate": 0.01}}
    assert train.main(arguments(digits, tmp_path / "seed0", changes)) == 0
    assert "was finished before" not in capsys.readouterr().err
    for kept in tmp_path.glob("*.done"):
        (kept / "metrics.csv").unlink()
        (kept / "metrics.csv").write_text("")
    assert train.main(argv) == 0
    assert "was finished before" not in capsys.readouterr().err


def test_a_record_without_weights_is_no_substitute_for_one_with_them(digits, tmp_path, capsys):
    argv = arguments(digits, tmp_path / "seed0")
    assert train.main([*argv, "--keep-weights", "none"]) == 0
    shutil.rmtree(tmp_path / "seed0")
    assert train.main(argv) == 0
    assert "was finished before" not in capsys.readouterr().err
    assert (tmp_path / "seed0" / "model.safetensors").is_file()


def test_two_at_once_have_the_bits_of_one_at_a_time(record, digits, tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    argv = [[sys.executable, "-m", "resnet.train", *arguments(digits, f)] for f in folders]
    processes = [subprocess.Popen(a, cwd=ROOT, stderr=subprocess.DEVNULL) for a in argv]
    assert [process.wait() for process in processes] == [0, 0]
    for folder in folders:
        assert_same_bits(record, folder)


def test_a_network_beyond_the_machine_is_refused_before_anything_is_allocated(
    digits, tmp_path, capsys
):
    model = {"blocks": [64] * 4, "channels": [4096] * 5, "stage_kernels": [15] * 4}
    assert train.main(arguments(digits, tmp_path / "seed0", {"model": model})) == 1
    assert re.search(r"would take about [\d,]+ GiB of memory", capsys.readouterr().err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("module", "step"), [(train, "origin"), (job, "load")])
def test_a_signal_before_training_is_one_line(
    digits, tmp_path, monkeypatch, capsys, module, step, number
):
    # A shell has what it starts in the background ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(module, step, lambda *_: signal.raise_signal(number))
    assert train.main(arguments(digits, tmp_path / "seed0")) == 130
    assert "run again to go on" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize(
    ("policy", "run", "kept"),
    [
        ("all", "maxpool.with_maxpool", True),
        ("bases", "maxpool.with_maxpool", False),
        ("bases", "base.final", True),
        ("none", "base.final", False),
    ],
)
def test_weights_are_kept_by_policy(digits, tmp_path, policy, run, kept):
    changes = {"budget": {"images_seen": 64}}
    argv = arguments(digits, tmp_path / "seed0", changes)
    assert train.main([*argv, "--keep-weights", policy, "--run", run]) == 0
    assert (tmp_path / "seed0" / "model.safetensors").exists() == kept
    assert checksums.problems(tmp_path / "seed0") == []


SHORT = {"model": RECIPE["model"], "budget": {"images_seen": 512}}


def follows(digits, folder):
    """Train a few batches plainly and compiled: the same arithmetic in another order."""
    for name, changes in (("plain", SHORT), ("compiled", SHORT | {"compile": True})):
        assert train.main(arguments(digits, folder / name, changes)) == 0
    plain, other = (metrics(folder / name) for name in ("plain", "compiled"))
    pd.testing.assert_frame_equal(plain, other, rtol=1e-3, atol=2e-2)
    assert "_orig_mod" not in " ".join(load_file(folder / "compiled" / "model.safetensors"))


def test_compiled_training_follows_the_plain_one(digits, tmp_path, monkeypatch):
    # Traced only: `pytest -m slow -k compiled` also makes and runs the compiler's code.
    trace = functools.partial(torch.compile, backend="eager")
    calls = []

    def traced(function, **how):
        through = trace(function, dynamic=how.get("dynamic"))
        calls.append(0)

        def called(images):
            calls[-1] += 1
            return through(images)

        return called

    monkeypatch.setattr(torch, "compile", traced)
    follows(digits, tmp_path)
    # The attempt whether anything can be compiled, then the network, once a batch.
    assert calls == [1, total_steps(from_dict(SMALL | SHORT))]


@pytest.mark.slow
def test_compiled_training_follows_the_plain_one_in_machine_code(digits, tmp_path, monkeypatch):
    follows(digits, tmp_path)
    interrupted(digits, tmp_path / "broken", monkeypatch, at=3, changes=SHORT | {"compile": True})
    assert_same_bits(tmp_path / "compiled", tmp_path / "broken")


def test_without_a_compiler_an_error_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    with pytest.raises(ValueError, match=r"compile: true doesn't work here: .*compiler"):
        machine.compiled(torch.nn.Identity(), torch.device("cpu"))
