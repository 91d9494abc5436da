"""Query the cluster scheduler about the job that contains this process."""

from __future__ import annotations

import os
import re
import subprocess

JOB = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
"""Environment variables in which schedulers store the job's id."""

NEAR_MINUTES = 2.0
"""A signal in the last so many minutes of a job is attributed to the job's time limit."""


def job() -> str | None:
    """Return the id of the scheduler's job that contains this process, or None without a job."""
    return next((os.environ[name] for name in JOB if name in os.environ), None)


def minutes(text: str) -> float:
    """Return SLURM's ``[[days-]hours:]minutes:seconds`` in minutes; any other text as infinity."""
    found = re.fullmatch(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)", text)
    if not found:
        return float("inf")
    days, hours, whole, seconds = (int(part or 0) for part in found.groups())
    return (days * 24 + hours) * 60 + whole + seconds / 60


def why_asked_to_leave(asked_minutes: int) -> str:
    """Return advice in brackets if a SLURM job's time limit is reached, else an empty text.

    ``asked_minutes`` is the time that the run requested; its job may contain several runs.
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
        f" (the job's {limit:.0f}-minute time limit is up: a retry goes on from the checkpoint; "
        f"for longer jobs put runtime: {2 * asked_minutes} under set-resources, train, in the "
        "profile)"
    )
