"""What tests share: the real data where it is, and a small study without training."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from ablations.registry import load_bases, resolve
from ablations.study import to_document
from resnet import data, rates
from resnet.config import DATASETS, Dataset, to_json

# The machine may be busy, and a test should fail for everyone or for no one.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")

ROOT = Path(__file__).parent.parent
REAL = ROOT.parent / "shared" / "data" / "cifar10"


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """The digits' cache."""
    folder = tmp_path_factory.mktemp("data") / "digits"
    splits = data.read_digits(Path())
    data.write_cache(splits, data.describe(splits, "digits", "digits"), folder)
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
    classes = DATASETS["cifar10"].classes
    monkeypatch.setitem(DATASETS, "cifar10", Dataset(classes, 32, 50, 10))


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


def write_record(folder, run, seed, config, accuracy, status="finished", parameters=4978730):
    """A run record of two epochs whose last test accuracy is ``accuracy``, without training."""
    record = folder / "runs" / run / f"seed{seed}"
    record.mkdir(parents=True)
    (record / "config.json").write_text(json.dumps(config | {"seed": seed}))
    metrics = {
        "epoch": [0, 1],
        "images_seen": [512, 1024],
        "train_loss": [2.0, 1.5],
        "train_accuracy": [0.3, 0.5],
        "test_loss": [2.1, 1.6],
        "test_accuracy": [accuracy - 0.1, accuracy],
        "notebook_test_accuracy": [accuracy - 0.1, accuracy],
        "held_out_loss": [None, None],
        "held_out_accuracy": [None, None],
        "learning_rate": [0.1, 0.1],
        "printed_learning_rate": [0.1, 0.1],
        "images_per_second": [100.0, 100.0],
        "seconds": [5.0, 5.0],
    }
    pd.DataFrame(metrics).to_csv(record / "metrics.csv", index=False)
    (record / "layers.csv").write_text(LAYERS)
    np.savez_compressed(
        record / "predictions.npz",
        probabilities=np.full((4, 10), 0.1, np.float32),
        labels=np.arange(4),
    )
    summary = {
        "run": run,
        "seed": seed,
        "status": status,
        "epochs": 2,
        "steps": 8,
        "images_seen": 1024,
        "final_test_accuracy": accuracy,
        "final_notebook_test_accuracy": accuracy,
        "best_test_accuracy": accuracy,
        "best_epoch": 1,
        "best_notebook_test_accuracy": accuracy,
        "final_train_accuracy": 0.5,
        "final_plain_train_accuracy": 0.6,
        "parameters": parameters,
        "flops_per_image": 815469568,
        "seconds": 10.0,
        "peak_memory_mib": 700.0,
        "device": "cpu",
        "processor": "a processor",
        "threads": 1,
        "precision": "fp32",
        "commit": "c0ffee",
        "code_digest": "d1ge57",
        "versions": {"torch": "2.0"},
    }
    (record / "summary.json").write_text(json.dumps(summary))


@pytest.fixture
def study(tmp_path):
    """``results/smoke`` of a study whose accuracies are made up: run and seed give the value."""
    folder = tmp_path / "results" / "smoke"
    folder.mkdir(parents=True)
    document = to_document(resolve({"scale": "smoke"}))
    (folder / "study.json").write_text(json.dumps(document))
    for i, (run, planned) in enumerate(document["runs"].items()):
        for seed in range(planned["seeds"]):
            write_record(folder, run, seed, planned["config"], 0.5 + 0.05 * i + 0.01 * seed)
    (folder / "tables").mkdir()
    final = to_json(load_bases()["final"])
    rates_argv = ["--config", final, "--epochs", "18", "--output", str(folder / "tables/rates.csv")]
    assert rates.main(rates_argv) == 0
    splits = data.read_digits(Path())
    facts = data.describe(splits, "digits", "digits")
    (tmp_path / "results" / "data" / "digits").mkdir(parents=True)
    (tmp_path / "results" / "data" / "digits" / "data.json").write_text(json.dumps(facts))
    return folder
