"""Where every number comes from: code, hardware, data, commands, tables and run records."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import Any

import pandas as pd

from report.page.printed_table import Cell, Printed, Row, printed
from report.page.records import Records
from report.read.arms import name_of
from report.read.published import METRICS, Published
from report.read.records import MISSING
from report.read.tables import READ
from report.wording import count, duration, listed, percent, plural, seeds_named
from resnet.files import read_json

TITLE = "Reproducibility"

UNKNOWN = "not recorded"


def content(
    study: dict[str, Any],
    runs: pd.DataFrame,
    gaps: pd.DataFrame,
    data: dict[str, Any],
    records: Records,
    published: Published,
    folder: Path,
    root: str,
) -> dict[str, Any]:
    """Return provenance, commands, the tables' addresses, all runs, and what is missing."""
    return {
        "steps": steps(study, runs),
        "provenance": provenance(runs, data),
        "receipt": [
            *receipt(folder),
            *adopted(runs),
            *of_different_code(runs, _receipt(folder / "kept.json")),
            *imported(runs),
        ],
        "commands": commands(study, data, folder, partial=not gaps.empty),
        "files": [
            *((name, f"{root}/tables/{name}.csv") for name in ("rates", "networks")),
            *((name, f"../tables/{name}.csv") for name in ("claims", *READ)),
        ],
        "root": root,
        "runs": runs_table(study, runs, records, published.facts["metric"]),
        "missing": gaps_of(gaps),
        "missing_said": f"{plural(len(gaps), 'run has', 'runs have')} no record",
    }


