import subprocess
import sys
import time

import pytest

from resnet.job import resume

SLEEP = "import time; time.sleep(60)"


def wait_for_holders(folder, wanted):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = [process.pid for process in resume.holders(folder)]
        if found == wanted:
            break
        time.sleep(0.05)
    return found


def test_a_live_process_holds_its_study_and_no_other(tmp_path, monkeypatch, capsys):
    (tmp_path / "other").mkdir()
    argv = [sys.executable, "-c", SLEEP, "-m", "resnet.train"]
    process = subprocess.Popen(argv, cwd=tmp_path)
    try:
        assert wait_for_holders(tmp_path, [process.pid]) == [process.pid]
        assert resume.holders(tmp_path / "other") == []
        monkeypatch.chdir(tmp_path)
        assert resume.main([]) == 1
        error = capsys.readouterr().err
        assert f"kill {process.pid}" in error
    finally:
        process.kill()
        process.wait()
    assert resume.holders(tmp_path) == []


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """Put a squeue into the path that runs these lines of shell."""

    def put(lines):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "squeue").write_text(f"#!/bin/sh\n{lines}\n")
        (folder / "squeue").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")

    return put


def test_the_jobs_of_a_study_are_those_submitted_from_its_folder(tmp_path, squeue):
    squeue(f"echo 12 {tmp_path}; echo 13 {tmp_path}/other; echo 14 {tmp_path}")
    assert resume.jobs(tmp_path) == ["12", "14"]


def test_without_slurm_there_are_no_jobs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert resume.jobs(tmp_path) == []


def test_a_silent_queue_matters_only_where_jobs_were_submitted(
    tmp_path, squeue, monkeypatch, capsys
):
    squeue("echo slurm_load_jobs: Unable to contact controller >&2; exit 1")
    assert resume.jobs(tmp_path) == []
    (tmp_path / resume.SUBMITTED).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert resume.main([]) == 1
    error = capsys.readouterr().err
    assert "Unable to contact controller" in error
    assert f"remove {resume.SUBMITTED}" in error
