"""Train a run and write its record: checks, checkpoints, logging and the final evaluation."""

from __future__ import annotations

import functools
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from tqdm import tqdm

from resnet.config import RunConfig, to_json
from resnet.images.sources.cache import load, read_facts
from resnet.job import checkpoint, checks, checksums
from resnet.job.guard import Guard
from resnet.job.provenance import now
from resnet.job.record import write_record
from resnet.training import machine
from resnet.training.images import Images, place
from resnet.training.run import Run

log = logging.getLogger("resnet.train")


@dataclass(frozen=True)
class Job:
    """How a run is trained on this machine.

    Of the run's numbers only the last bits depend on it, on a CPU by the number of threads.

    Parameters
    ----------
    run
        The run's name, for its record and log.
    data
        The folder that the data stage wrote.
    output, checkpoint
        The run record's folder, and the file of checkpoints.
    threads
        CPU threads.
    keep_weights
        Of which runs the weights are kept; ``bases`` are those whose name starts with ``base.``.
    gpu
        Whether a GPU is used where there is one, asked for, or not used.
    cuda_graphs
        Whether to use CUDA graphs; ``auto`` does if the first steps have the same bits as without.
    log
        A file that the log is written to as well.
    """

    run: str
    data: Path
    output: Path
    checkpoint: Path
    threads: int = 1
    keep_weights: Literal["none", "bases", "all"] = "all"
    gpu: Literal["auto", "always", "never"] = "auto"
    cuda_graphs: Literal["never", "auto", "always"] = "never"
    log: Path | None = None

    @property
    def keeps_weights(self) -> bool:
        """Whether the record has the trained weights."""
        of_base = self.run.startswith("base.")
        return self.keep_weights == "all" or (self.keep_weights == "bases" and of_base)


def train(run: Run, guard: Guard, name: str, watched: bool) -> None:
    """Train to the end of the budget, and log a line for each epoch, at level DEBUG."""
    bar = tqdm(total=run.steps, initial=run.step, unit="batch", disable=not watched, leave=False)
    while not run.finished:
        for _ in run.train_to_epoch_end():
            bar.update()
            guard.after(guard.within_epoch_seconds)
        with guard.evaluating():
            evaluated = run.evaluate_epoch()
        run.end_epoch(*evaluated)
        log.debug("%s", epoch_line(run, name))
        guard.after(guard.after_epoch_seconds)
    bar.close()


def epoch_line(run: Run, name: str) -> str:
    """Return a log line on the last epoch, with the remaining time."""
    row, done = run.rows[-1], len(run.rows)
    left = sum(r["seconds"] for r in run.rows) / run.step * (run.steps - run.step)
    return (
        f"{name} seed {run.config.seed}  epoch {done}/{run.epochs}"
        f"  train {row['train_accuracy']:.4f}  test {row['test_accuracy']:.4f}"
        f"  {row['images_per_second']:,.0f} images/s  {_duration(left)} left"
    )


