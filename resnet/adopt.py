"""Import run records that were made elsewhere into a study: ``python -m resnet.adopt FOLDER``.

``python -m resnet.adopt FOLDER --into results/<scale>`` checks every record under FOLDER: its files
must be complete and unchanged, a run of the study must have the same config (names don't count),
and code, package versions and hardware must match this checkout and the study's other records.
The command copies each valid record to the path where Snakemake expects it, with a newer timestamp
than the images, so that the next call trains only the missing runs. A record with differences is
refused, or with ``--as-they-are`` imported and listed in the report.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet.config import from_record, to_json
from resnet.files import end, listed, new_folder, read_json, write_json
from resnet.images.sources.cache import DataError, read_facts
from resnet.job import checksums
from resnet.job.kept import NAME as KEPT
from resnet.job.kept import Kept, read_kept
from resnet.job.provenance import PACKAGES, training_digest, versions
from resnet.job.record import FILES
from resnet.settings import ConfigError

SNAKEMAKE = Path(".snakemake")
"""Where Snakemake keeps what it knows of files, in the project's folder."""

HARDWARE = ("device", "precision")
"""Fields of ``summary.json`` that must be equal for two runs to be compared in a pair."""


@dataclass(frozen=True)
class Planned:
    """The runs of a study by the identity of their configs, the seeds of each, images and code."""

    names: dict[str, str]
    seeds: dict[str, int]
    images: dict[str, Any]
    kept: list[Kept]


def read_planned(folder: Path) -> Planned:
    """Return what the study in ``folder`` plans, from its ``study.json``.

    Raises
    ------
    ValueError
        If that file or the study's images are missing or invalid.
    """
    path = folder / "study.json"
    try:
        study = read_json(path)
        runs, dataset = study["runs"], study["scale"]["dataset"]
        configs = {run: from_record(r["config"]) for run, r in runs.items() if r["config"]}
        names = {to_json(config): run for run, config in configs.items()}
        seeds = {run: int(runs[run].get("most", runs[run]["seeds"])) for run in configs}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: can't be read ({error}); it says which runs the study plans, and "
            f"`snakemake {path}` writes it, or without Snakemake `python -m ablations document "
            f"--output {path}`, each with the study's --config, such as --config scale=paper"
        ) from None
    try:
        # A study that is kept without its images has their facts beside study.json.
        kept = (folder / "data.json").is_file()
        facts = read_facts(folder if kept else folder.parent / "data" / dataset)
    except DataError as error:
        raise ValueError(
            f"{error}. Records must be newer than the images, or Snakemake trains them again: make "
            "the images first, with `snakemake --until data`"
        ) from None
    return Planned(names, seeds, facts, read_kept(folder))


def broken(record: Path) -> list[str]:
    """Return the problems with a record's files, one line for each."""
    missing = [n for n in FILES if n != checksums.WEIGHTS and not (record / n).is_file()]
    return [f"{record / name}: is missing" for name in missing] or checksums.problems(record)


def run_of(record: Path, planned: Planned) -> tuple[str, int]:
    """Return the name of the study's run that has the record's config, and the record's seed.

    Raises
    ------
    ConfigError
        If the record's config isn't valid in this project.
    ValueError
        If the study plans no run with that config and seed.
    """
    config = read_json(record / "config.json")
    seed = int(config.pop("seed"))
    run = planned.names.get(to_json(from_record(config)))
    if run is None:
        raise ValueError("no run of the study has its config")
    if read_json(record / "summary.json")["seed"] != seed:
        raise ValueError("summary.json and config.json have different seeds")
    if seed >= planned.seeds[run]:
        raise ValueError(
            f"its seed is {seed}, and {run} is planned with the seeds 0 to {planned.seeds[run] - 1}"
        )
    return run, seed


def differences(record: Path, study: Path, planned: Planned) -> list[str]:
    """Return in words how a record was made differently from a run of the study.

    Parameters
    ----------
    record
        The record's folder.
    study
        The study's folder, whose own records agree on the hardware.
    planned
        What the study plans, with its images and the older code that it accepts.
    """
    summary = read_json(record / "summary.json")
    config = from_record(read_json(record / "config.json"))
    code = (summary.get("commit"), summary.get("code_digest"), training_digest(config))
    known = [(k.commit, k.recorded, k.today) for k in planned.kept]
    found = []
    if code[1] != code[2] and code not in known:
        found.append(f"code of commit {str(code[0])[:12]}")
    theirs, ours = summary.get("versions"), versions(*PACKAGES)
    # Runs that others trained state no versions.
    theirs = theirs if isinstance(theirs, dict) else {}
    expected = {
        **{name: (theirs.get(name), version) for name, version in ours.items()},
        **{key: (summary.get(key), value) for key, value in hardware_of(study).items()},
        "images": (summary.get("data", {}).get("sha256"), planned.images["sha256"]),
    }
    found += [
        "other images" if key == "images" else f"{key} {there}, here {here}"
        for key, (there, here) in expected.items()
        if there != here
    ]
    return found


