"""Unlock a study whose Snakemake was killed, but only when no live process holds it.

``python -m resnet.resume`` is what ``make resume`` calls before it goes on.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

WORK = ("snakemake", "resnet.train", "resnet.data", "report.")


def holders(folder: Path) -> list[psutil.Process]:
    """Return the live processes that work on the study in ``folder``, this one's own aside."""
    own = {p.pid for p in (psutil.Process(), *psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid in own or Path(process.cwd()) != folder:
                continue
            if any(word in part for part in process.cmdline() for word in WORK):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def main() -> int:
    """Unlock the study in the current folder, or say who holds it."""
    live = holders(Path.cwd())
    if live:
        pids = ", ".join(str(process.pid) for process in live)
        print(
            f"error: this study is held by live processes ({pids}); wait for them, or end them "
            f"with: kill {pids.replace(',', '')}",
            file=sys.stderr,
        )
        return 1
    return subprocess.run([sys.executable, "-m", "snakemake", "--unlock"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
