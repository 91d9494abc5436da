"""Fill Markdown files with a study's results: ``python -m report.readme results/<scale> FILE...``.

The text between the lines ``<!-- NAME -->`` and ``<!-- /NAME -->`` is replaced, for each name in
`BLOCKS`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from report.judge.claims import judge
from report.judge.parts import DECIDED, NOT_RUN, SUPPORTED, UNDECIDED
from report.judge.verdicts import Verdict
from report.page.sections.opening.verdicts import counted_sentence
from report.page.summary import table, verdict_table
from report.read.files import RecordError
from report.read.tables import Tables, read_tables
from report.wording import counted, plural
from report.writing import write_text


def is_shown(verdict: Verdict) -> bool:
    """Return whether a claim has a row: what was run in full, but for arithmetic that holds."""
    arithmetic_that_holds = not verdict.trained and verdict.verdict == SUPPORTED
    waiting = verdict.verdict == UNDECIDED and any(part.waiting for part in verdict.parts)
    return verdict.verdict != NOT_RUN and not waiting and not arithmetic_that_holds


def results(tables: Tables) -> str:
    """Return the verdicts in Markdown, with the claims of `is_shown` as a table."""
    verdicts = judge(tables)
    shown = [verdict for verdict in verdicts if is_shown(verdict)]
    decided = [v for v in verdicts if v.trained and v.verdict in DECIDED]
    by = f" Decided by training: {counted(v.verdict for v in decided)}" if decided else ""
    late = sum(bool(v.post_hoc) for v in decided)
    if late:
        by += f"; {late} of these *post hoc*, by a run that began, or may have begun, before the "
        by += "claim's test was written"
    table = verdict_table(shown, labels=False)
    return (
        f"{counted_sentence(verdicts)}{by}{'.' * bool(by)} The table omits arithmetic that "
        f"holds, and claims whose runs are missing or incomplete.\n\n{table}"
    )


def runs(tables: Tables) -> str:
    """Return in Markdown how many runs each kind of device trained here, in how many hours."""
    mine = tables.runs[tables.runs["imported"].isna()]
    every = mine.assign(hours=mine["seconds"] / 3600)
    by_device = every.groupby(["processor", "device", "precision"], sort=True)["hours"]
    rows = [(*names, str(len(hours)), f"{hours.sum():.2f}") for names, hours in by_device]
    said = f"{plural(len(every), 'run')}, {every['hours'].sum():.1f} hours of training:"
    return f"{said}\n\n{table(('processor', 'trained on', 'precision', 'runs', 'hours'), rows)}"


BLOCKS: dict[str, Callable[[Tables], str]] = {"results": results, "runs": runs}
"""What is written between the lines of each name."""


def fill(text: str, tables: Tables) -> str:
    """Return a text with its blocks filled.

    Raises
    ------
    RecordError
        If it has no block, or one that doesn't end.
    """
    named = [name for name in BLOCKS if f"<!-- {name} -->\n" in text]
    if not named:
        raise RecordError(f"no line <!-- {' --> or <!-- '.join(BLOCKS)} -->")
    for name in named:
        before, _, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        if not end:
            raise RecordError(f"no line <!-- /{name} --> after the one <!-- {name} -->")
        text = f"{before}<!-- {name} -->\n{BLOCKS[name](tables)}{end}{after}"
    return text


def main(argv: list[str] | None = None) -> int:
    """Fill Markdown files with a study's results."""
    parser = argparse.ArgumentParser(prog="python -m report.readme", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    args = parser.parse_args(argv)
    try:
        tables = read_tables(args.folder)
        for file in args.files:
            try:
                filled = fill(file.read_text(encoding="utf-8"), tables)
            except RecordError as error:
                raise RecordError(f"{file}: {error}") from None
            write_text(filled, file)
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
