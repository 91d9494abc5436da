"""Every command that writes, on a disk that is full at one write or another, or read-only.

On a tmpfs of a few MB where this user may mount one, else under a limit of a file's size.
"""

import io
import json
import resource
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from ablations import __main__ as declarations
from report import claims, render
from report.draw import all_figures as figures
from report.judge import comparisons
from report.page import pdf
from report.read import records as collect
from resnet import train, verify
from resnet.files import new_file
from resnet.images import pictures
from resnet.images.sources import prepare
from resnet.job import calibrate, checksums, guard
from resnet.job import train as job
from resnet.job.declared import networks, rates
from resnet.job.verification.records import NEEDED
from resnet.training.run import Run
from tests.test_train import SMALL

MEGABYTES = 24


class Tmpfs:
    """A filesystem of its own; full when a ballast has taken what is left but ``free`` bytes."""

    def __init__(self, folder):
        self.folder = folder

    @contextmanager
    def full(self, free):
        ballast = self.folder / "ballast"
        usage = shutil.disk_usage(self.folder)
        ballast.write_bytes(bytes(max(0, usage.free - free)))
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def read_only(self):
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)


class Limited:
    """Any folder; a file that would be longer than ``free`` bytes can't be written."""

    def __init__(self, folder):
        self.folder = folder

    @contextmanager
    def full(self, free):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    @contextmanager
    def read_only(self):
        with self.full(0):
            yield


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", folder]
    if shutil.which("mount") and not subprocess.run(mount, check=False).returncode:
        yield Tmpfs(folder)
        subprocess.run(["umount", "-l", folder], check=True)
    else:
        yield Limited(folder)


def files(folder):
    """What is in a folder, or a file itself, but for locks, which are always empty."""
    paths = [folder] if folder.is_file() else folder.rglob("*")
    found = (path for path in paths if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder): path.read_bytes() for path in found}


def fails(capsys, command):
    """The one line by which a command says that it can't write."""
    capsys.readouterr()
    assert command() != 0
    said = capsys.readouterr().err
    assert "Traceback" not in said
    errors = [line for line in said.splitlines() if "rror" in line]
    assert len(errors) == 1, said
    assert "can't be written" in errors[0]
    return errors[0]


