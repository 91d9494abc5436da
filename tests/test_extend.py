"""The extensions of docs/extend.md, made as they stand there, in one copy of the project."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.test_workflow import PARTS, ROOT, copy_project, edit, planned, snakemake

pytestmark = pytest.mark.slow

DOCUMENT = (ROOT / "docs" / "extend.md").read_text()
FILES = dict(re.findall(r"^`([\w/.]+)`[^\n]*:\n\n```\w+\n(.*?)^```", DOCUMENT, re.M | re.S))
(PATCH,) = re.findall(r"^```diff\n(.*?)^```", DOCUMENT, re.M | re.S)

SETTING = ("ablations/activation.yaml",)
SHAPES = tuple(path for path in FILES if "shapes" in path)


def git(folder, *arguments, **options):
    who = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(folder):
    git(folder, "add", *PARTS, "report", "resnet")
    git(folder, "commit", "--quiet", "--message", "A change")


def write(folder, paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(FILES[path])


def verify(folder, *arguments):
    argv = [sys.executable, "-m", "resnet.verify", "results/smoke", *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy with its own repository, and a finished study of one ablation."""
    folder = tmp_path_factory.mktemp("extended")
    copy_project(folder, smoke=False)
    edit(
        folder / "config" / "scales" / "smoke.yaml",
        "all: [maxpool, stride_position]",
        "all: [maxpool]",
    )
    git(folder, "init", "--quiet")
    (folder / ".gitignore").write_text("__pycache__\nresults\n.snakemake\n")
    commit(folder)
    code, output = snakemake(folder)
    assert code == 0, output
    return folder


def test_a_new_setting_trains_nothing_once_it_is_verified(project):
    assert planned(project) == {}
    git(project, "apply", "--unidiff-zero", "-", input=PATCH)
    commit(project)
    assert planned(project)["train"] == 4
    code, said = verify(project, "--keep", "--sample", "1", "--steps", "4")
    assert code == 0, said
    assert "the same bits in 4 steps" in said
    assert "4 records are accepted" in said
    assert planned(project).get("train", 0) == 0
    receipt = json.loads((project / "results" / "smoke" / "kept.json").read_text())
    assert sum(row["records"] for row in receipt) == 4


def test_another_default_is_found_and_trains_everything(project):
    settings = project / "resnet" / "network" / "resnet" / "settings.py"
    before = settings.read_text()
    edit(settings, 'Meta(title="activation")] = "relu"', 'Meta(title="activation")] = "gelu"')
    commit(project)
    assert planned(project)["train"] == 4
    code, said = verify(project, "--keep", "--sample", "1", "--steps", "4")
    assert code == 1
    assert re.search(
        r"maxpool\.with_maxpool seed \d.*: step 1: the tensor conv1\.weight dif", said
    ), said
    assert "0 records are accepted" in said
    assert planned(project)["train"] == 4
    settings.write_text(before)
    commit(project)
    code, said = verify(project, "--keep", "--sample", "1", "--steps", "4")
    assert code == 0, said
    assert planned(project).get("train", 0) == 0


def test_five_more_entries_run_and_are_in_the_report(project):
    write(project, [path for path in FILES if path not in SHAPES])
    settings = ("ablations=[activation,lion,plain]", "seeds=1")
    code, output = snakemake(project, settings=settings)
    assert code == 0, output
    results = project / "results" / "smoke"
    runs = pd.read_csv(results / "tables" / "runs.csv").set_index("run")
    assert set(runs.index) == {"base.design", "activation.gelu", "lion.lion", "plain.plain"}
    assert runs["last_finite_train_loss"].nunique() == 4
    assert runs["parameters"]["activation.gelu"] == runs["parameters"]["base.design"] == 4_978_730
    # 3x3 convolutions of 4, 8 and 16 channels with biases and batch norm, and 10 outputs.
    assert (
        runs["parameters"]["plain.plain"]
        == sum(i * o * 9 + 3 * o for i, o in ((3, 4), (4, 8), (8, 16))) + 17 * 10
    )
    claims = pd.read_csv(results / "tables" / "claims.csv").set_index("claim")
    assert claims.loc["plain-is-cheap", "verdict"] in ("supported", "refuted")
    assert "plain.plain trains 0." in claims.loc["plain-is-cheap", "evidence"]
    page = (results / "report" / "index.html").read_text()
    for sentence in ("Mean training time of each run", "activation: gelu", "plain-is-cheap"):
        assert sentence in page
    assert (results / "figures" / "duration.pdf").stat().st_size > 1_000
    # The base was trained for another ablation, and is not trained for these.
    assert "base.design" not in re.findall(r"--run (\S+)", output)


def test_a_data_set_of_ones_own(project, tmp_path):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-8:8, -8:8]
    masks = {"disc": x**2 + y**2 < 30, "square": np.maximum(abs(x), abs(y)) < 5}
    for split, images in (("train", 80), ("test", 20)):
        for name, mask in masks.items():
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(images):
                pixels = np.where(mask[..., None], 200, 50) + rng.integers(0, 50, (16, 16, 3))
                Image.fromarray(pixels.astype(np.uint8)).save(
                    tmp_path / split / name / f"{number:02}.png"
                )
    write(project, SHAPES)
    code, output = snakemake(project, scale="shapes", settings=(f"data_folder={tmp_path}",))
    assert code == 0, output
    facts = json.loads((project / "results" / "data" / "shapes" / "data.json").read_text())
    assert facts["classes"] == ["disc", "square"]
    assert facts["images"] == {"train": 160, "test": 40}
    runs = pd.read_csv(project / "results" / "shapes" / "tables" / "runs.csv")
    assert set(runs["run"]) == {"base.design", "maxpool.with_maxpool"}
    confusion = pd.read_csv(project / "results" / "shapes" / "tables" / "confusion.csv")
    assert confusion["images"].sum() == 40
    # The same files elsewhere plan nothing, and a line says which ones were read.
    elsewhere = shutil.copytree(tmp_path, project / "elsewhere")
    code, output = snakemake(project, "-n", scale="shapes", settings=(f"data_folder={elsewhere}",))
    assert code == 0, output
    assert "Nothing to be done" in output
    assert f"were read from {tmp_path}; data_folder is now {elsewhere}" in " ".join(output.split())


def test_a_section_stands_in_both_renderings(project):
    sections = project / "report" / "page" / "sections" / "experiments"
    write(project, ["report/page/sections/experiments/slowest.py"])
    for name, text in re.findall(r"`(slowest\.\w+\.j2)` says\s+`([^`]*)`", DOCUMENT):
        (sections / name).write_text(f"{text}\n")
    registry = project / "report" / "page" / "registry.py"
    edit(
        registry,
        '    "experiments.effects",\n',
        '    "experiments.effects",\n    "experiments.slowest",\n',
    )
    argv = [sys.executable, "-m", "report.render", "results/smoke"]
    done = subprocess.run(argv, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = project / "results" / "smoke" / "report"
    page, latex = ((report / name).read_text() for name in ("index.html", "report.tex"))
    assert page.index('<section id="slowest">') < page.index('<section id="errors">')
    assert "<caption>The slowest runs.</caption>" in page
    assert latex.index(r"\section{The slowest runs}") < latex.index(r"\section{Errors}")
