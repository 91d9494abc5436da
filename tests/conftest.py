"""What tests share: the real data where it is, and a small study without training."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import filelock
import numpy as np
import pytest
import torch
from hypothesis import settings

from ablations.harness import resolve as resolution
from ablations.harness.declarations.scale import load_scale
from ablations.harness.resolve import resolve
from ablations.harness.study import to_document
from benchmarks import synthetic
from report import render
from report.draw import all_figures as figures
from report.judge import comparisons
from report.page import pdf
from report.read import records as collect
from resnet.images.datasets import DATASETS
from resnet.images.datasets.cifar10 import read as cifar10
from resnet.images.datasets.digits.read import read_digits
from resnet.images.sources import cache as data
from resnet.network.build import build

# The machine may be busy, and a test should fail for everyone or for no one.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")

ROOT = Path(__file__).parent.parent
REAL = ROOT.parent / "shared" / "data" / "cifar10"


def pytest_collection_modifyitems(items):
    """Begin with the file that takes longest, beside which other processes do the rest."""
    items.sort(key=lambda item: item.path.stem != "test_workflow")


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """The digits' cache."""
    folder = tmp_path_factory.mktemp("data") / "digits"
    splits = read_digits(Path())
    data.write_cache(splits, data.describe(splits, "digits", "digits", "8x8 grey"), folder)
    return folder


@pytest.fixture
def real():
    """The folder of the real CIFAR-10 as Parquet."""
    if not REAL.is_dir():
        pytest.skip(f"needs the Parquet files of CIFAR-10 in {REAL}")
    return REAL


@pytest.fixture
def tiny_cifar(monkeypatch):
    """CIFAR-10's layout with 50 training and 10 test images."""
    tiny = dataclasses.replace(DATASETS["cifar10"], training_images=50, test_images=10)
    monkeypatch.setitem(DATASETS, "cifar10", tiny)
    monkeypatch.setattr(cifar10, "DATASET", tiny)


LAYERS = """name,type,depth,output_shape,kernel,stride,parameters,flops
ResNet,ResNet,0,10,,,4978730,815469568
conv1,Conv2d,1,32x32x32,3x3,1x1,864,1769472
layer1,Sequential,1,32x32x32,,,102656,209715200
layer1.0,BasicBlock,2,32x32x32,,,51328,104857600
layer1.0.conv1,Conv2d,3,32x32x32,5x5,1x1,25600,52428800
layer1.0.conv2,Conv2d,3,32x32x32,5x5,1x1,25600,52428800
layer2,Sequential,1,64x16x16,,,771200,394264576
layer3,Sequential,1,128x8x8,,,1,1
layer4,Sequential,1,256x4x4,,,1,1
avgpool,AdaptiveAvgPool2d,1,256x1x1,,,0,0
fc,Linear,1,10,,,2570,5120
"""


def write_record(folder, run, seed, config, accuracy):
    """A run record of two epochs whose last test accuracy is ``accuracy``, without training."""
    labels = np.arange(100) % 10
    guesses = np.where(np.arange(100) < round(100 * accuracy), labels, (labels + 1) % 10)
    answers = np.eye(10, dtype=np.float32)[guesses] * 0.5 + 0.05, labels
    accuracies = [accuracy - 0.1, accuracy]
    synthetic.write_record(folder, run, seed, config, accuracies, answers, layers=LAYERS)


def write_study(results):
    """A study in ``results/smoke`` with made-up accuracies: run and seed give the value."""
    folder = results / "smoke"
    folder.mkdir(parents=True)
    document = to_document(resolve({"scale": "smoke"}))
    (folder / "study.json").write_text(json.dumps(document))
    for i, (run, planned) in enumerate(document["runs"].items()):
        for seed in range(planned["seeds"]):
            write_record(folder, run, seed, planned["config"], 0.5 + 0.05 * i + 0.01 * seed)
    (folder / "tables").mkdir()
    synthetic.write_declared(folder)
    splits = read_digits(Path())
    facts = data.describe(splits, "digits", "digits", "8x8 grey")
    (results / "data" / "digits").mkdir(parents=True)
    (results / "data" / "digits" / "data.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def study(tmp_path):
    """The study of `write_study`, a new one for each test."""
    return write_study(tmp_path / "results")


def report_on(study):
    """Make the tables, figures, page and LaTeX of a study's records."""
    for step in (collect, comparisons, figures, render):
        assert step.main([str(study)]) == 0
    return study


def every_ablation():
    """Every declared ablation with all its arms, as if scale demo covered them."""
    whole = dataclasses.replace(load_scale("demo"), all=None, arms={}, exceptions=ONE_SEED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolution, "load_scale", lambda *_: whole)
        return resolution.resolve({"scale": "demo"})


SIX = ("maxpool", "channels", "stride_position", "kernel_size", "augmentation", "optimizer")
ONE_SEED = {
    path.stem: {"seeds": 1}
    for path in sorted((ROOT / "ablations").glob("[a-z]*.yaml"))
    if path.stem not in SIX
}
"""The six that the paper is about have two seeds, so that both kinds of interval are there."""


@pytest.fixture(scope="session")
def demo(tmp_path_factory, worker_id):
    """``results/demo`` with a report of every declared ablation, its accuracies made up.

    Test processes that run side by side share it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "demo" / "results" / "demo"
    with filelock.FileLock(shared / "demo.lock"):
        if not folder.exists():
            synthetic.write_study(folder, to_document(every_ablation()), images=360)
            report_on(folder)
            if pdf.engine():
                assert pdf.build(folder / "report" / "report.tex")
    return folder


def needs(found, what):
    """Skip a test whose tool isn't here; where tests must be complete, fail it."""
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"needs {what}; .ci/run installs it")
    return found


@pytest.fixture(scope="session")
def engine():
    """A LaTeX engine."""
    return needs(pdf.engine(), "latexmk and pdflatex")


@pytest.fixture(scope="session")
def chromium():
    """The path of Chromium."""
    return needs(shutil.which("chromium"), "Chromium")


@pytest.fixture(scope="session")
def npm():
    """The folder of what the page's checks take from npm."""
    folder = ROOT / "tests" / "browser" / "node_modules"
    return needs(folder.is_dir() and folder, "npm ci --prefix tests/browser")


def on_meta(design, classes=10):
    """The network without memory behind its weights: shapes and counts only."""
    with torch.device("meta"):
        return build(design, classes)
