"""Compare two studies: ``python -m report.compare results/A results/B`` prints the differences.

It compares runs, configs, code, versions and hardware, accuracies and effects relative to their
intervals, and verdicts. The exit status is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

from report.judge.claims import judge, judge_own
from report.judge.pairs import accuracies
from report.judge.statistics.effects import effect_of
from report.read.files import RecordError
from report.read.tables import Tables, read_tables
from report.wording import interval, percent, setting, signed
from resnet.files import end

ORIGINS = ("code_digest", "commit", "versions", "device", "processor", "precision", "threads")
"""The columns of ``runs.csv`` that state the provenance of results."""


def changes(a: Tables, b: Tables) -> list[str]:
    """Return a line for every difference between two studies, in a fixed order."""
    return [
        *_runs(a, b),
        *_configs(a, b),
        *_origins(a, b),
        *_numbers(a, b),
        *_effects(a, b),
        *_verdicts(a, b),
    ]


def _shared(a: Tables, b: Tables) -> list[str]:
    return [run for run in a.study["runs"] if run in b.study["runs"]]


def _runs(a: Tables, b: Tables) -> list[str]:
    ours, theirs = a.study["runs"], b.study["runs"]
    gone = [f"run {run}: only in the first" for run in ours if run not in theirs]
    return gone + [f"run {run}: only in the second" for run in theirs if run not in ours]


def _flat(config: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(config, dict):
        return {prefix: config}
    parts = (_flat(v, f"{prefix}.{k}" if prefix else k) for k, v in config.items())
    return {key: value for part in parts for key, value in part.items()}


def _configs(a: Tables, b: Tables) -> list[str]:
    lines = []
    for run in _shared(a, b):
        one, other = (_flat(t.study["runs"][run]["config"]) for t in (a, b))
        for key in dict.fromkeys([*one, *other]):
            if one.get(key) != other.get(key):
                was, now = setting(key, one.get(key)), setting(key, other.get(key))
                lines.append(f"config of {run}: {was} became {now}")
    return lines


def _origins(a: Tables, b: Tables) -> list[str]:
    lines = []
    for column in ORIGINS:
        one, other = (", ".join(map(str, t.runs[column].drop_duplicates())) for t in (a, b))
        if one != other:
            lines.append(f"{column.replace('_', ' ')}: {one} became {other}")
    return lines


def _numbers(a: Tables, b: Tables) -> list[str]:
    """Return a line for each run with a different accuracy, stating if the interval excludes 0."""
    lines = []
    for run in _shared(a, b):
        one, other = (accuracies(t.runs, run, t.study["runs"][run]["seeds"]) for t in (a, b))
        # The seeds that both have.
        one, other = (values.dropna() for values in (one, other))
        one, other = one.align(other, join="inner")
        moved = effect_of((other - one).to_numpy())
        if not moved.n or abs(moved.difference) < 1e-9:
            continue
        low, high = moved.interval()
        beyond = math.isnan(low) or not low <= 0 <= high
        how = "" if math.isnan(low) else f", interval {interval(low, high)}"
        word = "moved" if beyond else "moved within its interval"
        lines.append(
            f"accuracy of {run} {word}: {percent(one.mean() / 100)} to "
            f"{percent(other.mean() / 100)} ({signed(moved.difference)} points{how})"
        )
    return lines


def _effects(a: Tables, b: Tables) -> list[str]:
    """Return the effects of the second study that are outside the first study's interval."""
    keys = ["ablation", "arm"]
    both = a.comparisons.merge(b.comparisons, on=keys, suffixes=("", "_then"))
    lines = []
    for row in both.to_dict("records"):
        now = row["difference_points_then"]
        low, high = row["low_points"], row["high_points"]
        if now < low or now > high:
            lines.append(
                f"effect of {row['arm']} ({row['ablation']}) left its interval: "
                f"{signed(row['difference_points'])} ({interval(low, high)}) to {signed(now)}"
            )
    return lines


def _verdicts(a: Tables, b: Tables) -> list[str]:
    one, other = ({v.id: v.verdict for v in (*judge(t), *judge_own(t))} for t in (a, b))
    return [
        f"claim {claim}: {one[claim]} became {other[claim]}"
        for claim in one
        if claim in other and one[claim] != other[claim]
    ]


def main(argv: list[str] | None = None) -> int:
    """Print the differences between two studies."""
    parser = argparse.ArgumentParser(prog="python -m report.compare", description=main.__doc__)
    parser.add_argument("first", type=Path, help="results/<scale>")
    parser.add_argument("second", type=Path)
    args = parser.parse_args(argv)
    try:
        lines = changes(read_tables(args.first), read_tables(args.second))
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(lines) if lines else "no change")
    return 1 if lines else 0


if __name__ == "__main__":
    end(main)
