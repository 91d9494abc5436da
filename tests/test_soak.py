"""The whole demo, killed ten times, ten minutes on two cores: pytest -m slow -k soaked -s"""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from resnet.job import checksums, resume
from tests.test_workflow import copy_project, snakemake, start

KILLS = 10

VARYING = {
    "runs": ["began", "seconds", "peak_memory_mib"],
    "epochs": ["images_per_second", "seconds"],
}
"""Columns that are about time and memory, by table."""


def tables(project, scale):
    """Every table of a study, without what no two runs share."""
    folder = project / "results" / scale / "tables"
    read = {path.stem: pd.read_csv(path) for path in folder.glob("*.csv")}
    return {
        name: table.drop(columns=VARYING.get(name, []), errors="ignore")
        for name, table in read.items()
    }


@pytest.mark.slow
def test_the_demo_soaked_in_kills_has_the_tables_of_one_left_alone(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
        copy_project(folder, smoke=False)
    begun = time.monotonic()
    code, output = snakemake(whole, scale="demo")
    assert code == 0, output
    alone = time.monotonic() - begun
    rng, kills = random.Random(0), 0
    begun = time.monotonic()
    while kills < KILLS:
        process = start(killed, scale="demo")
        # Ten of these fit into the study: each call needs some seconds to go on.
        time.sleep(rng.uniform(4, 4 + alone / 12))
        assert process.poll() is None, process.communicate()[0]
        os.killpg(process.pid, signal.SIGKILL)
        kills += 1
        process.communicate()
        while resume.holders(killed):
            time.sleep(0.1)
        subprocess.run([sys.executable, "-m", "resnet.job.resume"], cwd=killed, check=True)
    code, output = snakemake(killed, scale="demo")
    assert code == 0, output
    print(f"\n{kills} kills; {time.monotonic() - begun:.0f} s, left alone {alone:.0f} s")
    ours, theirs = tables(killed, "demo"), tables(whole, "demo")
    assert ours.keys() == theirs.keys()
    for name, table in ours.items():
        pd.testing.assert_frame_equal(table, theirs[name], check_exact=True, obj=name)
    hits = [np.load(p / "results" / "demo" / "tables" / "hits.npz") for p in (killed, whole)]
    assert hits[0].files == hits[1].files
    for name in hits[0].files:
        np.testing.assert_array_equal(hits[0][name], hits[1][name])
    records = list(checksums.records(killed / "results"))
    assert len(records) == len(ours["runs"])
    assert [problem for record in records for problem in checksums.problems(record)] == []
    assert list((killed / "results").rglob("*.partial")) == []
