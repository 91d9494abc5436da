"""Build the report's content: the typed context of both the HTML and the LaTeX template."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from report.draw import registry
from report.judge.claims import judge, judge_own
from report.judge.verdicts import Verdict
from report.page import paper_tables, prose, study_tables
from report.page.findings import ablation_findings
from report.page.printed_table import Printed, data_table, record_link
from report.read.files import RecordError, read_json
from report.read.tables import (
    READ,
    Tables,
    final_network,
    final_run,
    first_seed,
    read_table,
    runs_of,
)
from report.wording import count, duration, plural


@dataclass(frozen=True)
class Picture:
    """A figure's name, alt text, captions and data.

    ``column_caption`` is the caption of the figure with a paper column's width.
    """

    name: str
    alt: str
    caption: str
    column_caption: str
    data: Printed

    @property
    def shows_something(self) -> bool:
        """Whether the figure has any data."""
        return bool(self.data.rows)


@dataclass(frozen=True)
class Section:
    """An ablation's section of the report; ``more`` has its figures in other sections."""

    name: str
    title: str
    question: str
    source: str
    table: Printed
    pictures: list[Picture]
    more: list[Picture]
    findings: list[str]
    cost: str
    verdicts: list[Verdict]


@dataclass(frozen=True)
class Report:
    """All content of the templates, which raise errors for undefined names.

    ``contents`` has the sections' anchors and titles; ``figures`` the figures of each section,
    except those of single ablations; ``evidence`` the links to the runs behind the parts of a
    claim; ``files`` the tables' names and paths. ``root`` is the relative path from the report to
    ``results/<scale>``.
    """

    title: str
    authors: str
    repository: str
    date: str
    scale: str
    dataset: str
    about: str
    real_images: bool
    counts: list[tuple[str, int]]
    counted: str
    headline: list[tuple[str, str]]
    verdicts_table: Printed
    protocol: list[str]
    protocol_table: Printed
    contents: list[tuple[str, str]]
    figures: dict[str, list[Picture]]
    figure1: Printed
    assumptions: str
    log_published: str
    log_ours: str
    rates: Printed
    rates_note: str
    final_seed: int | None
    final_parameters: str
    summary: Printed
    structure: Printed
    structure_note: str
    sections: list[Section]
    classes: Printed
    classes_note: str
    optimism: list[str]
    chance: Printed
    chance_note: str
    verdicts: list[Verdict]
    own_verdicts: list[Verdict]
    contradictions: list[str]
    limits: list[str]
    gaps: list[dict[str, Any]]
    evidence: dict[str, str]
    files: list[tuple[str, str]]
    runs: Printed
    provenance: list[tuple[str, str]]
    receipt: list[str]
    commands: list[str]
    citation: list[str]
    references: tuple[tuple[str, str], ...]
    root: str


def context(folder: Path, tables: Tables, figures: Path) -> Report:
    """Return the report's content.

    Parameters
    ----------
    folder
        ``results/<scale>``.
    tables
        The study's tables.
    figures
        The folder of the study's figures.
    """
    facts, study, date = tables.published.facts, tables.study, today()
    run = final_run(tables)
    layers = final_network(tables)
    verdicts, own = judge(tables), judge_own(tables)
    published_log = tables.published.logs.query("run == 'final' and 11 <= epoch <= 17")
    seed = first_seed(tables, run)
    ours = tables.epochs.query("run == @run and seed == @seed")
    parameters = count(facts["final_model"]["parameters"])

    designs = {name: ablation["design"] for name, ablation in study["ablations"].items()}
    drawn = [(f, read_picture(tables, figures, f.name)) for f in registry.figures_of(designs)]
    by_section = {
        section: [it for f, it in drawn if f.entry.section == section and it.shows_something]
        for section in registry.SECTIONS
        if section != "ablations"
    }

    return Report(
        title=facts["title"],
        authors=", ".join(facts["authors"]),
        repository=facts["repository"],
        date=date,
        scale=study["scale"]["name"],
        dataset=tables.data["dataset"],
        about=study["scale"]["about"],
        real_images=study["scale"]["dataset"] == "cifar10",
        counts=prose.counts(verdicts),
        counted=prose.counted_sentence(verdicts),
        headline=prose.headline(tables),
        verdicts_table=study_tables.verdicts_table(verdicts, "The paper"),
        protocol=prose.protocol(tables),
        protocol_table=study_tables.protocol_table(tables),
        figure1=paper_tables.figure1_table(tables),
        contents=_contents(by_section),
        figures=by_section,
        assumptions=prose.ASSUMPTIONS,
        log_published=prose.log_lines(published_log, "printed_lr"),
        log_ours=prose.log_lines(ours, "printed_learning_rate", last=7),
        rates=paper_tables.rates_table(tables),
        rates_note=prose.RATES,
        final_seed=seed,
        final_parameters=parameters,
        summary=paper_tables.summary_table(layers),
        structure=paper_tables.structure_table(tables, layers),
        structure_note=(
            f"The printed sizes contradict the model that has {parameters} parameters and no "
            "maxpool: its real sizes stand beside them."
        ),
        sections=[_section(tables, drawn, name, [*verdicts, *own]) for name in study["ablations"]],
        classes=study_tables.classes_table(tables),
        classes_note=prose.class_sentence(tables),
        optimism=prose.optimism(tables),
        chance=study_tables.chance_table(tables),
        chance_note=prose.chance_sentence(tables),
        verdicts=verdicts,
        own_verdicts=own,
        contradictions=prose.contradictions(tables),
        limits=prose.limits(tables),
        gaps=tables.gaps.to_dict("records"),
        evidence=_evidence(tables),
        files=[
            *((name, f"{tables.root}/tables/{name}.csv") for name in ("rates", "networks")),
            *((name, f"../tables/{name}.csv") for name in ("claims", *READ)),
        ],
        runs=study_tables.runs_table(tables),
        provenance=prose.provenance(tables),
        receipt=[*prose.receipt(folder), *prose.adopted(tables)],
        commands=prose.commands(tables, folder),
        citation=prose.citation(tables, date),
        references=prose.REFERENCES,
        root=tables.root,
    )


