"""A GPU of its own for each run, or a share of one, where several runs share a machine.

A run holds a device by a lock on a file, which the operating system lets go when its process ends,
however it ends. Devices are told apart by what ``CUDA_VISIBLE_DEVICES`` calls them; within a job of
a scheduler, that job's own devices only, for it may number them anew for each.
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

from resnet.job.cluster import job

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


def visible(dev: Path = Path("/dev")) -> list[str]:
    """Return the GPUs that this process may use, without importing torch.

    Those that ``CUDA_VISIBLE_DEVICES`` lists, else the NVIDIA devices in ``dev``; none where the
    variable hides them.
    """
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is None:
        # CUDA counts those that it sees from 0, whatever their files are called.
        files = [path for path in dev.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]
        return [str(number) for number in range(len(files))]
    names = [name.strip() for name in given.split(",")]
    # CUDA itself reads the list up to the first name that isn't one.
    wrong = next((i for i, name in enumerate(names) if name in ("", "-1")), len(names))
    return names[:wrong]


def folder() -> Path:
    """Return where this machine's locks are: one folder a user and scheduler's job."""
    return Path(tempfile.gettempdir()) / _safe(f"modified-resnet-gpus-{os.getuid()}-{job()}")


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)


@contextmanager
def one_device(runs_per_gpu: int = 1) -> Iterator[str | None]:
    """Hold a device, waiting until one is free, and make it the only one that CUDA sees.

    Enter before CUDA starts. Yields the device's name, or None on a machine without any.

    Parameters
    ----------
    runs_per_gpu
        How many runs may hold one device at the same time.
    """
    names = visible()
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
        raise PermissionError(f"{place} is another user's: remove it, or set TMPDIR")
    told = False
    while True:
        # Every device takes one run before any takes a second.
        for share in range(runs_per_gpu):
            for name in names:
                lock = filelock.FileLock(place / _safe(f"{name}.{share}.lock"))
                try:
                    return name, lock.acquire(timeout=0).lock
                except filelock.Timeout:
                    continue
        if not told:
            log.info("waits for a GPU: %s held by other runs", ", ".join(names))
            told = True
        time.sleep(POLL_SECONDS)
