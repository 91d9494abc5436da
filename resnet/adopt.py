"""Take run records that were made elsewhere into a study: ``python -m resnet.adopt FOLDER``.

``python -m resnet.adopt FOLDER --into results/<scale>`` looks at every record under FOLDER: whether
its parts are there and as they were written, whether a run of the study has its config (names don't
count), and whether it was made by today's code, with the versions here, on hardware like that of
the study's other records. Then it copies the record to where Snakemake looks for it, newer than the
images, so that the next call trains only what is missing. What differs is refused, or with
``--as-they-are`` taken and named in the report.
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
"""What of the hardware pairs of runs must share."""


@dataclass(frozen=True)
class Planned:
    """The runs of a study by the identity of their configs, and how many seeds each has."""

    names: dict[str, str]
    seeds: dict[str, int]


def read_planned(folder: Path) -> Planned:
    """Return what the study in ``folder`` plans, from its ``study.json``.

    Raises
    ------
    ValueError
        Where the file is missing or holds something else.
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
    """Return what is wrong with a record's parts, a line each."""
    missing = [n for n in FILES if n != checksums.WEIGHTS and not (record / n).is_file()]
    return [f"{record / name}: is missing" for name in missing] or checksums.problems(record)


def run_of(record: Path, planned: Planned) -> tuple[str, int]:
    """Return the run and the seed of the study that a record is of.

    Raises
    ------
    ConfigError
        Where the record's config isn't one of this project's.
    ValueError
        Where the study plans no such run.
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
    """Return in what a record was made otherwise than a run here would be, in words.

    Parameters
    ----------
    record
        The record's folder.
    hardware
        What the study's other records say of `HARDWARE`; what it lacks isn't compared.
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
    """Return what the records in a study agree on of `HARDWARE`."""
    summaries = [json.loads(p.read_text()) for p in folder.glob("runs/*/seed*/summary.json")]
    values = {key: {str(s.get(key)) for s in summaries} for key in HARDWARE}
    return {key: found.pop() for key, found in values.items() if len(found) == 1}


def take(record: Path, into: Path, run: str, differs: list[str]) -> None:
    """Copy a record to its place in a study, under the study's name for its run."""
    summary: dict[str, Any] = json.loads((record / "summary.json").read_text())
    renamed = summary["run"] != run
    with new_folder(into) as beside:
        for file in record.iterdir():
            # Not with its times: Snakemake takes what is newer than the images.
            shutil.copyfile(file, beside / file.name)
        if renamed or differs:
            summary |= {"run": run, "adopted": {"differs": differs}}
            (beside / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
            (beside / checksums.NAME).unlink()
            checksums.write(beside)


def adopt(folder: Path, study: Path, as_they_are: bool) -> tuple[int, list[str]]:
    """Take what a folder has for a study, and return how many records and what was refused."""
    planned, hardware = read_planned(study), hardware_of(study)
    taken, refused = 0, []
    found = sorted(path.parent for path in folder.rglob("summary.json"))
    # Hidden folders are what runs kept beside their records.
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
    """Take records that were made elsewhere into a study."""
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
