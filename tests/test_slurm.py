"""A study through profiles/slurm: one node with two stand-in GPUs. Run: make test-slurm."""

import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pandas as pd
import pytest

from resnet.job import checksums, resume
from tests.conftest import needs
from tests.test_soak import tables
from tests.test_workflow import copy_project, edit, snakemake, start

pytestmark = pytest.mark.slurm

SLURM = [
    *("--workflow-profile", "profiles/slurm", "--latency-wait", "10"),
    # Small groups make several jobs.
    *("--slurm-init-seconds-before-status-checks", "2"),
    *("--group-components", "runs_by_64=3"),
]


def jobs():
    """What SLURM says of every job it remembers: state, and the devices of those that run."""
    text = subprocess.run(
        ["scontrol", "show", "job", "--details"], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for block in text.split("\n\n"):
        number = re.search(r"JobId=(\d+)", block)
        if number:
            state = re.search(r"JobState=(\w+)", block)[1]
            devices = re.findall(r"GRES=gpu\S*\(IDX:([\d,-]+)\)", block)
            found[int(number[1])] = (state, tuple(devices))
    return found


class Watch(threading.Thread):
    """Looks at the queue all the time: which devices were held, and whether two jobs shared one."""

    def __init__(self):
        super().__init__(daemon=True)
        self.shared, self.devices, self.most, self.stopped = [], set(), 0, False

    def run(self):
        while not self.stopped:
            running = [d for state, d in jobs().values() if state == "RUNNING" and d]
            held = Counter(device for devices in running for device in devices)
            self.shared += [device for device, count in held.items() if count > 1]
            self.devices |= held.keys()
            self.most = max(self.most, len(running))
            time.sleep(0.2)


def wait_for(condition, process, seconds=180):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.2)


def in_training(project):
    """The SLURM jobs that run, once one of them trains."""
    logs = project.glob("results/smoke/logs/*/seed*.log")
    running = [number for number, (state, _) in jobs().items() if state == "RUNNING"]
    return running if any(log.stat().st_size for log in logs) else []


def test_a_study_through_slurm_has_the_tables_of_a_local_one(tmp_path):
    needs(shutil.which("sbatch"), "a SLURM: make test-slurm starts one")
    local, remote = tmp_path / "local", tmp_path / "remote"
    for folder in (local, remote):
        folder.mkdir()
        copy_project(folder)
    code, output = snakemake(local)
    assert code == 0, output
    watch = Watch()
    watch.start()

    # One job is cancelled: its runs go on in a retry.
    process = start(remote, *SLURM, settings=["gpu=always"])
    wait_for(lambda: in_training(remote), process)
    subprocess.run(["scancel", str(in_training(remote)[0])], check=True)
    wait_for(lambda: "CANCELLED" in {state for state, _ in jobs().values()}, process)
    wait_for(lambda: in_training(remote), process)

    # The Snakemake that submits is killed: its jobs end by themselves, and what they did is kept.
    process.send_signal(signal.SIGKILL)
    process.communicate()
    resumed = [sys.executable, "-m", "resnet.job.resume"]
    refused = subprocess.run(resumed, cwd=remote, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "scancel" in refused.stderr
    deadline = time.monotonic() + 300
    while using := [*resume.jobs(remote), *resume.holders(remote)]:
        assert time.monotonic() < deadline, f"still at work: {using}"
        time.sleep(0.5)
    # A summary says how long the run took: trained again it would be another.
    summaries = remote.glob("results/smoke/checkpoints/*.done/summary.json")
    finished = {path.read_text() for path in summaries}
    subprocess.run(resumed, cwd=remote, check=True)
    code, output = snakemake(remote, *SLURM, settings=["gpu=always"])
    assert code == 0, output
    assert finished
    assert finished <= {p.read_text() for p in remote.glob("results/smoke/runs/*/*/summary.json")}

    watch.stopped = True
    watch.join()
    assert watch.shared == []
    assert watch.devices == {"0", "1"}
    print(f"\nat most {watch.most} jobs at once, on devices {sorted(watch.devices)}; none shared")
    logs = "".join(path.read_text() for path in remote.glob("results/smoke/logs/*/seed*.log"))
    assert "PyTorch finds none: trains on the CPU" in logs
    ours, theirs = tables(remote, "smoke"), tables(local, "smoke")
    assert ours.keys() == theirs.keys()
    for name, table in ours.items():
        pd.testing.assert_frame_equal(table, theirs[name], check_exact=True, obj=name)
    records = list(checksums.records(remote / "results"))
    assert [problem for record in records for problem in checksums.problems(record)] == []


def test_a_run_that_fails_is_tried_in_four_jobs(tmp_path):
    needs(shutil.which("sbatch"), "a SLURM: make test-slurm starts one")
    copy_project(tmp_path)
    tries = tmp_path / "tries"
    failing = (
        f"    with Path({str(tries)!r}).open('a') as file:\n"
        "        print(os.environ['SLURM_JOB_ID'], file=file)\n"
        "    return 1\n"
    )
    edit(tmp_path / "resnet" / "train.py", "    args = _arguments(argv)\n", failing)
    record = "results/smoke/runs/base.design/seed0/summary.json"
    code, output = snakemake(tmp_path, record, *SLURM, settings=["gpu=never"])
    assert code == 1, output
    # One in each job: only another job asks for more time and memory.
    assert len(tries.read_text().split()) == 4
    assert len(set(tries.read_text().split())) == 4
