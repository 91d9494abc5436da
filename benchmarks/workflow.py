"""Measure the workflow's overhead: planning studies of 100, 1,000 and 10,000 runs.

``python -m benchmarks.workflow`` writes a synthetic ablation with many arms into a copy of the
project and times ``snakemake --dry-run`` on it. For comparison, it times Snakemake alone on one
rule of the same form, with as many outputs, a log, an environment and constant parameters. The two
alternate; the medians of their seconds, the ratio, and the peak memory are printed. If SLURM is
installed and its controller doesn't respond, both wait 9 s for it, which moves the ratio to 1.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml

from benchmarks.timed import timed

ROOT = Path(__file__).parent.parent
PARTS = ("Snakefile", "environment.yml", "ablations", "config", "paper", "report", "resnet")
SEEDS = 5
SIZES = (100, 1_000, 10_000)
ROUNDS = 3

ALONE = """
RUNS = [f"results/cpu/runs/many.arm_{arm}/seed{seed}" for arm in range(%d) for seed in range(%d)]
rule all:
    input: expand("{run}/summary.json", run=RUNS)
rule train:
    input: "data.json"
    output:
        config="{run}/config.json",
        metrics="{run}/metrics.csv",
        predictions="{run}/predictions.npz",
        layers="{run}/layers.csv",
        summary="{run}/summary.json",
        weights="{run}/model.safetensors",
    log: "{run}.log"
    conda: "environment.yml"
    threads: 1
    group: lambda wildcards: None
    resources:
        gpu=0,
        turn=1,
        runtime=lambda wildcards, attempt: 5 * attempt,
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params: config="x" * 800, code="c", versions="v", data="d", record="r", checkpoint="p"
    shell: "train {params.config:q} {params.code} {params.data} {params.record} {threads} {log:q}"
"""


def copy_project(folder: Path, runs: int) -> None:
    """Copy the project, and add an ablation with ``runs`` runs."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    arms = {
        f"arm_{arm}": {"optimizer.learning_rate": 0.1 + (arm + 1) / 10**6}
        for arm in range(runs // SEEDS)
    }
    declaration: dict[str, Any] = {
        "title": "Many",
        "question": "Many?",
        "source": "Nobody's",
        "base": "final",
    }
    declaration |= {"factor": "optimizer.learning_rate", "arms": arms}
    (folder / "ablations" / "many.yaml").write_text(
        yaml.safe_dump(declaration, sort_keys=False), encoding="utf-8"
    )


def dry_run(folder: Path, *arguments: str) -> tuple[float, float]:
    """Return the seconds and the peak memory, in MB, of a dry run."""
    argv = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "--cores", "2"]
    return timed([*argv, *arguments], cwd=folder, stderr=subprocess.DEVNULL)


def main() -> None:
    """Print a line for each size of study."""
    ArgumentParser(prog="python -m benchmarks.workflow", description=main.__doc__).parse_args()
    print("runs | ours s | Snakemake alone s | ratio | ours MB | alone MB")
    for runs in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            ours, alone = Path(scratch) / "ours", Path(scratch) / "alone"
            ours.mkdir()
            alone.mkdir()
            copy_project(ours, runs)
            (alone / "Snakefile").write_text(ALONE % (runs // SEEDS, SEEDS), encoding="utf-8")
            (alone / "data.json").touch()
            shutil.copy(ROOT / "environment.yml", alone)
            pairs = [
                (dry_run(ours, "--config", "scale=cpu", "--", "many"), dry_run(alone))
                for _ in range(ROUNDS)
            ]
        mine, theirs = (
            statistics.median(s for s, _ in turns) for turns in zip(*pairs, strict=True)
        )
        memory, their_memory = (max(m for _, m in turns) for turns in zip(*pairs, strict=True))
        seconds = f"{mine:.1f} | {theirs:.1f} | {mine / theirs:.2f}"
        print(f"{runs:,} | {seconds} | {memory:.0f} | {their_memory:.0f}", flush=True)


if __name__ == "__main__":
    main()
