"""The study as an RO-Crate (https://w3id.org/ro/crate/1.1): a description that machines read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from report.page.page import Page

Thing = dict[str, Any]

CRATE = "https://w3id.org/ro/crate/1.1"
LICENCE = "https://spdx.org/licenses/MIT"

TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".tex": "application/x-tex",
}


def crate(folder: Path, report: Path, page: Page, runs: pd.DataFrame) -> str:
    """Return ``ro-crate-metadata.json`` of a study, whose root is the study's folder.

    Parameters
    ----------
    folder
        The study's folder.
    report
        The folder of the report, within it.
    page
        The report's content.
    runs
        The table of runs.
    """
    records = _records(runs)
    parts = [*_files(folder, report), *records]
    training = {
        "@id": "#training",
        "@type": "CreateAction",
        "name": f"{len(runs)} training runs",
        "instrument": {"@id": "#workflow"},
        "result": _ids(records),
    }
    workflow = {
        "@id": "#workflow",
        "@type": ["SoftwareSourceCode", "ComputationalWorkflow"],
        "name": f"{page.title}, reproduced",
        "programmingLanguage": "Snakemake",
        "version": ", ".join(sorted({str(commit) for commit in runs["commit"]})),
    }
    graph = [*_root(page, parts), training, workflow, *_context(page), *parts]
    return json.dumps({"@context": f"{CRATE}/context", "@graph": graph}, indent=1) + "\n"


def _files(folder: Path, report: Path) -> list[Thing]:
    # The PDF isn't there yet: it is made of report.tex.
    made = [path for path in sorted(report.rglob("*")) if path.suffix not in (".pdf", ".log")]
    places = [folder / "study.json", *sorted((folder / "tables").glob("*.csv")), *made]
    return [
        {
            "@id": path.relative_to(folder).as_posix(),
            "@type": "File",
            "encodingFormat": TYPES[path.suffix],
            "name": path.name,
        }
        for path in places
        if path.suffix in TYPES
    ]


def _records(runs: pd.DataFrame) -> list[Thing]:
    return [
        {
            "@id": f"runs/{run}/seed{seed}/",
            "@type": "Dataset",
            "name": f"run record of {run}, seed {seed}",
        }
        for run, seed in zip(runs["run"], runs["seed"], strict=True)
    ]


def _root(page: Page, parts: list[Thing]) -> list[Thing]:
    return [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": CRATE},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"{page.title}: a reproduction, scale {page.scale}",
            "description": page.answer,
            "datePublished": page.date,
            "license": {"@id": LICENCE},
            "isBasedOn": {"@id": page.address},
            "hasPart": _ids(parts),
            "mentions": {"@id": "#training"},
        },
    ]


def _context(page: Page) -> list[Thing]:
    return [
        {
            "@id": page.address,
            "@type": "ScholarlyArticle",
            "name": page.title,
            "author": page.authors,
        },
        {"@id": LICENCE, "@type": "CreativeWork", "name": "MIT licence"},
    ]


def _ids(things: list[Thing]) -> list[Thing]:
    return [{"@id": thing["@id"]} for thing in things]
