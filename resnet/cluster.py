"""What a scheduler tells a run about the job that it is in."""

from __future__ import annotations

import os
import time

JOB = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
"""Where schedulers name the job that a process belongs to."""

NEAR_SECONDS = 120.0
"""How long before a job's end a signal counts as its time limit."""


def job() -> str | None:
    """Return the scheduler's name for the job that this process is in, None outside of one."""
    return next((os.environ[name] for name in JOB if name in os.environ), None)


def why_asked_to_leave() -> str:
    """Return what a job whose time is up should set, as a sentence, or nothing.

    SLURM says in ``SLURM_JOB_START_TIME`` and ``SLURM_JOB_END_TIME``, in seconds since 1970, when a
    job began and when its time is up (sbatch(1)).
    """
    try:
        start, end = (float(os.environ[f"SLURM_JOB_{w}_TIME"]) for w in ("START", "END"))
    except (KeyError, ValueError):
        return ""
    if time.time() < end - NEAR_SECONDS:
        return ""
    minutes = round((end - start) / 60)
    return (
        f" (the job's time limit of {minutes} minutes is up: a retry takes twice as long, or set "
        f"--set-resources train:runtime={2 * max(minutes, 1)})"
    )
