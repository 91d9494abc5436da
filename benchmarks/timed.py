"""Measure the time and the memory of a process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any


def timed(argv: list[str], **where: Any) -> tuple[float, float]:
    """Return the seconds and the peak memory, in MB, of a process; ``where`` goes to `Popen`.

    Raises
    ------
    SystemExit
        If the process fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, **where)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"error: {' '.join(argv)} ended with {status}")
    # ru_maxrss is in KiB on Linux (getrusage(2)).
    return time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e6
