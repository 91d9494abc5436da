"""The study as an RO-Crate (https://w3id.org/ro/crate/1.1): a description that machines read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from report.page.page import Page

TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".tex": "application/x-tex",
}


def crate(folder: Path, report: Path, tables: Path, page: Page, runs: pd.DataFrame) -> str:
    """Return ``ro-crate-metadata.json`` of a study, whose root is the study's folder.

    Parameters
    ----------
    folder
        The study's folder.
    report, tables
        The folders of the report and the tables, within it.
    page
        The report's content.
    runs
        The table of runs.
    """
    # The PDF isn't there yet: it is made of report.tex.
    made = [path for path in sorted(report.iterdir()) if path.suffix not in (".pdf", ".log")]
    places = [folder / "study.json", *sorted(tables.glob("*.csv")), *made]
    files = [
        {
            "@id": path.relative_to(folder).as_posix(),
            "@type": "File",
            "encodingFormat": TYPES[path.suffix],
            "name": path.name,
        }
        for path in places
        if path.suffix in TYPES
    ]
    records = [
        {
            "@id": f"runs/{run}/seed{seed}/",
            "@type": "Dataset",
            "name": f"run record of {run}, seed {seed}",
        }
        for run, seed in zip(runs["run"], runs["seed"], strict=True)
    ]
    parts = [*files, *records]
    about: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"{page.title}: a reproduction, scale {page.scale}",
            "description": page.answer,
            "datePublished": page.date,
            "license": {"@id": "https://spdx.org/licenses/MIT"},
            "isBasedOn": {"@id": page.repository},
            "hasPart": [{"@id": part["@id"]} for part in parts],
            "mentions": {"@id": "#training"},
        },
        {
            "@id": "#training",
            "@type": "CreateAction",
            "name": f"{len(runs)} training runs",
            "instrument": {"@id": "#workflow"},
            "result": [{"@id": record["@id"]} for record in records],
        },
        {
            "@id": "#workflow",
            "@type": ["SoftwareSourceCode", "ComputationalWorkflow"],
            "name": "Modified Resnet, reproduced",
            "programmingLanguage": "Snakemake",
            "version": ", ".join(sorted({str(commit) for commit in runs["commit"]})),
        },
        {
            "@id": page.repository,
            "@type": "ScholarlyArticle",
            "name": page.title,
            "author": page.authors,
        },
        {"@id": "https://spdx.org/licenses/MIT", "@type": "CreativeWork", "name": "MIT licence"},
    ]
    context = "https://w3id.org/ro/crate/1.1/context"
    return json.dumps({"@context": context, "@graph": [*about, *parts]}, indent=1) + "\n"
