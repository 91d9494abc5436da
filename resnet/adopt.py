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
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet.config import from_record, to_json
from resnet.files import new_folder
from resnet.job import checksums
from resnet.job.provenance import PACKAGES, training_digest, versions
from resnet.job.record import FILES
from resnet.settings import ConfigError

HARDWARE = ("device", "precision")
"""Fields of ``summary.json`` that must be equal for two runs to be compared in a pair."""


@dataclass(frozen=True)
class Planned:
    """The runs of a study by the identity of their configs, and how many seeds each has."""

    names: dict[str, str]
    seeds: dict[str, int]


def read_planned(folder: Path) -> Planned:
    """Return the planned runs of the study in ``folder``, from its ``study.json``.

    Raises
    ------
    ValueError
        If the file is missing or has unexpected content.
    """
    path = folder / "study.json"
    try:
        runs = json.loads(path.read_text())["runs"]
        configs = {run: from_record(r["config"]) for run, r in runs.items() if r["config"]}
        names = {to_json(config): run for run, config in configs.items()}
        return Planned(names, {run: int(runs[run]["seeds"]) for run in configs})
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: can't be read ({error}); it says which runs the study plans, and "
            f"`snakemake {path}`, or `python -m ablations study --output {path}`, writes it"
        ) from None


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
    config = json.loads((record / "config.json").read_text())
    seed = int(config.pop("seed"))
    run = planned.names.get(to_json(from_record(config)))
    if run is None:
        raise ValueError(f"{record}: no run of the study has its config")
    if seed >= planned.seeds[run]:
        raise ValueError(
            f"{record}: its seed is {seed}, and {run} is planned with the seeds 0 to "
            f"{planned.seeds[run] - 1}"
        )
    return run, seed


def differences(record: Path, hardware: dict[str, str]) -> list[str]:
    """Return in words how a record's code, versions and hardware differ from those here.

    Parameters
    ----------
    record
        The record's folder.
    hardware
        Values of the `HARDWARE` fields in the study's other records; missing keys aren't compared.
    """
    summary = json.loads((record / "summary.json").read_text())
    config = from_record(json.loads((record / "config.json").read_text()))
    found = []
    if summary.get("code_digest") != training_digest(config):
        found.append(f"code of commit {str(summary.get('commit'))[:12]}")
    theirs, ours = summary.get("versions", {}), versions(*PACKAGES)
    found += [
        f"{name} {theirs.get(name)}, here {ours[name]}"
        for name in ours
        if theirs.get(name) != ours[name]
    ]
    found += [
        f"{key} {summary.get(key)}, in the study {value}"
        for key, value in hardware.items()
        if summary.get(key) != value
    ]
    return found


def hardware_of(folder: Path) -> dict[str, str]:
    """Return those `HARDWARE` fields that have the same value in all records of a study."""
    summaries = [json.loads(p.read_text()) for p in folder.glob("runs/*/seed*/summary.json")]
    values = {key: {str(s.get(key)) for s in summaries} for key in HARDWARE}
    return {key: found.pop() for key, found in values.items() if len(found) == 1}


def take(record: Path, into: Path, run: str, differs: list[str]) -> None:
    """Copy a record to its place in a study, under the study's name for its run."""
    summary: dict[str, Any] = json.loads((record / "summary.json").read_text())
    renamed = summary["run"] != run
    with new_folder(into) as beside:
        for file in record.iterdir():
            # copyfile sets new timestamps: Snakemake accepts only files newer than the images.
            shutil.copyfile(file, beside / file.name)
        if renamed or differs:
            summary |= {"run": run, "adopted": {"differs": differs}}
            (beside / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
            (beside / checksums.NAME).unlink()
            checksums.write(beside)


def adopt(folder: Path, study: Path, as_they_are: bool) -> tuple[int, list[str]]:
    """Import a folder's records into a study; return how many, and a line for each refusal."""
    planned, hardware = read_planned(study), hardware_of(study)
    taken, refused = 0, []
    found = sorted(path.parent for path in folder.rglob("summary.json"))
    # Hidden folders are copies that runs keep beside their records.
    for record in (r for r in found if not r.name.startswith(".")):
        problems = broken(record)
        if problems:
            refused += problems
            continue
        try:
            run, seed = run_of(record, planned)
            differs = differences(record, hardware)
        except (ConfigError, ValueError, LookupError, TypeError) as error:
            refused.append(str(error))
            continue
        if differs and not as_they_are:
            refused.append(f"{record}: differs ({'; '.join(differs)}); --as-they-are takes it")
            continue
        take(record, study / "runs" / run / f"seed{seed}", run, differs)
        taken += 1
    return taken, refused


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
    args = parser.parse_args(argv)
    try:
        taken, refused = adopt(args.folder, args.into, args.as_they_are)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in refused:
        print(f"refused: {line}", file=sys.stderr)
    print(f"{args.into}: {taken} records were taken, {len(refused)} refused")
    return 1 if refused or not taken else 0


if __name__ == "__main__":
    sys.exit(main())