def _evidence(tables: Tables) -> dict[str, str]:
    """Return links to the runs behind the parts of claims, by the name of the arm or run."""
    runs = set(tables.runs["run"])
    links = {"Figure 2": "#figure-2"} | {run: str(record_link(tables, run)) for run in runs}
    for name, ablation in tables.study["ablations"].items():
        links |= {f"{name}.{arm['name']}": f"#ablation-{name}" for arm in ablation["arms"]}
    return links


def today() -> str:
    """Return today's date, or the date of SOURCE_DATE_EPOCH for a reproducible report."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return now.strftime("%Y-%m-%d")


def read_picture(tables: Tables, figures: Path, name: str) -> Picture:
    """Return a figure from the folder ``figures``.

    Raises
    ------
    RecordError
        If a file of the figure is missing or invalid.
    """
    words = read_json(figures / f"{name}.json")
    try:
        data = read_table(figures / f"{name}.csv")
    except pd.errors.EmptyDataError:
        data = pd.DataFrame()
    except OSError as error:
        raise RecordError(f"{figures / name}.csv: can't be read: {error}") from None
    return Picture(**words, name=name, data=data_table(tables, name, data))


def _contents(figures: dict[str, list[Picture]]) -> list[tuple[str, str]]:
    """Return the anchors and titles of the sections with figures, without empty sections."""
    always = ("figure-1", "figure-2", "ablations", "errors", "selection")
    found = [
        (section, title)
        for section, title in registry.SECTIONS.items()
        if section in always or figures[section]
    ]
    found.insert(2, ("figure-3", "Figures 3 and 4: the model"))
    place = next(i for i, (section, _) in enumerate(found) if section == "ablations")
    found.insert(place, ("explorer", "Learning curves"))
    return found


def _section(
    tables: Tables, drawn: list[tuple[registry.Figure, Picture]], name: str, verdicts: list[Verdict]
) -> Section:
    ablation = tables.study["ablations"][name]
    mine = [(figure.entry.section, it) for figure, it in drawn if figure.ablation == name]
    return Section(
        name=name,
        title=ablation["title"],
        question=ablation["question"],
        source=ablation["source"],
        table=study_tables.ablation_table(tables, name),
        pictures=[it for section, it in mine if section == "ablations"],
        more=[it for section, it in mine if section != "ablations" and it.shows_something],
        findings=ablation_findings(tables, name, verdicts),
        cost=_cost(tables, name),
        verdicts=[v for v in verdicts if v.id in ablation["claims"] or v.where == name],
    )


def _cost(tables: Tables, name: str) -> str:
    ablation, mine = tables.study["ablations"][name], runs_of(tables, name)
    if mine.empty:
        return "No run is finished."
    return (
        f"{plural(len(mine), 'run')} of {plural(ablation['seeds'], 'seed')} an arm, trained in "
        f"{duration(mine['seconds'].sum())}, with at most {count(mine['images_seen'].max())} "
        "images seen."
    )