def survives(disk, capsys, command, output, steps=4):
    """A command fails clearly at several sizes of what is left, loses nothing, then succeeds."""
    assert command() == 0
    whole = files(output)
    size = max(len(content) for content in whole.values())
    for name in whole:
        (output / name).unlink()
    before = files(disk.folder)
    for step in range(steps):
        with disk.full(size * step // steps):
            assert str(disk.folder) in fails(capsys, command)
        now = files(disk.folder)
        assert {p: c for p, c in now.items() if p in before} == before
        for path, content in now.items():
            assert not path.name.endswith(".partial")
            if path not in before and path.suffix != ".log":
                assert content == whole[(disk.folder / path).relative_to(output)], path
    assert command() == 0
    return whole


def test_data_on_a_full_disk(disk, capsys):
    output = disk.folder / "digits"
    argv = ["--dataset", "digits", "--source", "digits", "--output", str(output)]
    whole = survives(disk, capsys, lambda: prepare.main(argv), output)
    assert files(output) == whole


@pytest.fixture
def every_batch(monkeypatch):
    """Checkpoints after every batch."""
    monkeypatch.setattr(guard.Guard, "within_epoch_seconds", 0.0)
    free = property(lambda guard: 0.0, lambda guard, value: None)
    monkeypatch.setattr(guard.Guard, "cost", free, raising=False)


def test_a_full_disk_ends_training_and_keeps_its_checkpoint(disk, digits, capsys, every_batch):
    output, checkpoint = disk.folder / "seed0", disk.folder / "seed0.checkpoint"
    argv = ["--config", json.dumps(SMALL), "--seed", "0", "--data", str(digits)]
    argv += ["--output", str(output), "--log", str(disk.folder / "log")]
    saved = Run.state

    def fill_up(self):
        # From the third checkpoint on nothing more can be written.
        if self.step == 3:
            filling.__enter__()
        return saved(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "state", fill_up)
        filling = disk.full(4096)
        said = fails(capsys, lambda: train.main(argv))
        assert str(checkpoint) in said
        filling.__exit__(None, None, None)
    assert not output.exists()
    assert train.main(argv) == 0
    assert "goes on at batch 2 of" in capsys.readouterr().err
    assert checksums.problems(output) == []
    assert not checkpoint.exists()


def test_a_full_disk_at_the_record_keeps_the_checkpoint(disk, digits, capsys, every_batch):
    output, checkpoint = disk.folder / "seed0", disk.folder / "seed0.checkpoint"
    argv = ["--config", json.dumps(SMALL), "--seed", "0", "--data", str(digits)]
    argv += ["--output", str(output)]
    written = job.write_record

    for free in (0, 4_096, 20_480):

        def fill_up(*args, free=free):
            with disk.full(free):
                written(*args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(job, "write_record", fill_up)
            assert str(output) in fails(capsys, lambda: train.main(argv))
        assert {path.name for path in files(disk.folder)} == {checkpoint.name}
    assert train.main(argv) == 0
    assert "goes on at batch 28 of 28" in capsys.readouterr().err
    assert checksums.problems(output) == []


def test_what_the_workflow_writes_beside_training_on_a_full_disk(disk, digits, capsys, monkeypatch):
    study = disk.folder / "study.json"
    argv = ["document", "--output", str(study), "--config", 'scale="smoke"']
    survives(disk, capsys, lambda: declarations.main(argv), study)
    table = disk.folder / "rates.csv"
    argv = ["--config", "{}", "--epochs", "30", "--output", str(table)]
    survives(disk, capsys, lambda: rates.main(argv), table, steps=1)
    table = disk.folder / "networks.csv"
    argv = ["--networks", '{"base.final": {}}', "--output", str(table)]
    survives(disk, capsys, lambda: networks.main(argv), table, steps=1)
    arrays = disk.folder / "pictures.npz"
    argv = ["--data", str(digits), "--copies", '[["random_rotation"]]', "--output", str(arrays)]
    survives(disk, capsys, lambda: pictures.main(argv), arrays)
    cache = disk.folder / "calibration.json"
    monkeypatch.setattr(calibrate, "measure", lambda config: {"seconds": 1.0})

    def calibrated():
        monkeypatch.setattr(sys, "stdin", io.StringIO("{}\n"))
        return calibrate.main(["--cache", str(cache)])

    survives(disk, capsys, calibrated, cache, steps=1)


def test_a_receipt_on_a_full_disk(disk, capsys, monkeypatch):
    record = disk.folder / "runs" / "base.design" / "seed0"
    record.mkdir(parents=True)
    summary = dict.fromkeys(NEEDED) | {"status": "finished", "device": "cpu"}
    summary["data"] = {"sha256": {}}
    for name, text in (
        ("summary.json", json.dumps(summary)),
        ("config.json", '{"data": {"dataset": "digits"}}'),
        ("model.safetensors", ""),
    ):
        (record / name).write_text(text)
    checksums.write(record)
    monkeypatch.setattr(verify, "read_facts", lambda _: {"sha256": {}})
    monkeypatch.setattr(verify, "otherwise", lambda _: [])
    monkeypatch.setattr(verify, "retrain", lambda *_: None)
    found = {"verdict": verify.IDENTICAL, "points_apart": 0.0}
    monkeypatch.setattr(verify, "compare", lambda *_: found)
    receipt = disk.folder / "verification.json"
    survives(disk, capsys, lambda: verify.main([str(disk.folder)]), receipt, steps=1)


def test_the_report_on_a_full_disk(disk, study, capsys, monkeypatch):
    folder = disk.folder / "results" / "smoke"
    shutil.copytree(study.parent, folder.parent, dirs_exist_ok=True)
    argv = [str(folder)]
    # As wide as the graph: each step reads what the step before wrote.
    for step, output, steps in (
        (collect, "tables", 4),
        (comparisons, "tables", 2),
        (claims, "tables", 2),
        (figures, "figures", 2),
        (render, "report", 3),
    ):
        flags = ["--write-only"] if step is claims else []

        def command(step=step, flags=flags):
            return step.main([*argv, *flags])

        survives_in_place(disk, capsys, command, folder / output, steps)

    if isinstance(disk, Limited):
        return  # The engine's own scratch folder would be limited as well.

    def typeset(command, source, scratch):
        (Path(scratch) / "report.pdf").write_bytes(bytes(100_000))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(pdf, "_run", typeset)
    monkeypatch.setattr(pdf, "engine", lambda: ["latexmk"])
    output = folder / "report" / "report.pdf"
    survives(disk, capsys, lambda: pdf.main(argv), output)


def survives_in_place(disk, capsys, command, output, steps):
    """As `survives`, where a command writes over files that are there: old or new, never half."""
    begun = time.time_ns()
    assert command() == 0
    whole = files(output)
    written = [len(whole[name]) for name in whole if (output / name).stat().st_mtime_ns > begun]
    for step in range(steps):
        with disk.full(max(written) * step // steps):
            fails(capsys, command)
        assert files(output) == whole
    assert command() == 0
    assert files(output) == whole


def test_a_read_only_disk_is_one_line(disk, digits, capsys):
    argv = ["--dataset", "digits", "--source", "digits", "--output", str(disk.folder / "d" / "d")]
    with disk.read_only():
        fails(capsys, lambda: prepare.main(argv))
    train_argv = ["--config", json.dumps(SMALL), "--seed", "0", "--data", str(digits)]
    train_argv += ["--output", str(disk.folder / "seed0")]
    with disk.read_only():
        capsys.readouterr()
        assert train.main(train_argv) == 1
        said = capsys.readouterr().err
    assert said.count("\n") == 1 + said.count("epoch")
    assert "Traceback" not in said
    assert files(disk.folder) == {}


def test_the_writer_keeps_what_was_there(disk):
    path = disk.folder / "file"
    with new_file(path) as beside:
        beside.write_bytes(b"old")
    with disk.full(0), pytest.raises(OSError, match="can't be written"), new_file(path) as beside:
        beside.write_bytes(bytes(100_000))
    assert files(disk.folder) == {Path("file"): b"old"}
