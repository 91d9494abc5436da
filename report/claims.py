"""Judge every claim and print the verdicts: ``python -m report.claims results/<scale>``.

The exit status is 1 if a claim in ``must_hold`` isn't supported.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from report.judge.claims import judge, judge_own, to_table
from report.judge.verdicts import Verdict
from report.read.files import RecordError
from report.read.tables import read_tables
from report.writing import write_csv
from resnet.files import end


def main(argv: list[str] | None = None) -> int:
    """Judge every claim and print the verdicts, or write them to ``tables/claims.csv``."""
    parser = argparse.ArgumentParser(prog="python -m report.claims", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument(
        "--write-only",
        action="store_true",
        help="write tables/claims.csv and print nothing; the exit status is then 0 even if a claim "
        "in must_hold isn't supported",
    )
    args = parser.parse_args(argv)
    try:
        tables = read_tables(args.folder)
        verdicts = [*judge(tables), *judge_own(tables)]
        if args.write_only:
            write_csv(to_table(verdicts), args.folder / "tables" / "claims.csv")
            return 0
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    required = set(tables.study["must_hold"])
    unknown = sorted(required - {v.id for v in verdicts})
    for v in verdicts:
        print(f"{v.says}: {v.label} [{v.id}]", *_lines(v), sep="\n    ")
    broken = [v for v in verdicts if v.id in required and not v.holds]
    for v in broken:
        print(f"error: {v.id} must hold, but its verdict is: {v.label}", file=sys.stderr)
    for claim in unknown:
        print(f"error: {claim} must hold, but there is no such claim any more", file=sys.stderr)
    return 1 if broken or unknown else 0


def _lines(v: Verdict) -> Iterator[str]:
    """Yield what to print of a verdict."""
    yield from (part.sentence for part in v.parts)
    yield from v.remarks
    yield from (f"Beside it: {part.sentence}" for part in v.beside)
    yield from (part.sentence for part in (v.here.parts if v.here else ()))
    if v.label_here:
        yield f"By themselves these runs would say: {v.label_here}."
    yield from (f"{log.sentence} By itself this would say: {log.verdict}." for log in v.logs)


if __name__ == "__main__":
    end(main)
