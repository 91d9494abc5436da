"""Make the report's PDF from its LaTeX, if a LaTeX engine is installed.

The command is ``python -m report.page.pdf results/<scale>``. This module imports only the standard
library, because Snakemake checks for an engine at every start.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from resnet.files import new_file

NO_ENGINE = (
    "No LaTeX engine is here, so there is report.tex and no PDF. On Debian: apt-get install "
    "latexmk texlive-latex-recommended texlive-fonts-recommended lmodern"
)


class LatexError(Exception):
    """The PDF can't be made; the message states the source and the engine's first error."""


def engine() -> list[str] | None:
    """Return the command of the installed engine: latexmk with pdfTeX, tectonic, or else None."""
    if shutil.which("latexmk") and shutil.which("pdflatex"):
        return ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape"]
    if shutil.which("tectonic"):
        return ["tectonic", "--untrusted", "--keep-logs"]
    return None


def build(source: Path) -> Path | None:
    """Make the PDF beside its source, and return its path; return None if there is no engine.

    The same source and figures give the same bytes, because the PDF's dates are the report's date.

    Raises
    ------
    LatexError
        If the engine fails; its log is then beside the source.
    """
    command = engine()
    if command is None:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        done = _run(command, source, scratch)
        made, log = (Path(scratch) / f"{source.stem}.{kind}" for kind in ("pdf", "log"))
        if log.is_file():
            with new_file(source.with_suffix(".log")) as beside:
                shutil.copy(log, beside)
        if done.returncode or not made.is_file():
            raise LatexError(f"{source}: {command[0]} refuses it: {_complaint(done.stdout)}")
        with new_file(source.with_suffix(".pdf")) as beside:
            shutil.copy(made, beside)
        return source.with_suffix(".pdf")


def _run(command: list[str], source: Path, scratch: str) -> subprocess.CompletedProcess[str]:
    option = "-outdir=" if command[0] == "latexmk" else "--outdir="
    return subprocess.run(
        [*command, f"{option}{scratch}", source.name],
        cwd=source.parent,
        env=os.environ
        | _fixed_date(source.read_text(encoding="utf-8"))
        | {"max_print_line": "1000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # where tectonic writes its errors
        text=True,
        errors="replace",
        check=False,
    )


def _fixed_date(latex: str) -> dict[str, str]:
    """Return environment variables that make an engine use the report's date as current date.

    https://reproducible-builds.org/specs/source-date-epoch/
    """
    found = re.search(r"\\date\{(\d{4}-\d\d-\d\d)\}", latex)
    day = datetime.fromisoformat(found[1] if found else "1970-01-01").replace(tzinfo=UTC)
    return {"SOURCE_DATE_EPOCH": f"{day.timestamp():.0f}", "FORCE_SOURCE_DATE": "1"}


def _complaint(output: str) -> str:
    """Return an engine's first error, on one line."""
    lines = output.splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith(("!", "error"))), None)
    return "see its log" if first is None else " ".join(lines[first : first + 3])


def main(argv: list[str] | None = None) -> int:
    """Make ``report/report.pdf`` of ``report/report.tex``."""
    parser = argparse.ArgumentParser(prog="python -m report.page.pdf", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    source = parser.parse_args(argv).folder / "report" / "report.tex"
    try:
        if not source.is_file():
            raise LatexError(f"{source}: is missing: python -m report.render writes it")
        made = build(source)
    except (LatexError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"The report: {made}" if made else NO_ENGINE)
    return 0 if made else 1


if __name__ == "__main__":
    sys.exit(main())
