"""Unlock a study whose Snakemake was killed, but only when no live process holds it.

``python -m resnet.resume`` is what ``make resume`` calls before it goes on. Runs that their jobs
finished after Snakemake was killed are kept, though it never heard of them.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import psutil

from resnet import checksums
from resnet.provenance import TRAINING, code_digest

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


def jobs(folder: Path) -> list[str]:
    """Return this user's SLURM jobs that were submitted from ``folder``; none without SLURM."""
    command = ["squeue", "--me", "--noheader", "--format=%A %Z"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return []
    found = (line.partition(" ") for line in done.stdout.splitlines())
    return [number for number, _, submitted in found if Path(submitted.strip()) == folder]


def why_locked(folder: Path, scale: str, dataset: str) -> str | None:
    """Return what to do about another call's lock on a study or its data, None where none is.

    Parameters
    ----------
    folder
        Where Snakemake runs; its locks list the files that the call makes.
    scale, dataset
        The folders in ``results`` and ``results/data`` that this call would write.
    """
    locked = "".join(
        path.read_text(errors="replace")
        for path in sorted((folder / ".snakemake" / "locks").glob("*.output.lock"))
    )
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


def orphans(folder: Path) -> list[Path]:
    """Return the whole run records that Snakemake, killed before they were, takes for unfinished.

    A record counts whose bytes are as written, and that today's code would write.
    """
    marks = folder / ".snakemake" / "incomplete"
    names = [str(mark.relative_to(marks)) for mark in marks.rglob("*") if mark.is_file()]
    files = [folder / _decoded(name) for name in names]
    records = {path.parent for path in files if path.name == checksums.NAME}
    return sorted(r for r in records if not checksums.problems(r) and _is_current(r))


def _decoded(name: str) -> str:
    # Snakemake names a mark by the file's path in base64; a long name goes through folders.
    try:
        return base64.urlsafe_b64decode(name.replace("/", "").replace("@", "")).decode()
    except ValueError:
        return ""


def _is_current(record: Path) -> bool:
    try:
        summary = json.loads((record / "summary.json").read_text())
        return bool(summary["code_digest"] == code_digest(*TRAINING))
    except (OSError, ValueError, LookupError, TypeError):
        return False


def main() -> int:
    """Unlock the study in the current folder, or say who holds it."""
    queued = jobs(Path.cwd())
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
    snakemake = [sys.executable, "-m", "snakemake"]
    code = subprocess.run([*snakemake, "--unlock"], check=False).returncode
    whole = orphans(Path.cwd())
    if whole and not code:
        files = [str(path.relative_to(Path.cwd())) for r in whole for path in sorted(r.iterdir())]
        code = subprocess.run([*snakemake, "--cleanup-metadata", *files], check=False).returncode
        print(f"Kept {len(whole)} run records that were finished after Snakemake was killed.")
    return code


if __name__ == "__main__":
    sys.exit(main())
