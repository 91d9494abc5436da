"""Fill the README with a study's verdicts: ``python -m report.readme results/<scale>``.

The text between the lines ``<!-- results -->`` and ``<!-- /results -->`` is replaced.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from report.judge.claims import judge
from report.judge.parts import NOT_RUN, SUPPORTED
from report.judge.verdicts import Verdict
from report.page.sections.opening.verdicts import counted_sentence
from report.page.summary import verdict_table
from report.read.files import RecordError
from report.read.tables import Tables, read_tables
from report.writing import write_text

BLOCK = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- /results -->)", re.DOTALL)


def is_shown(verdict: Verdict) -> bool:
    """Return whether a claim has a row: all that were tested, but for arithmetic that holds."""
    arithmetic = verdict.type == "exact" and verdict.verdict == SUPPORTED
    return verdict.verdict != NOT_RUN and not arithmetic


def results(tables: Tables) -> str:
    """Return the verdicts in Markdown, with the claims of `is_shown` as a table."""
    verdicts = judge(tables)
    return (
        f"{counted_sentence(verdicts)} All but arithmetic that holds, and what was not run:\n\n"
        f"{verdict_table(filter(is_shown, verdicts), labels=False)}"
    )


def main(argv: list[str] | None = None) -> int:
    """Fill the README with a study's verdicts."""
    parser = argparse.ArgumentParser(prog="python -m report.readme", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument("--file", type=Path, default=Path("README.md"))
    args = parser.parse_args(argv)
    try:
        text = args.file.read_text(encoding="utf-8")
        if not BLOCK.search(text):
            raise RecordError(f"{args.file}: no line <!-- results --> before one <!-- /results -->")
        filled = results(read_tables(args.folder))
        write_text(BLOCK.sub(lambda _: filled, text), args.file)
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
