"""Find out how much memory and how many CPUs a process may use: a container has less than its host.

On Linux a container's limits are those of its control groups, of version 1 or 2 (cgroups(7)); a
group's limit also holds for the groups within it. This module doesn't import torch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def memory_bytes(groups: Path = GROUPS, own: Path = OWN) -> int:
    """Return the memory that this process may use, in bytes."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for folder in _groups("memory", groups, own):
        limits += _numbers(folder / "memory.max") + _numbers(folder / "memory.limit_in_bytes")
    return min(limits)


def cpus(groups: Path = GROUPS, own: Path = OWN) -> float | None:
    """Return the number of CPUs whose time this process may use, or None without such a limit."""
    shares = []
    for folder in _groups("cpu", groups, own):
        quota = _numbers(folder / "cpu.max") or [
            *_numbers(folder / "cpu.cfs_quota_us"),
            *_numbers(folder / "cpu.cfs_period_us"),
        ]
        # No quota is "max" in version 2, and -1 in version 1.
        if len(quota) == 2 and min(quota) > 0:
            shares.append(quota[0] / quota[1])
    return min(shares, default=None)


def _groups(controller: str, groups: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of this process's control groups, and of the groups that these are in."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = groups / controllers
        # Within a container its own group is the topmost folder, whatever its name on the host is.
        folder = top / place.strip("/")
        yield from (folder, *(parent for parent in folder.parents if parent.is_relative_to(top)))


def _numbers(path: Path) -> list[int]:
    """Return the numbers in a file; an empty list if there are others, or no such file."""
    try:
        return [int(word) for word in path.read_text(encoding="utf-8").split()]
    except (OSError, ValueError):
        return []
