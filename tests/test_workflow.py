"""The workflow end to end at scale smoke, in a copy of the project, and what an edit replans."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from report.draw import all_figures as figures
from report.page import pdf
from resnet.job import resume

ROOT = Path(__file__).parent.parent
PARTS = ("Snakefile", "environment.yml", "ablations", "config", "paper", "profiles")
CODE = ("report", "resnet")
AUGMENTATION = "resnet/images/augmentation"


def copy_project(folder, smoke=True):
    for part in (*PARTS, *CODE):
        source = ROOT / part
        ignore = shutil.ignore_patterns("__pycache__")
        copy = shutil.copy if source.is_file() else shutil.copytree
        copy(source, folder / part, **({} if source.is_file() else {"ignore": ignore}))
    # What these tests read is Snakemake's own words.
    edit(folder / "profiles" / "default" / "config.yaml", "logger: rich\n", "")
    if not smoke:
        return
    # One ablation of each design: a ladder, a 2x2 grid, and one by a rule of its own.
    for path in (ROOT / "tests" / "ablations").iterdir():
        shutil.copy(path, folder / "ablations")
    scale = folder / "config" / "scales" / "smoke.yaml"
    edit(
        scale, "all: [maxpool, stride_position]", "all: [maxpool, steps, square, copied, diverging]"
    )


def start(folder, *arguments, scale="smoke", path=None, settings=()):
    settings = ["--config", f"scale={scale}", *settings]
    argv = [sys.executable, "-m", "snakemake", *arguments, *settings]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment |= {"PATH": path} if path else {}
    # Runs refuse this one, and the workflow takes it away from them.
    environment["ONEDNN_DEFAULT_FPMATH_MODE"] = "BF16"
    return subprocess.Popen(
        argv,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    )


def snakemake(folder, *arguments, scale="smoke", path=None, settings=()):
    process = start(folder, *arguments, scale=scale, path=path, settings=settings)
    output, _ = process.communicate(timeout=1_200)
    return process.returncode, output


def planned(folder, *arguments, scale="smoke"):
    """How many jobs of each rule a dry run plans."""
    code, output = snakemake(folder, "-n", *arguments, scale=scale)
    assert code == 0, output
    stats = re.search(r"Job stats:\n(.*?)\n\n", output, re.DOTALL)
    if not stats:
        assert "Nothing to be done" in output, output
        return {}
    rows = (line.split() for line in stats[1].splitlines()[2:])
    return {rule: int(n) for rule, n in rows if rule != "total"}


def test_runs_of_others_that_arent_found_are_an_error_and_not_trained(tmp_path):
    copy_project(tmp_path)
    scale = tmp_path / "config" / "scales" / "smoke.yaml"
    theirs = tmp_path / "theirs"
    for path in ("theirs/runs.csv", str(theirs)):
        edit(scale, "seeds: 2\n", f"seeds: 2\nruns: {{from: table, path: {path}}}\n")
        code, output = snakemake(tmp_path, "-n")
        assert code == 1
        assert f"affected files:\n        {path}" in output, output
        edit(scale, f"runs: {{from: table, path: {path}}}\n", "")
    edit(scale, "seeds: 2\n", f"seeds: 2\nruns: {{from: table, path: {theirs}}}\n")
    theirs.mkdir()
    jobs = planned(tmp_path)
    assert jobs["imported"] > 6
    assert "train" not in jobs


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    # A name as people have them.
    folder = tmp_path_factory.mktemp("project") / "my project (1) #1 ü'"
    folder.mkdir()
    copy_project(folder)
    code, output = snakemake(folder)
    assert code == 0, output
    return folder


@pytest.fixture
def project(finished):
    """The finished study; what a test edits is put back with its times."""
    saved = finished.with_name("saved")
    subprocess.run(["cp", "-a", str(finished), str(saved)], check=True)
    yield finished
    shutil.rmtree(finished)
    saved.rename(finished)


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, f"{path}: {old!r}"
    path.write_text(text.replace(old, new))


def forget(project, record):
    """Remove a record, and what was made of it: Snakemake makes no input of what is there."""
    results = project / "results" / "smoke"
    shutil.rmtree(results / "runs" / record)
    (results / "tables" / "runs.csv").unlink()
    (results / "report" / "index.html").unlink()


def test_a_study_ends_in_tables_and_a_page(finished):
    results = finished / "results" / "smoke"
    assert (results / "report" / "index.html").stat().st_size > 50_000
    runs = pd.read_csv(results / "tables" / "runs.csv")
    assert set(runs[runs["run"] != "diverging.wild"]["status"]) == {"finished"}
    assert runs.groupby("run")["seed"].apply(list).map(tuple).unique().tolist() == [(0, 1)]
    assert set(runs["run"]) == {
        *(
            "base.final",
            "base.design",
            "base.early",
            "maxpool.with_maxpool",
            "steps.narrow",
            "steps.shallow",
        ),
        *("square.lr_0p001_bs_32", "square.lr_0p002_bs_64", "square.lr_0p002_bs_32"),
        *("copied.again", "diverging.wild"),
    }
    final = runs[runs["run"] == "base.final"]
    assert set(final["parameters"]) == {4_978_730}
    assert not list((results / "checkpoints").glob("*.pt"))


def test_the_workflow_knows_every_figure(finished):
    results = finished / "results" / "smoke"
    drawn = figures.drawings(json.loads((results / "study.json").read_text()))
    kinds = ("svg", "narrow.svg", "pdf", "csv", "json")
    found = {path.name for path in (results / "figures").iterdir()}
    assert found == {f"{name}.{kind}" for name in drawn for kind in kinds}


# Each rule's module, and what its digest covers: in a room, a module that is added is covered, too.
@pytest.mark.parametrize(
    ("rule", "module"),
    [
        *(("collect", "read.records"), ("compare", "judge.comparisons"), ("claims", "claims")),
        *(("figures", "draw.all_figures"), ("report", "render"), ("pdf", "page.pdf")),
    ],
)
def test_a_rules_digest_covers_every_module_that_its_command_imports(rule, module):
    code = f"import sys, report.{module}; print(*(m for m in sys.modules if m[:7] == 'report.'))"
    argv = [sys.executable, "-c", code]
    imported = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    text = (ROOT / "report" / "report.smk").read_text()
    lists = dict(re.findall(r"^([A-Z]+) = (\[[^]]*\])\n", text, re.MULTILINE))
    digest = re.search(rf"^rule {rule}:.*?code_digest\((.*?)\),\n", text, re.MULTILINE | re.DOTALL)[
        1
    ]
    while starred := re.search(r"\*([A-Z]+)", digest):
        digest = digest.replace(starred[0], lists[starred[1]])
    covered = re.findall(r'"(report/[\w/.]+)"', digest)
    for name in imported.split():
        path = (ROOT / name.replace(".", "/")).with_suffix(".py")
        if not path.exists():  # a package, whose docstring is all that it has
            continue
        place = str(path.relative_to(ROOT))
        assert any(place == c or place.startswith(f"{c}/") for c in covered), place


def test_the_pdf_is_made_where_an_engine_is_and_else_a_line_says_so(project):
    results = project / "results" / "smoke"
    assert (results / "report" / "report.tex").exists()
    assert (results / "report" / "report.pdf").exists() == bool(pdf.engine())
    # Without TeX on its path, a call makes the rest and says what is missing.
    hidden = project / "bin"
    hidden.mkdir()
    for tool in ("bash", "sh", "git", "env", "uname", "which"):
        (hidden / tool).symlink_to(shutil.which(tool))
    (hidden / "python").symlink_to(sys.executable)
    (results / "report" / "index.html").unlink()
    (results / "report" / "report.pdf").unlink(missing_ok=True)
    code, output = snakemake(project, path=str(hidden))
    assert code == 0, output
    assert "No LaTeX engine" in output
    assert (results / "report" / "index.html").exists()
    assert not (results / "report" / "report.pdf").exists()


def test_snakemakes_own_report_holds_the_figures_and_the_tables(project):
    code, output = snakemake(project, "--report", "own.html")
    assert code == 0, output
    text = (project / "own.html").read_text()
    for said in ("effects", "ablation_maxpool", "comparisons.csv", "Every claim with its verdict"):
        assert said in text


def test_a_run_that_diverges_is_a_result_of_the_study(finished):
    results = finished / "results" / "smoke"
    runs = pd.read_csv(results / "tables" / "runs.csv").query("run == 'diverging.wild'")
    assert runs["status"].tolist() == ["diverged", "diverged"]
    assert runs["last_finite_train_loss"].between(0, 1e38).all()
    page = (results / "report" / "index.html").read_text()
    assert "diverging.wild, seed 0, diverged in epoch" in page


@pytest.mark.slow
def test_a_job_killed_for_good_is_named_in_a_partial_report(project):
    results, run = project / "results" / "smoke", "maxpool.with_maxpool"
    forget(project, f"{run}/seed0")
    process = start(project)
    while process.poll() is None:
        subprocess.run(["pkill", "-KILL", "-f", f"resnet.train .*--run {run} "], check=False)
        time.sleep(0.1)
    process.communicate()
    assert process.returncode != 0
    assert not (results / "runs" / run / "seed0" / "summary.json").exists()
    argv = [sys.executable, "-m", "report.render", "--partial", "results/smoke"]
    subprocess.run(argv, cwd=project, check=True)
    page = (results / "partial" / "report" / "index.html").read_text()
    assert f"<strong>{run}</strong>, seed 0" in page
    # Its other seed is there, and what that tells is said with its n.
    assert "1 run has no record" in page


def test_records_that_no_rule_writes_are_refused_before_training(project):
    edit(project / "ablations" / "copied.yaml", "records: [again]", "records: [agian]")
    code, output = snakemake(project, "-n")
    assert code == 1
    assert "copied.yaml:5: no rule in copied.smk writes results/smoke/runs/copied.agian" in output
    assert "Traceback" not in output


def test_a_figure_that_cannot_be_drawn_is_refused_before_training(project):
    edit(project / "report" / "draw" / "figures" / "pareto.py", "def draw(", "def drawn(")
    code, output = snakemake(project, "-n")
    assert code == 1
    assert "figures/pareto.py: needs a function draw(tables, narrow)" in output
    assert "File " not in output


def test_a_second_call_has_nothing_to_do(finished):
    assert planned(finished) == {}


def test_a_docstring_a_comment_and_a_reworded_comment_in_yaml_plan_nothing(project):
    flip = project / AUGMENTATION / "transforms" / "horizontal_flip.py"
    edit(flip, '"""Flip left and right."""', '"""Mirror."""')
    network = project / "resnet" / "network" / "resnet" / "network.py"
    edit(network, "# 3x3 with stride 2", "# Three by three, stride 2")
    with (project / "ablations" / "maxpool.yaml").open("a") as file:
        file.write("# a comment\n")
    assert planned(project) == {}


def test_arithmetic_replans_every_run_and_what_follows(project):
    edit(project / AUGMENTATION / "augmenter.py", ".div_(255)", ".div_(256)")
    jobs = planned(project)
    runs = pd.read_csv(project / "results" / "smoke" / "tables" / "runs.csv")
    copied = runs["run"] == "copied.again"
    assert jobs["train"] == len(runs) - copied.sum()
    assert jobs["copied_records"] == copied.sum()
    assert {"collect", "compare", "figures", "report", "all"} < set(jobs)
    assert not {"data", "study", "rates"} & set(jobs)


def test_a_title_replans_the_report_and_no_run(project):
    edit(project / "ablations" / "maxpool.yaml", "title: Maxpool removal", "title: No maxpool")
    jobs = planned(project)
    assert "train" not in jobs
    assert jobs["study"] == jobs["report"] == 1


def test_one_changed_value_replans_its_arm_alone(project):
    edit(project / "ablations" / "steps.yaml", "[1, 1, 1, 1]", "[1, 1, 1, 2]")
    assert planned(project)["train"] == 2


@pytest.mark.slow
def test_a_new_file_plans_its_own_runs_and_is_in_the_report(project):
    text = (project / "ablations" / "maxpool.yaml").read_text()
    text = text.replace("with_maxpool:", "narrow:").replace(
        "model.maxpool: true", "model.channels: [8, 8, 8, 8, 8]"
    )
    text = text.replace("factor: model.maxpool", "factor: model.channels")
    (project / "ablations" / "narrow.yaml").write_text(text)
    edit(project / "config" / "scales" / "smoke.yaml", "all: [", "all: [narrow, ")
    assert planned(project)["train"] == 2
    code, output = snakemake(project)
    assert code == 0, output
    assert (
        'id="ablation-narrow"'
        in (project / "results" / "smoke" / "report" / "index.html").read_text()
    )
    assert "narrow" in (project / "results" / "smoke" / "tables" / "comparisons.csv").read_text()


def test_an_ablations_name_is_a_target(finished):
    jobs = planned(finished, "kernel_size")
    # Three arms with two seeds; the base is there.
    assert jobs == {"train": 6, "kernel_size": 1}


@pytest.mark.slow
def test_what_jobs_finish_after_snakemake_was_killed_is_kept(project):
    forget(project, "steps.shallow")
    record = project / "results" / "smoke" / "runs" / "steps.shallow"
    log = project / "results" / "smoke" / "logs" / "steps.shallow" / "seed0.log"
    log.unlink()
    process = start(project)
    while not log.exists():
        assert process.poll() is None, "it ended without training"
        time.sleep(0.05)
    process.kill()
    process.wait()
    refused, output = snakemake(project)
    assert refused
    assert "Another call works on results/smoke" in output or "make resume" in output
    while resume.holders(project):
        time.sleep(0.1)
    process.stdout.close()
    refused, output = snakemake(project)
    assert refused
    assert "`make resume` removes it" in output
    # A summary says how long the run took: trained again it would be another.
    finished = {path: path.read_text() for path in record.glob("seed*/summary.json")}
    assert finished
    subprocess.run([sys.executable, "-m", "resnet.job.resume"], cwd=project, check=True)
    # What an earlier call kept of a run that this one doesn't finish stays.
    checkpoints = project / "results" / "smoke" / "checkpoints"
    other = checkpoints / ".base.final.seed7.pt.0123456789abcdef.done"
    other.mkdir()
    os.utime(other, (0, 0))
    code, output = snakemake(project)
    assert code == 0, output
    assert "was finished before" in output
    assert {path: path.read_text() for path in finished} == finished
    assert list(checkpoints.glob("*.done")) == [other]
    assert planned(project) == {}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_study_that_was_interrupted_leaves_soon_and_goes_on(project, number):
    forget(project, "steps.shallow")
    log = project / "results" / "smoke" / "logs" / "steps.shallow" / "seed0.log"
    log.unlink()
    process = start(project)
    while not log.exists():
        assert process.poll() is None, "it ended without training"
        time.sleep(0.05)
    os.killpg(process.pid, number)
    asked = time.monotonic()
    while resume.holders(project):
        assert time.monotonic() - asked < 10
        time.sleep(0.05)
    output, _ = process.communicate(timeout=60)
    assert "run again to go on" in output
    code, output = snakemake(project)
    assert code == 0, output
    assert planned(project) == {}
