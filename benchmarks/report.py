"""How long a report takes and how large it is, by the number of run records.

``python -m benchmarks.report`` makes up studies of 110, 310 and 1,010 records (2, 6 and 20
ablations of 5 arms and their base, 10 seeds, 10,000 test images, 80 epochs), and prints for each
the seconds and the memory of every step from records to report, and the size of the page.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS = ("collect", "statistics", "claims", "figures", "render", "pdf")
SIZES = (2, 6, 20)


def measure(step: str, folder: Path) -> tuple[float, float]:
    """Return the seconds and the most memory, in MB, of ``python -m report.<step>``."""
    arguments = [f"results/{folder.name}", *(["--write-only"] if step == "claims" else [])]
    code = f"import sys; from report import {step}; sys.exit({step}.main(sys.argv[1:]))"
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=folder.parent.parent,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"error: report.{step} ended with {status}")
    # ru_maxrss is in KiB on Linux (getrusage(2)).
    return time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e6


def _write_study(folder: Path, ablations: int) -> None:
    """Make a study up in a process of its own, whose memory is not counted."""
    code = (
        "import sys; from pathlib import Path; from benchmarks.synthetic import *; "
        "study = made_up(int(sys.argv[2]), arms=5, seeds=10); "
        "write_study(Path(sys.argv[1]), study, images=10_000, epochs=80)"
    )
    argv = [sys.executable, "-c", code, str(folder), str(ablations)]
    subprocess.run(argv, check=True)


def main() -> None:
    """Print a line for each size of study."""
    print(
        "records | "
        + " | ".join(f"{step} s, MB" for step in STEPS)
        + " | figures + page s | page MB"
    )
    for ablations in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "results" / "paper"
            _write_study(folder, ablations)
            records = sum(1 for _ in folder.glob("runs/*/seed*"))
            measured = {step: measure(step, folder) for step in STEPS}
            page = (folder / "report" / "index.html").stat().st_size / 1e6
        both = measured["figures"][0] + measured["render"][0]
        steps = " | ".join(f"{s:.1f}, {mb:.0f}" for s, mb in measured.values())
        print(f"{records} | {steps} | {both:.1f} | {page:.2f}")


if __name__ == "__main__":
    main()
