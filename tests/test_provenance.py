import os
import re
import shutil
import subprocess

import pytest

from resnet.config import RunConfig, changed
from resnet.job import provenance
from resnet.job.provenance import ROOT, code_digest, commit, processor, training_digest, versions


@pytest.fixture
def copy(tmp_path):
    """The code, to edit: another folder each time, since digests are kept."""
    shutil.copytree(ROOT / "resnet", tmp_path / "now" / "resnet")
    return tmp_path / "now"


def digest(copy, changes=None):
    # A new place for each state of the code, for which no digest is kept.
    other = copy.with_name(f"state{len(list(copy.parent.iterdir()))}")
    shutil.copytree(copy, other)
    return training_digest(changed(RunConfig(), changes or {}), other)


def edit(copy, path, pattern, replacement):
    text, n = re.subn(pattern, replacement, (copy / path).read_text())
    assert n == 1
    (copy / path).write_text(text)


CHOICES = {
    "model.name": "torchvision_resnet18",
    "optimizer.name": "adam",
    "schedule.name": "cosine",
    "augmentation.copies": [["cutout"]],
}


def test_words_leave_the_digest(copy):
    before = digest(copy)
    path = "resnet/training/evaluation.py"
    edit(copy, path, r'\A"""', '"""Other words. ')
    (copy / path).write_text("# a comment\n" + (copy / path).read_text())
    edit(copy, "resnet/network/resnet/settings.py", r'title="blocks a stage"', 'title="blocks"')
    path = "resnet/images/datasets/cifar10/settings.py"
    edit(copy, path, r'sources=\("torchvision", ', 'sources=("disk", "torchvision", ')
    edit(copy, path, r"can be had in", "is to be had in")
    edit(copy, "resnet/config/run_config.py", "must leave some of", "must not take all of")
    assert digest(copy) == before


@pytest.mark.parametrize(
    ("path", "pattern", "replacement"),
    [
        ("resnet/images/augmentation/augmenter.py", r"div_\(255\)", "div_(256)"),
        ("resnet/network/resnet/network.py", r"MaxPool2d\(3", "MaxPool2d(5"),
        ("resnet/network/resnet/settings.py", r"2,\s+4,\s+3,\s+3,", "2, 4, 3, 4,"),
        ("resnet/training/optimizers/base.py", r"w\.ndim > 1", "w.ndim > 2"),
        ("resnet/training/optimizers/settings.py", r"title=\"momentum\"\)\] = 0\.0", ")] = 0.9"),
        ("resnet/config/run_config.py", r'title="normalisation"\)\] = "half"', ')] = "channel"'),
        ("resnet/config/run_config.py", r"images \* len", "2 * images * len"),
        ("resnet/images/datasets/cifar10/settings.py", r"image_size=32", "image_size=16"),
        ("resnet/training/run.py", r"\*self\.images\.training\)\.acc", "*self.images.test).acc"),
        ("resnet/training/optimizers/sgd/optimizer.py", r"settings\.momentum,", "0.9,"),
        ("resnet/training/schedules/constant/schedule.py", r"factor=1\.0", "factor=0.5"),
    ],
)
def test_arithmetic_and_defaults_change_the_digest(copy, path, pattern, replacement):
    before = digest(copy)
    edit(copy, path, pattern, replacement)
    assert digest(copy) != before


@pytest.mark.parametrize(
    ("path", "pattern", "replacement"),
    [
        ("resnet/training/optimizers/sgd/optimizer.py", r"settings\.momentum,", "0.9,"),
        ("resnet/network/resnet/network.py", r"MaxPool2d\(3", "MaxPool2d(5"),
        ("resnet/images/augmentation/transforms/random_rotation.py", "180", "90"),
    ],
)
def test_an_entry_that_a_run_does_not_name_leaves_its_digest(copy, path, pattern, replacement):
    before = digest(copy, CHOICES)
    edit(copy, path, pattern, replacement)
    assert digest(copy, CHOICES) == before


def test_a_new_file_is_covered_and_a_new_entry_is_not(copy):
    before = digest(copy)
    lion = copy / "resnet" / "training" / "optimizers" / "lion"
    lion.mkdir()
    (lion / "settings.py").write_text("RATE = 1")
    (lion / "optimizer.py").write_text("RATE = 1")
    assert digest(copy) == before
    (copy / "resnet" / "training" / "warm_start.py").write_text("EPOCHS = 1")
    assert digest(copy) != before


@pytest.mark.parametrize(
    "path",
    [
        "resnet/training/optimizers/shared/newton.py",
        "resnet/images/augmentation/transforms/_geometry.py",
        "resnet/images/augmentation/transforms/common/geometry.py",
        "resnet/network/blocks.py",
    ],
)
def test_what_entries_share_is_covered(copy, path):
    before = digest(copy, CHOICES)
    (copy / path).parent.mkdir(exist_ok=True)
    (copy / path).write_text("X = 1")
    assert digest(copy, CHOICES) != before


def test_what_surrounds_a_run_leaves_its_digest(copy):
    before = digest(copy)
    (copy / "resnet" / "job" / "another.py").write_text("X = 1")
    edit(copy, "resnet/job/guard.py", r"within_epoch_seconds = 60\.0", "within_epoch_seconds = 1.0")
    assert digest(copy) == before


def test_a_folder_is_covered_with_what_is_added(copy):
    before = code_digest("resnet/images/sources", root=copy)
    (copy / "resnet" / "images" / "sources" / "another.py").write_text("X = 1")
    assert code_digest("resnet/images/sources", root=copy) != before


def test_the_digest_does_not_depend_on_the_version_of_python(tmp_path):
    (tmp_path / "module.py").write_text(
        '"""Words."""\n\n\n'
        'def f(x, *, y=None):\n    """Words."""\n    return [x, "text", y, 1.5, None]\n'
    )
    # Seen with Python 3.11; newer versions have further, empty fields in their syntax trees.
    assert code_digest("module.py", root=tmp_path) == "dac82deab9483f04"


def test_code_that_is_in_no_commit_is_a_change(tmp_path, monkeypatch):
    def git(*arguments):
        who = ["-c", "user.name=A", "-c", "user.email=a@localhost"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    (tmp_path / "resnet").mkdir()
    (tmp_path / "resnet" / "there.py").write_text("")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "all")
    assert re.fullmatch("[0-9a-f]{40}", provenance.commit())
    (tmp_path / "notes.txt").write_text("")
    assert re.fullmatch("[0-9a-f]{40}", provenance.commit())
    (tmp_path / "resnet" / "new.py").write_text("")
    assert provenance.commit().endswith("+changes")


def test_the_studies_folders_of_a_kind_of_entry_are_found(tmp_path):
    for place in ("studies/one/networks", "studies/two/schedules", "studies/.hidden/networks"):
        (tmp_path / place).mkdir(parents=True)
    assert provenance.in_studies("networks", tmp_path) == ["studies/one/networks"]


def test_what_is_there_is_named():
    assert re.fullmatch(r"[0-9a-f]{40}(\+changes)?|unknown", commit())
    assert versions("torch")["torch"].startswith("2.")
    assert versions("no-such-package")["no-such-package"] == "not installed"


@pytest.mark.parametrize(("cores", "said"), [({0}, "1 core"), ({0, 3}, "2 cores")])
def test_the_cores_that_a_process_may_use_are_counted(monkeypatch, cores, said):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores, raising=False)
    assert processor().endswith(f", {said}")