def hardware_of(study: Path) -> dict[str, str]:
    """Return those `HARDWARE` fields that have the same value in all of a study's own records."""
    summaries = []
    for path in study.glob("runs/*/seed*/summary.json"):
        # A damaged one may be what this call repairs.
        with contextlib.suppress(ValueError):
            summaries.append(read_json(path))
    own = [s for s in summaries if isinstance(s, dict) and not s.get("adopted", {}).get("differs")]
    values = {key: {str(s.get(key)) for s in own} for key in HARDWARE}
    return {key: found.pop() for key, found in values.items() if len(found) == 1}


def results_of(record: Path) -> list[str]:
    """Return the checksums of a record's files, but for the summary, which importing edits."""
    text = (record / checksums.NAME).read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    return [line for line in lines if not line.endswith(("summary.json", checksums.WEIGHTS))]


def take(record: Path, into: Path, run: str, differs: list[str]) -> None:
    """Copy a record to its place in a study, under the study's name for its run."""
    summary: dict[str, Any] = read_json(record / "summary.json")
    with new_folder(into) as beside:
        for file in listed(record, "*"):
            # copyfile sets new timestamps: Snakemake accepts only files newer than the images.
            shutil.copyfile(file, beside / file.name)
        # What it differed in where it was adopted before may not hold here.
        said = summary.get("adopted", {}).get("differs", [])
        if summary["run"] != run or said != differs:
            summary |= {"run": run, "adopted": {"differs": differs}}
            write_json(beside / "summary.json", summary)
            (beside / checksums.NAME).unlink()
            checksums.write(beside)
    forget(into)


def forget(record: Path) -> None:
    """Remove what Snakemake knows of how a record's files were made, since these are others.

    It would train a run again whose code, versions or images have changed since it made the record
    that was there before. What it knows is in files named after the outputs' paths, in base64.
    """
    for file in record.iterdir():
        name = urlsafe_b64encode(os.path.relpath(file).encode()).decode()
        for kind in ("metadata", "incomplete"):
            with contextlib.suppress(OSError):
                (SNAKEMAKE / kind / name).unlink()


class Refused(Exception):  # noqa: N818 - the call goes on
    """A record that isn't imported: which one, and why."""


def adopt_one(record: Path, study: Path, planned: Planned, args: argparse.Namespace) -> bool:
    """Import a record, and return whether the study didn't have it yet.

    Raises
    ------
    Refused
        If the record is damaged, not planned, different, or if its place is taken by another.
    """
    problems = broken(record)
    if problems:
        raise Refused("; ".join(problems))
    try:
        run, seed = run_of(record, planned)
        differs = differences(record, study, planned)
    except (ConfigError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else error
        raise Refused(f"{record}: {reason}") from None
    if differs and not args.as_they_are:
        raise Refused(
            f"{record}: differs ({'; '.join(differs)}); --as-they-are takes it, and code that a "
            f"{KEPT} in {study} lists is no difference"
        )
    into = study / "runs" / run / f"seed{seed}"
    if (into / checksums.NAME).is_file() and not args.replace:
        if results_of(into) != results_of(record):
            raise Refused(f"{record}: {into} holds another record; --replace replaces it")
        # The same record is repaired; a file that somebody put beside its own is no damage.
        if not [problem for problem in broken(into) if not problem.endswith(checksums.ADDED)]:
            return False
    take(record, into, run, differs)
    return True


def main(argv: list[str] | None = None) -> int:
    """Import records that were made elsewhere into a study."""
    parser = argparse.ArgumentParser(
        prog="python -m resnet.adopt",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where the records are, at any depth")
    parser.add_argument("--into", type=Path, required=True, help="results/<scale>")
    parser.add_argument("--as-they-are", action="store_true", help="take what differs, too")
    parser.add_argument("--replace", action="store_true", help="replace records that are there")
    args = parser.parse_args(argv)
    # Hidden folders are copies that runs keep beside their records.
    found = sorted(path.parent for path in args.folder.rglob("summary.json"))
    records = [record for record in found if not record.name.startswith(".")]
    taken = refused = 0
    try:
        planned = read_planned(args.into)
        for record in records:
            try:
                taken += adopt_one(record, args.into, planned, args)
            except Refused as error:
                refused += 1
                print(f"refused: {error}", file=sys.stderr)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if not records:
        print(f"error: {args.folder}: no run record, which has a summary.json", file=sys.stderr)
        return 1
    had = len(records) - taken - refused
    print(f"{args.into}: {taken} records were taken, {had} were there already, {refused} refused")
    return 1 if refused else 0


if __name__ == "__main__":
    end(main)