def steps(study: dict[str, Any], runs: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the steps from declarations to this report, each with what it made."""
    ablations = len(study["ablations"])
    return [
        ("declarations", plural(ablations, "ablation")),
        ("runs", plural(len(runs), "record")),
        ("tables", "runs, epochs, comparisons"),
        ("claims", "a verdict each"),
        ("report", "this page, LaTeX"),
    ]


def gaps_of(gaps: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return the runs without a valid record, their seeds, and what is wrong with records."""
    found = []
    for run, rows in gaps.groupby("run", sort=False):
        reasons = "; ".join(rows.loc[rows["reason"] != MISSING, "reason"])
        found.append((str(run), seeds_named(list(rows["seed"])), reasons))
    return found


def provenance(runs: pd.DataFrame, data: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the provenance of the runs, as pairs of label and value."""

    def every(column: str) -> str:
        known = runs[column].dropna().drop_duplicates()
        return ", ".join(f"{value:g}" if column == "threads" else str(value) for value in known)

    return [
        ("Commit", every("commit")),
        ("Digest of the training code", every("code_digest")),
        ("Versions", every("versions")),
        ("Trained on", f"{every('device')} ({every('processor')})"),
        ("Precision", every("precision")),
        ("Threads a run", every("threads") or UNKNOWN),
        ("Most memory in a run", most_memory(runs)),
        ("Training time, all runs", duration(runs["seconds"].sum())),
        ("Seeds", _seeds(runs)),
        ("Images", f"{data['dataset']} from {data['source']}; {data['pixels']}"),
        ("SHA-256 of the training images", data["sha256"]["train"]),
        ("SHA-256 of the test images", data["sha256"]["test"]),
    ]


def _seeds(runs: pd.DataFrame) -> str:
    last = runs["seed"].max()
    return f"0 to {last} at most" if last else "0"


def most_memory(runs: pd.DataFrame) -> str:
    """Return the most memory that a run took, as far as it is known."""
    most = runs["peak_memory_mib"].max()
    return UNKNOWN if pd.isna(most) else f"{most:,.0f} MiB"


def receipt(folder: Path) -> list[str]:
    """Return the results of `resnet.verify`, and the records that it accepted."""
    rows = [row for row in _receipt(folder / "verification.json") if _is_there(row, folder)]
    again = [
        f"Trained again: {row['run']} seed {row['seed']}, {row['verdict']} "
        f"({row['points_apart']:g} points apart{_otherwise(row)})."
        for row in rows
    ] or [_not_verified(folder)]
    kept = [
        f"{plural(row['records'], 'record')} of commit {row['commit'][:12]} (code digest "
        f"{row['recorded']}) count as made by the code with digest {row['today']}: both gave the "
        f"same bits in the first {plural(row['steps'], 'step')} of {', '.join(row['runs'])}."
        for row in _receipt(folder / "kept.json")
    ]
    return again + kept


def _otherwise(row: dict[str, Any]) -> str:
    """Return in what else than chance a run that was trained again may differ, in words."""
    names = row.get("otherwise")
    return f", with other versions of {listed(names)}" if names else ""


def _is_there(row: dict[str, Any], folder: Path) -> bool:
    """Return whether a line of ``verification.json`` is about the record that is there now."""
    sums = folder / "runs" / row["run"] / f"seed{row['seed']}" / "SHA256SUMS"
    try:
        return hashlib.sha256(sums.read_bytes()).hexdigest() == row.get("record")
    except OSError:
        return False


def _not_verified(folder: Path) -> str:
    if not has_weights(folder):
        return "None of these records was verified by training again, which takes their weights."
    return "None of these records was verified by training again: python -m resnet.verify FOLDER."


def has_weights(folder: Path) -> bool:
    """Return whether a record in ``folder`` has its weights, which `resnet.verify` compares."""
    return any((folder / "runs").glob("*/seed*/model.safetensors"))


def _receipt(path: Path) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = read_json(path)
    except (OSError, ValueError):
        return []
    return rows


def adopted(runs: pd.DataFrame) -> list[str]:
    """Return the records that were made elsewhere and imported in spite of differences."""
    if "adopted" not in runs:
        return []
    mine = runs.dropna(subset="adopted")
    return [
        f"{plural(len(rows), 'record was', 'records were')} made elsewhere and "
        f"{'differs' if len(rows) == 1 else 'differ'} in: {differs} "
        f"({listed(sorted(set(rows['run'])))})."
        for differs, rows in mine.groupby("adopted", sort=False)
    ]


def of_different_code(runs: pd.DataFrame, kept: list[dict[str, Any]]) -> list[str]:
    """Return the runs whose seeds were trained by code that isn't known to train alike.

    ``kept`` has the rows of ``kept.json``: code that trains to the same bits.
    """
    alike: dict[str, set[str]] = {}
    for row in kept:
        alike.setdefault(row["recorded"], {row["recorded"]}).add(row["today"])
    known = runs.dropna(subset="code_digest")
    mixed = [
        str(run)
        for run, digests in known.groupby("run", sort=False)["code_digest"]
        if not set.intersection(*(alike.get(digest, {digest}) for digest in digests))
    ]
    if not mixed:
        return []
    return [
        f"In {plural(len(mixed), 'configuration')} the seeds were trained by different versions "
        "of the training code, which resnet.verify --keep hasn't found to train alike: "
        f"{listed(sorted(mixed))}."
    ]


def imported(runs: pd.DataFrame) -> list[str]:
    """Return the records of runs that others trained."""
    mine = runs.dropna(subset="imported")
    return [
        f"{plural(len(rows), 'record')} of runs that others trained, read from {source}: with the "
        "layers that are declared here, and without answers to single images."
        for source, rows in mine.groupby("imported", sort=False)
    ]


def commands(
    study: dict[str, Any], data: dict[str, Any], folder: Path, partial: bool = False
) -> list[str]:
    """Return the commands that train this study, and that check and show what is in ``folder``.

    Runs can be verified where records keep their weights. The report of a ``partial`` study is made
    by a command of its own, which trains nothing.
    """
    scale = study["scale"]
    asked = [f"scale={scale['name']}"]
    if data["source"] in ("archive", "parquet", "folders"):
        asked += [f"data_source={data['source']}", "data_folder=FOLDER"]
    asked += [f"{key}={value}" for key, value in study.get("options", {}).items()]
    given, place = " ".join(map(shlex.quote, asked)), f"results/{folder.name}"
    return [
        f"snakemake --cores all --config {given}",
        *([f"python -m resnet.verify {place} --sample 3"] if has_weights(folder) else []),
        f"python -m report.claims {place}",
        *([f"python -m report.render --partial {place}"] if partial else []),
    ]


def runs_table(study: dict[str, Any], runs: pd.DataFrame, records: Records, metric: str) -> Printed:
    """Return a table of all runs and seeds, each linked to its record.

    The first row of a run is where the report's links to that run lead. ``metric`` is the column of
    the paper's metric, which stands beside the last and the best epoch if it is another.
    """
    accuracies = {"final_test_accuracy": "last epoch", "best_test_accuracy": "best epoch"}
    accuracies.setdefault(metric, "paper's metric")
    columns = {"run": False, "arm": False, "seed": True, "status": False, "images seen": True}
    columns |= dict.fromkeys((*accuracies.values(), "train, as is", "seconds"), True)
    rows: list[Row] = [
        [
            Cell(row["run"], anchor=f"run-{row['run']}" if first else ""),
            name_of(study, row["run"]),
            Cell(str(row["seed"]), records.record(row["run"], row["seed"])),
            row["status"],
            count(row["images_seen"]),
            *(percent(row[column]) for column in accuracies),
            percent(row["final_plain_train_accuracy"]),
            f"{row['seconds']:.1f}",
        ]
        for row, first in zip(runs.to_dict("records"), ~runs["run"].duplicated(), strict=True)
    ]
    return printed(
        "Every run of every seed; a seed links to its record. The paper's metric: "
        f"{METRICS[metric]}. Train, as is: the training images without augmentation, in evaluation "
        "mode.",
        columns,
        rows,
    )
