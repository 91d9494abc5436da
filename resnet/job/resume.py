"""Unlock a study after its Snakemake process was killed, unless a live process still uses it.

``make resume`` calls ``python -m resnet.job.resume`` before it runs Snakemake.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import re
import subprocess
import sys
from pathlib import Path

import psutil

SUBMITTED = Path(".snakemake/slurm_logs")
"""Folder of Snakemake's SLURM plugin; it exists if a study has submitted jobs."""

WORK = re.compile(r"snakemake|(resnet|report|ablations)(\.\w+)*")
"""The modules whose processes write into a study's folder."""


def holders(folder: Path) -> list[psutil.Process]:
    """Return the live processes that work in ``folder``, except this one and its parents."""
    own = {p.pid for p in (psutil.Process(), *psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid in own or Path(process.cwd()) != folder:
                continue
            if _works(process.cmdline()):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _works(command: list[str]) -> bool:
    """Return whether a command line runs Snakemake or one of this project's modules."""
    modules = [word for flag, word in itertools.pairwise(command) if flag == "-m"]
    scripts = [Path(word).name for word in command[:2]]
    return any(WORK.fullmatch(module) for module in modules) or "snakemake" in scripts


def jobs(folder: Path) -> list[str]:
    """Return this user's SLURM jobs that were submitted from ``folder``; none without SLURM.

    Raises
    ------
    OSError
        If the study has submitted jobs before and SLURM doesn't respond.
    """
    command = ["squeue", "--me", "--noheader", "--format=%A %Z"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except FileNotFoundError:
        return []
    except (OSError, subprocess.SubprocessError) as error:
        if not (folder / SUBMITTED).exists():
            return []
        said = (str(getattr(error, "stderr", None) or "").strip() or str(error)).splitlines()[0]
        raise OSError(
            f"squeue doesn't respond, so jobs of this study may still run: {said}. Try again when "
            f"squeue responds; if you know that no job runs, remove {SUBMITTED} first"
        ) from None
    found = (line.partition(" ") for line in done.stdout.splitlines())
    return [number for number, _, submitted in found if Path(submitted.strip()) == folder]


def why_locked(folder: Path, scale: str, dataset: str) -> str | None:
    """Return advice on a lock that another call holds on a study or its data; None if unlocked.

    Parameters
    ----------
    folder
        Snakemake's working directory; the locks in it list the files that a call writes.
    scale, dataset
        The folders in ``results`` and ``results/data`` that this call would write.
    """
    locked = ""
    for path in (folder / ".snakemake" / "locks").glob("*.output.lock"):
        with contextlib.suppress(FileNotFoundError):  # released in the meantime
            locked += path.read_text(errors="replace")
    if f"results/{scale}/" not in locked and f"results/data/{dataset}/" not in locked:
        return None
    live = ", ".join(str(process.pid) for process in holders(folder))
    if not live:
        return "A call that was killed left its lock here; `make resume` removes it and goes on."
    if f"results/{scale}/" in locked:
        return f"Another call works on results/{scale} (processes {live}): wait for it, or end it."
    return (
        f"Another call is to make results/data/{dataset} (processes {live}). Two studies run side "
        "by side once the data is there: wait for it, or next time begin with `make data`."
    )


def main(argv: list[str] | None = None) -> int:
    """Unlock the study in the current folder, or print which processes or jobs use it."""
    argparse.ArgumentParser(prog="python -m resnet.job.resume", description=__doc__).parse_args(
        argv
    )
    try:
        queued = jobs(Path.cwd())
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if queued:
        print(
            f"error: jobs of this study are in SLURM's queue ({', '.join(queued)}); wait for them, "
            f"or end them, which loses nothing, with: scancel {' '.join(queued)}",
            file=sys.stderr,
        )
        return 1
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
