"""Calls of the workflow that it refuses: each a line, before anything is trained."""

import re
import subprocess
import sys

import pytest

from tests.test_workflow import copy_project, edit, snakemake


@pytest.fixture
def project(tmp_path):
    """A copy of the project in which nothing was run."""
    # A name as people have them.
    folder = tmp_path / "my project (1) #1 ü'"
    folder.mkdir()
    copy_project(folder)
    return folder


@pytest.mark.parametrize("option", ["--directory", "--snakefile"])
def test_a_call_from_elsewhere_is_refused_in_a_line(project, tmp_path, option):
    (tmp_path / "Snakefile").symlink_to(project / "Snakefile")
    there = {"--directory": (project, tmp_path), "--snakefile": (tmp_path, project / "Snakefile")}
    folder, value = there[option]
    code, output = snakemake(folder, "-n", option, str(value))
    assert code == 1
    assert output.splitlines()[-1].startswith(
        f"error: works in the project's own folder: cd {project}"
    )


def test_a_mistake_in_a_setting_is_a_line_without_the_workflows_own(project):
    code, output = snakemake(project, "-n", settings=["data_source=Parquet"], scale="cpu")
    assert code == 1
    assert output.splitlines()[-1] == (
        "error: config: data_source: allowed are torchvision, archive, parquet, folders, got "
        "'Parquet'; did you mean parquet?"
    )


def test_a_setting_that_is_said_twice_is_refused(project):
    path = project / "config" / "config.yaml"
    path.write_text(path.read_text() + "seeds: 3\n")
    code, output = snakemake(project, "-n")
    assert code == 1
    assert "seeds: said twice, first in line" in output.splitlines()[-1]


def test_a_record_of_an_unknown_run_is_refused_with_the_nearest_name(project):
    code, output = snakemake(project, "-n", "results/smoke/runs/maxpool.maxpool/seed0/summary.json")
    assert code != 0
    assert "the study has no run maxpool.maxpool; did you mean maxpool.with_maxpool?" in output


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("ablations/maxpool.yaml", "model.maxpool: true", "model.maxpol: true", "maxpool.yaml:10"),
        ("ablations/steps.yaml", "base: early", "base: earli", "did you mean early"),
        ("config/config.yaml", "seeds: null", "seeds: none", "seeds: expected a whole number"),
    ],
)
def test_a_wrong_file_is_one_line_without_a_traceback(project, path, old, new, said):
    edit(project / path, old, new)
    code, output = snakemake(project, "-n")
    assert code != 0
    assert said in output
    assert "Traceback" not in output


def test_a_wrong_data_folder_says_the_ways_out(project):
    argv = ["--config", "scale=cpu", "data_source=parquet", "data_folder=nowhere", "--", "maxpool"]
    process = subprocess.run(
        [sys.executable, "-m", "snakemake", *argv],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode != 0
    said = process.stdout + process.stderr
    assert re.search(r"no train-\*\.parquet.* in .*nowhere: there is no such folder", said)
    assert "four ways" in said
