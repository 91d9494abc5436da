"""Assign a GPU, or a share of one, to each of several runs on a machine.

A run holds a device by a file lock, which the operating system releases when the process ends for
any reason. Devices are identified by their names in ``CUDA_VISIBLE_DEVICES``. Each job of a
scheduler has its own locks, since a scheduler may number the devices anew for every job.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from resnet.costs.limits import gpus
from resnet.job.cluster import job

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


def folder() -> Path:
    """Return the folder of the lock files on this machine, one per user and scheduler job."""
    return Path(tempfile.gettempdir()) / _safe(f"modified-resnet-gpus-{os.getuid()}-{job()}")


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)


@contextmanager
def one_device(runs_per_gpu: int = 1) -> Iterator[str | None]:
    """Wait for a free device, hold it, and make it the only device visible to CUDA.

    Enter before CUDA starts. Yields the device's name, or None on a machine without GPUs.

    Parameters
    ----------
    runs_per_gpu
        Maximum number of runs that hold a device at the same time.
    """
    names = gpus()
    if not names:
        yield None
        return
    name, lock = _wait_for(names, runs_per_gpu)
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = name
    try:
        yield name
    finally:
        if before is None:
            del os.environ["CUDA_VISIBLE_DEVICES"]
        else:
            os.environ["CUDA_VISIBLE_DEVICES"] = before
        lock.release()


def _wait_for(names: list[str], runs_per_gpu: int) -> tuple[str, filelock.BaseFileLock]:
    place = folder()
    place.mkdir(mode=0o700, exist_ok=True)
    if place.stat().st_uid != os.getuid():
        raise PermissionError(f"{place} belongs to another user: remove it, or set TMPDIR")
    told = False
    while True:
        # Every device gets one run before any device gets a second one.
        for share in range(runs_per_gpu):
            for name in names:
                lock = filelock.FileLock(
                    place / _safe(f"{name}.{share}.lock"), fallback_to_soft=False
                )
                try:
                    return name, lock.acquire(timeout=0).lock
                except filelock.Timeout:
                    continue
        if not told:
            log.info("waiting for a GPU: %s held by other runs", ", ".join(names))
            told = True
        time.sleep(POLL_SECONDS)