def last_line(run: Run, name: str) -> str:
    """Return a log line on a run that has ended."""
    row, seconds = run.rows[-1], sum(row["seconds"] for row in run.rows)
    found = "diverged" if run.diverged else f"test {row['test_accuracy']:.4f}"
    return f"{name} seed {run.config.seed}  {found}  {run.step} batches in {_duration(seconds)}"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def run_to_record(job: Job, config: RunConfig, source: dict[str, Any], held: str | None) -> None:
    """Train the run of ``config``, from its checkpoint if there is one, and write its record.

    Parameters
    ----------
    job
        How it is trained on this machine.
    config
        The run.
    source
        Result of `resnet.job.provenance.origin`, from when the code was imported.
    held
        The GPU that the run holds, if any.
    """
    checks.check_float32()
    machine.set_up(job.threads)
    device = machine.pick_device()
    if device.type == "cpu":
        checks.check_memory(config)
        checks.check_gpu(job.gpu, held)
    checks.check_network(config)
    checks.check_transforms(config)
    started, facts = {"began": now(), **source}, facts_of(job.data, config)
    key = _checkpoint_key(config, device, facts, started)
    kept = checkpoint.kept_record(job.checkpoint, key)
    has_weights = (kept / checksums.WEIGHTS).is_file()
    if kept.is_dir() and has_weights >= job.keeps_weights and not checksums.problems(kept):
        kept.touch()  # tells the workflow that this call finished the run
        checkpoint.link(kept, job.output)
        log.info("%s seed %d  was finished before", job.run, config.seed)
        return
    splits = load(job.data, "train"), load(job.data, "test")
    images = place(config, *splits, facts, device)
    run = make_run(job, config, images, device)
    began = {"began": started["began"], "threads": job.threads} | resume(run, job, key)
    started["began"] = began["began"]
    guard = Guard(run, job.checkpoint, key, began)
    with guard.listening():
        train(run, guard, job.run, watched=job.log is None and sys.stderr.isatty())
        with guard.evaluating():
            predictions, plain = run.last_answers()
    write_record(job.output, job.run, run, facts, started, predictions, plain, job.keeps_weights)
    log.info("%s", last_line(run, job.run))
    # Snakemake removes the record if it was killed, or if another run of the same job fails.
    checkpoint.link(job.output, kept)
    checkpoint.remove(job.checkpoint)


def facts_of(data: Path, config: RunConfig) -> dict[str, Any]:
    """Return ``data.json`` of the images, which must be of the config's data set."""
    facts = read_facts(data)
    if facts["dataset"] != config.data.dataset:
        raise ValueError(
            f"{data} contains {facts['dataset']}; the config needs {config.data.dataset}"
        )
    return facts


def resume(run: Run, job: Job, key: str) -> dict[str, Any]:
    """Restore the run from its checkpoint, if there is one, and return how it began.

    On a CPU the number of threads decides the last bits, so that the run keeps its own.
    """
    saved = checkpoint.load(job.checkpoint, key)
    if saved is None:
        aside = checkpoint.put_aside(job.checkpoint)
        if aside:
            log.warning(
                "%s: not used, since it is damaged, or of another config, code, data or versions; "
                "it is used again if these come back, as %s",
                *(job.checkpoint, aside.name),
            )
        return {}
    run.restore(saved)
    began: dict[str, Any] = {name: saved[name] for name in ("began", "threads") if name in saved}
    log.info("%s seed %d  goes on at batch %d of %d", job.run, run.config.seed, run.step, run.steps)
    threads = began.setdefault("threads", job.threads)
    if run.device.type == "cpu" and threads != job.threads:
        torch.set_num_threads(threads)
        log.warning(
            "%s seed %d  goes on with %d threads, as it began, though %d are given",
            *(job.run, run.config.seed, threads, job.threads),
        )
    return began


def make_run(job: Job, config: RunConfig, images: Images, device: torch.device) -> Run:
    """Return the run of ``config``, with CUDA graphs if the job asks for them."""
    make = functools.partial(Run, config, images, device)
    if job.cuda_graphs != "auto" or device.type == "cpu" or config.compile:
        return make(job.cuda_graphs == "always")
    trusted = checks.graphs_agree(make)
    # The check's memory isn't the run's.
    torch.cuda.reset_peak_memory_stats(device)
    if not trusted:
        log.warning("CUDA graphs change the first steps' bits here: trains without them")
    return make(trusted)


def _checkpoint_key(
    config: RunConfig, device: torch.device, facts: dict[str, Any], started: dict[str, Any]
) -> str:
    """Return the checkpoint's key: everything that must be equal to resume with identical bits.

    The number of threads isn't in it: `resume` restores that of the checkpoint.
    """
    parts = {
        "config": to_json(config),
        "data": facts["sha256"],
        "code": started["code_digest"],
        "versions": started["versions"],
        "device": device.type,
        "precision": machine.pick_precision(config.precision, device),
    }
    return json.dumps(parts, sort_keys=True)
