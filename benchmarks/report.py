"""Measure the time and the size of a report for different numbers of run records.

``python -m benchmarks.report`` writes synthetic studies of 110, 1,010 and 10,010 records (2 and 20
ablations of 5 arms, 100 of 10, and their base; 10 seeds, 10,000 test images, 80 epochs). For each
it prints the seconds and the memory of every step from records to report, and the sizes of the
records without weights and of the page. The largest study temporarily needs 5 GB of disk space;
arguments select the sizes, such as ``python -m benchmarks.report 110 1010``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from benchmarks.timed import timed

STEPS = {
    "collect": "report.read.records",
    "statistics": "report.judge.comparisons",
    "claims": "report.claims",
    "figures": "report.draw.all_figures",
    "render": "report.render",
    "pdf": "report.page.pdf",
}
"""The steps, and the module of each."""
SIZES = {110: (2, 5), 310: (6, 5), 1_010: (20, 5), 10_010: (100, 10)}
"""Numbers of ablations and arms, by the number of records."""

DEFAULT = (110, 1_010, 10_010)


def measure(step: str, folder: Path) -> tuple[float, float]:
    """Return the seconds and the peak memory, in MB, of a step."""
    arguments = [f"results/{folder.name}", *(["--write-only"] if step == "claims" else [])]
    code = f"import sys, {STEPS[step]} as step; sys.exit(step.main(sys.argv[1:]))"
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    argv = [sys.executable, "-c", code, *arguments]
    return timed(argv, cwd=folder.parent.parent, env=environment)


def _write_study(folder: Path, ablations: int, arms: int) -> None:
    """Write a synthetic study in a separate process, whose memory isn't measured."""
    code = (
        "import sys; from pathlib import Path; from benchmarks.synthetic import *; "
        "study = made_up(int(sys.argv[2]), arms=int(sys.argv[3]), seeds=10); "
        "write_study(Path(sys.argv[1]), study, images=10_000, epochs=80)"
    )
    argv = [sys.executable, "-c", code, str(folder), str(ablations), str(arms)]
    subprocess.run(argv, check=True)


def main() -> None:
    """Print a line for each size of study."""
    parser = ArgumentParser(prog="python -m benchmarks.report", description=main.__doc__)
    parser.add_argument(
        "records", nargs="*", type=int, choices=SIZES, default=DEFAULT, help="records of a study"
    )
    sizes = parser.parse_args().records
    print(
        "records | "
        + " | ".join(f"{step} s, MB" for step in STEPS)
        + " | figures + page s | page MB | records MB"
    )
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "results" / "paper"
            _write_study(folder, *SIZES[size])
            records = sum(1 for _ in folder.glob("runs/*/seed*"))
            measured = {step: measure(step, folder) for step in STEPS}
            disk = sum(path.stat().st_size for path in folder.glob("runs/*/*/*")) / 1e6
            page = (folder / "report" / "index.html").stat().st_size / 1e6
        both = measured["figures"][0] + measured["render"][0]
        steps = " | ".join(f"{s:.1f}, {mb:.0f}" for s, mb in measured.values())
        print(f"{records} | {steps} | {both:.1f} | {page:.2f} | {disk:,.0f}", flush=True)


if __name__ == "__main__":
    main()
