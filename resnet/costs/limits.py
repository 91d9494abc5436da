"""Find out which GPUs, how much memory and how many CPUs a process may use.

A container has less than its host. On Linux its limits are those of its control groups, of version
1 or 2 (cgroups(7)); a group's limit also holds for the groups within it. This module doesn't import
torch.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

DEVICES = Path("/dev")

WSL = Path("/usr/lib/wsl/lib/libcuda.so.1")
"""Where Windows' subsystem for Linux has NVIDIA's driver, without a device."""

GROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def gpu_is_here(dev: Path = DEVICES) -> bool:
    """Return whether an NVIDIA GPU exists, used or not."""
    return bool(_devices(dev)) or WSL.exists()


def gpus(dev: Path = DEVICES) -> list[str]:
    """Return the names of the GPUs that this process may use, without importing torch.

    These are the devices in ``CUDA_VISIBLE_DEVICES`` if it is set (none if it is empty), else the
    NVIDIA devices in ``dev``.
    """
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is None:
        # CUDA numbers the visible devices from 0, whatever the names of their files are.
        return [str(n) for n in range(len(_devices(dev)) or int(WSL.exists()))]
    # CUDA ignores the first invalid name in the list and everything after it.
    names = (name.strip() for name in given.split(","))
    return [*itertools.takewhile(lambda name: name.isdecimal() or OF_DEVICES.match(name), names)]


OF_DEVICES = re.compile(r"GPU-|MIG-")
"""How the names of devices begin that aren't numbers."""


def _devices(dev: Path) -> list[Path]:
    return [path for path in dev.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]


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
