"""What a scheduler tells a run about the job that it is in."""

from __future__ import annotations

import os
import re
import subprocess

JOB = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
"""Where schedulers name the job that a process belongs to."""

NEAR_MINUTES = 2.0
"""How long before a job's end a signal counts as its time limit."""


def job() -> str | None:
    """Return the scheduler's name for the job that this process is in, None outside of one."""
    return next((os.environ[name] for name in JOB if name in os.environ), None)


def minutes(text: str) -> float:
    """Return the minutes in SLURM's ``[[days-]hours:]minutes:seconds``, infinite without limit."""
    found = re.fullmatch(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)", text)
    if not found:
        return float("inf")
    days, hours, whole, seconds = (int(part or 0) for part in found.groups())
    return (days * 24 + hours) * 60 + whole + seconds / 60


def why_asked_to_leave(asked_minutes: int) -> str:
    """Return what to set where a SLURM job's time is up, as words in brackets, or nothing.

    ``asked_minutes`` is what the run asked for; its job may hold several runs.
    """
    number = os.environ.get("SLURM_JOB_ID")
    if not number:
        return ""
    command = ["squeue", "--noheader", f"--jobs={number}", "--format=%M %l"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=5)
        used, limit = map(minutes, done.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    if used < limit - min(NEAR_MINUTES, limit / 4) or limit == float("inf"):
        return ""
    return (
        f" (the job's {limit:.0f}-minute time limit is up: a retry takes twice as long, or set "
        f"--set-resources train:runtime={2 * asked_minutes})"
    )
