"""Five kinds of input, hostile: each gets a result or an error on one line, and no traceback.

The soak tries 2,500 of each kind: pytest -m slow tests/test_hostile.py
"""

import dataclasses
import io
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import save

from ablations.harness.declarations.document import DeclarationError
from ablations.harness.resolve import resolve
from report import claims
from report.judge import comparisons
from report.read import published
from report.read import records as collect
from resnet import evaluate, train
from resnet.config import RunConfig, to_dict
from resnet.images.datasets import DATASETS
from resnet.images.datasets.cifar10 import read as cifar10
from resnet.images.sources import cache as data
from resnet.images.sources import prepare
from resnet.job import checkpoint
from resnet.job import train as job
from tests.mangling import altered, json_file, mangled

ROOT = Path(__file__).parent.parent
MOST_SECONDS = 20
AMOUNTS = [40, pytest.param(2_500, marks=pytest.mark.slow)]


def attempt(examples, strategy, check):
    """Check so many inputs; none may take long."""
    tried = 0

    @settings(
        max_examples=examples,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    @given(strategy)
    def each(hostile):
        nonlocal tried
        tried += 1
        begun = time.monotonic()
        check(hostile)
        assert time.monotonic() - begun < MOST_SECONDS

    each()
    assert tried >= examples


def one_line(text, code=0):
    """An error for people, where the exit status says so: a line of a screen or two at most."""
    lines = text.splitlines()
    errors = [line for line in lines if "rror" in line]
    assert len(errors) == 1 if code else len(errors) <= 1, text[:2_000]
    assert "Traceback" not in text
    assert all(len(line) < 2_000 for line in lines), text[:3_000]


# --- declarations ---------------------------------------------------------------------------


def declared():
    """Good files of the four designs, and hostile versions of them."""
    files = [ROOT / "ablations" / f"{name}.yaml" for name in ("maxpool", "path", "hyperparameters")]
    files.append(ROOT / "tests" / "ablations" / "copied.yaml")
    texts = [path.read_bytes() for path in files]
    changed = [altered(yaml.safe_load(text)).map(lambda d: yaml.dump(d).encode()) for text in texts]
    return st.one_of(*map(mangled, texts), *changed, st.binary(max_size=300))


@pytest.mark.parametrize("examples", AMOUNTS)
def test_hostile_declarations(tmp_path, examples):
    for name in ("_bases.yaml", "_order.yaml"):
        shutil.copy(ROOT / "ablations" / name, tmp_path)

    def check(content):
        (tmp_path / "hostile.yaml").write_bytes(content)
        try:
            resolve({"scale": "smoke", "ablations": ["hostile"]}, tmp_path)
        except DeclarationError as error:
            one_line(str(error))
            assert "\n" not in str(error)

    attempt(examples, declared(), check)


# --- configs --------------------------------------------------------------------------------


@pytest.mark.parametrize("examples", AMOUNTS)
def test_hostile_configs(tmp_path, examples, capsys, monkeypatch):
    options = {"scale": "smoke", "seeds": 2, "ablations": ["maxpool"], "must_hold": []}

    def refuse(*_):
        raise data.DataError("no data here")

    monkeypatch.setattr(job, "read_facts", refuse)

    def check(hostile):
        kind, content = hostile
        if kind == "run":
            text = content.decode(errors="surrogateescape")
            argv = ["--config", text, "--seed", "0", "--data", "x", "--run", "hostile"]
            assert train.main([*argv, "--output", str(tmp_path / "seed0")]) == 1
            one_line(capsys.readouterr().err.partition("\nCIFAR-10 can be had")[0], 1)
        else:
            try:
                resolve(content)
            except DeclarationError as error:
                one_line(str(error))

    run = json_file(to_dict(RunConfig())).map(lambda content: ("run", content))
    attempt(examples, run | altered(options).map(lambda o: ("options", o)), check)
    assert not (tmp_path / "seed0").exists()


# --- published facts ------------------------------------------------------------------------


@pytest.fixture
def judged(study):
    """A study up to its comparisons."""
    for step in (collect, comparisons):
        assert step.main([str(study)]) == 0
    return study


@pytest.mark.parametrize("examples", AMOUNTS)
def test_hostile_published_facts(judged, tmp_path, examples, capsys, monkeypatch):
    paper = tmp_path / "paper"
    shutil.copytree(ROOT / "paper", paper)
    good = {
        name: (paper / name).read_bytes() for name in ("published.yaml", "claims.yaml", "logs.csv")
    }
    monkeypatch.setattr(published, "ROOT", tmp_path)

    def hostile(name):
        changed = mangled(good[name])
        if name.endswith("yaml"):
            document = altered(yaml.safe_load(good[name]))
            changed |= document.map(lambda d: yaml.dump(d).encode())
        return changed.map(lambda content: (name, content))

    def check(given):
        name, content = given
        (paper / name).write_bytes(content)
        code = claims.main([str(judged), "--write-only"])
        one_line(capsys.readouterr().err, code)
        (paper / name).write_bytes(good[name])

    attempt(examples, st.one_of(*map(hostile, good)), check)


# --- run records ----------------------------------------------------------------------------


@pytest.mark.parametrize("examples", AMOUNTS)
def test_hostile_run_records(study, examples, capsys):
    record = study / "runs" / "base.design" / "seed0"
    names = ["config.json", "metrics.csv", "predictions.npz", "layers.csv", "summary.json"]
    paths = [*(record / name for name in names), study / "study.json"]
    good = {path: path.read_bytes() for path in paths}

    def hostile(path):
        json_too = path.suffix == ".json"
        changed = json_file(json.loads(good[path])) if json_too else mangled(good[path])
        return changed.map(lambda content: (path, content))

    def check(given):
        path, content = given
        path.write_bytes(content)
        argv = [str(study)]
        for step in (collect, comparisons, claims):
            # Each reads what the step before wrote, so that none follows one that refused.
            code = step.main([*argv, "--write-only"] if step is claims else argv)
            if code:
                break
        one_line(capsys.readouterr().err, code)
        path.write_bytes(good[path])

    attempt(examples, st.one_of(*map(hostile, good)), check)


# --- data files -----------------------------------------------------------------------------


def picture(seed, kind):
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def parquet(labels, images):
    buffer = io.BytesIO()
    rows = [{"bytes": image, "path": "x"} for image in images]
    pq.write_table(pa.table({"img": rows, "label": labels}), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("examples", AMOUNTS)
def test_hostile_data_files(digits, tmp_path, examples, capsys, monkeypatch):
    tiny = dataclasses.replace(DATASETS["cifar10"], training_images=10, test_images=10)
    monkeypatch.setitem(DATASETS, "cifar10", tiny)
    monkeypatch.setattr(cifar10, "DATASET", tiny)
    source, cache = tmp_path / "source", tmp_path / "cache"
    source.mkdir()
    shutil.copytree(digits, cache)
    labels = list(range(10))
    images = [picture(k, "PNG" if k % 2 else "JPEG") for k in labels]
    for split in data.SPLITS:
        (source / f"{split}.parquet").write_bytes(parquet(labels, images))
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(save({"fc.weight": np.zeros((10, 4), np.float32)}))
    pickled = tmp_path / "weights.pt"
    import torch

    torch.save({"fc.weight": torch.zeros(10, 4)}, pickled)
    paths = [source / "train.parquet", cache / "data.json", cache / "test_labels.npy"]
    paths += [cache / "test_images.npy", weights, pickled]
    saved = tmp_path / "checkpoint"
    checkpoint.save(saved, "key", {"step": 1, "weights": torch.zeros(3)})
    paths.append(saved)
    good = {path: path.read_bytes() for path in paths}
    argv = ["--dataset", "cifar10", "--source", "parquet", "--folder", str(source)]
    argv += ["--output", str(tmp_path / "made")]

    def check(given):
        path, content = given
        path.write_bytes(content)
        if path == saved:
            assert checkpoint.load(path, "key") is None or content == good[path]
        elif path.parent == source:
            prepare.main(argv)
        elif path.parent == cache:
            evaluate.main([str(weights), "--data", str(cache)])
        else:
            evaluate.main([str(path), "--data", str(digits)])
        said = capsys.readouterr().err
        one_line(said.partition("\nCIFAR-10 can be had")[0])
        path.write_bytes(good[path])

    def rows(hostile_labels, hostile_images):
        try:
            return paths[0], parquet(hostile_labels, hostile_images)
        except (pa.ArrowException, TypeError, OverflowError):
            return paths[0], b""

    image = st.one_of(*map(mangled, images[:2]), st.none(), st.binary(max_size=50))
    label = st.integers() | st.none() | st.floats() | st.text(max_size=3)
    tables = st.builds(
        rows,
        st.lists(label, min_size=10, max_size=10) | st.just(labels),
        st.lists(image, min_size=10, max_size=10) | st.just(images),
    )
    changed = [mangled(content).map(lambda c, p=path: (p, c)) for path, content in good.items()]
    attempt(examples, st.one_of(tables, *changed), check)
