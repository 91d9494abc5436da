"""The page: one context of tables, figures and sentences, placed by a template."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from report import collect, statistics, wording
from report import tables as tbl
from report.claims import judge, judge_own
from report.collect import RecordError, read_json
from report.figures import INK, draw_all
from report.tables import Printed, Tables, final_run, read_tables
from report.verdicts import (
    NOT_RUN,
    REFUTED,
    SAME,
    SHOWN,
    SUPPORTED,
    UNDECIDED,
    UNTESTABLE,
    Verdict,
)

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Picture:
    """A figure as it goes into the page: inline SVG, alt text, and links to its files."""

    name: str
    svg: Markup
    alt: str


@dataclass(frozen=True)
class Section:
    """An ablation's part of the page."""

    name: str
    title: str
    question: str
    source: str
    seeds: int
    budget: str
    table: Printed
    picture: Picture
    findings: list[str]


@dataclass(frozen=True)
class Page:
    """Everything that the template places; undefined names are errors there."""

    title: str
    authors: str
    repository: str
    date: str
    scale: str
    about: str
    real_images: bool
    data: dict[str, Any]
    facts: list[tuple[str, str]]
    figure1: Printed
    figure1_picture: Picture
    figure2_picture: Picture
    log_published: str
    log_ours: str
    rates: Printed
    final_run: str
    summary: Printed | None
    final_parameters: str
    structure: Printed | None
    effects: Picture
    verdicts: list[Verdict]
    own_verdicts: list[Verdict]
    counts: list[tuple[str, int]]
    gaps: list[dict[str, Any]]
    root: str
    sections: list[Section]
    runs: Printed
    provenance: list[tuple[str, str]]


def inline(figures: Path, name: str) -> Picture:
    """Return a figure for the page: it takes the page's ink, and its ids are its own."""
    svg = (figures / f"{name}.svg").read_text()
    alt = (figures / f"{name}.txt").read_text().strip()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<(metadata|style).*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(xlink:href="|url\()#', rf"\1#{name}-", svg)
    # The size in points is matplotlib's; the page scales the picture by its viewBox.
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", svg, count=1)
    head = Markup('<svg role="img" aria-label="{}"').format(alt)
    # matplotlib has escaped every text in the rest.
    return Picture(name, head + Markup(svg.removeprefix("<svg")), alt)  # noqa: S704


def training_log(epochs: pd.DataFrame, rate: str, last: int | None = None) -> str:
    """Return epochs, or the last ones, in the form that the paper's Figure 2 prints them."""
    lines = []
    epochs = epochs.assign(so_far=epochs["test_accuracy"].cummax())
    for _, row in epochs.iloc[-last if last else 0 :].iterrows():
        lines += [
            f"Epoch: {row['epoch']:.0f} LR: [{float(row[rate])!r}]",
            f"Train Loss: {row['train_loss']:.3f} | Train Acc: {row['train_accuracy']:.2%}",
            f"Val. Loss: {row['test_loss']:.3f} | Val Acc: {row['test_accuracy']:.2%}",
            f"Current best Val Acc: {float(row.get('best_test_accuracy_so_far', row['so_far']))!r}",
        ]
    return "\n".join(lines)


def context(folder: Path, tables: Tables, figures: Path) -> Page:
    """Return the page's content.

    Parameters
    ----------
    folder
        ``results/<scale>``.
    tables
        Its tables.
    figures
        Where its figures are.
    """
    facts, study = tables.published.facts, tables.study
    data = read_json(folder.parent / "data" / study["scale"]["dataset"] / "data.json")
    run = final_run(tables)
    layers = tables.layers[tables.layers["run"] == run]
    verdicts = judge(tables)
    published_log = tables.published.logs.query("run == 'final' and 11 <= epoch <= 17")
    ours = tables.epochs.query("run == @run and seed == 0")
    return Page(
        title=facts["title"],
        authors=", ".join(facts["authors"]),
        repository=facts["repository"],
        date=_date(),
        scale=study["scale"]["name"],
        about=study["scale"]["about"],
        real_images=study["scale"]["dataset"] == "cifar10",
        data=data,
        facts=_facts(tables, run),
        figure1=tbl.figure1_table(tables),
        figure1_picture=inline(figures, "figure1"),
        figure2_picture=inline(figures, "figure2"),
        log_published=training_log(published_log, "printed_lr"),
        log_ours=training_log(ours, "printed_learning_rate", last=7),
        rates=tbl.rates_table(tables),
        final_run=run,
        summary=None if layers.empty else tbl.summary_table(layers),
        final_parameters=wording.count(facts["final_model"]["parameters"]),
        structure=None if layers.empty else tbl.structure_table(tables, layers),
        effects=inline(figures, "effects"),
        verdicts=verdicts,
        own_verdicts=judge_own(tables),
        counts=_counts(verdicts),
        gaps=tables.gaps.to_dict("records"),
        root=tables.root,
        sections=[_section(tables, figures, name) for name in study["ablations"]],
        runs=tbl.runs_table(tables),
        provenance=[*_provenance(tables), *_receipt(folder)],
    )


def _counts(verdicts: list[Verdict]) -> list[tuple[str, int]]:
    """Return how many claims got each verdict, in a fixed order."""
    order = (SUPPORTED, REFUTED, SAME, UNDECIDED, NOT_RUN, UNTESTABLE, SHOWN)
    counted = Counter(verdict.verdict for verdict in verdicts)
    return [(verdict, counted[verdict]) for verdict in order if counted[verdict]]


def _date() -> str:
    """Return today, or SOURCE_DATE_EPOCH for a page that is the same every time."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return now.strftime("%Y-%m-%d")


def _section(tables: Tables, figures: Path, name: str) -> Section:
    ablation = tables.study["ablations"][name]
    budgets = {
        "images": "Every arm sees the same number of training images.",
        "epochs": "Every arm trains for the same number of epochs, however many images they hold.",
    }
    return Section(
        name=name,
        title=ablation["title"],
        question=ablation["question"],
        source=ablation["source"],
        seeds=ablation["seeds"],
        budget=budgets[ablation["budget"]],
        table=tbl.ablation_table(tables, name),
        picture=inline(figures, f"ablation_{name}"),
        findings=tbl.ablation_findings(tables, name),
    )


def _facts(tables: Tables, run: str) -> list[tuple[str, str]]:
    """Return what a busy reader wants first: a label and a value each."""
    runs = tables.runs
    mine = runs[runs["run"] == run]
    published_facts = tables.published.facts
    parameters = f"{wording.count(published_facts['final_model']['parameters'])} published"
    accuracy = f"{published_facts['final_protocol']['accuracy']['reported']:.2f} published"
    if len(mine):
        parameters += f", {wording.count(mine['parameters'].iloc[0])} measured"
        accuracy += (
            f", {mine['best_notebook_test_accuracy'].mean():.4f} measured by the paper's metric, "
            f"{mine['final_test_accuracy'].mean():.4f} after the last epoch "
            f"(n = {len(mine)}, {wording.count(mine['images_seen'].iloc[0])} images seen)"
        )
    diverged = int((runs["status"] == "diverged").sum())
    hours = wording.duration(runs["seconds"].sum())
    gained = statistics.optimism(tables.epochs)["optimism_points"]
    chosen = (
        f"{wording.signed(gained.mean())} points on average over {len(gained)} runs, "
        f"{wording.signed(gained.max())} at most"
    )
    return [
        ("Parameters of the final model", parameters),
        ("Accuracy of the final model", accuracy),
        ("Best epoch on the test set against the last", chosen),
        ("Ablations", str(len(tables.study["ablations"]))),
        ("Runs", f"{len(runs)} trained in {hours}, {diverged} of them diverged"),
    ]


def _provenance(tables: Tables) -> list[tuple[str, str]]:
    runs = tables.runs

    def every(column: str) -> str:
        return ", ".join(str(value) for value in runs[column].drop_duplicates())

    return [
        ("Commit", every("commit")),
        ("Digest of the training code", every("code_digest")),
        ("Trained on", f"{every('device')} ({every('processor')})"),
        ("Precision", every("precision")),
        ("Threads a run", every("threads")),
        ("Seeds", f"0 to {runs['seed'].max()} at most; the same in every arm of an ablation"),
        ("Versions", every("versions")),
        ("Most memory in a run", f"{runs['peak_memory_mib'].max():,.0f} MiB"),
    ]


def _receipt(folder: Path) -> list[tuple[str, str]]:
    """Return what `resnet.verify` found, if it was asked."""
    try:
        receipt = json.loads((folder / "verification.json").read_text())
    except OSError:
        return [("Verified", "no run yet: python -m resnet.verify")]
    counted = Counter(row["verdict"] for row in receipt)
    return [("Verified by training again", ", ".join(f"{n} {v}" for v, n in counted.items()))]


def environment() -> jinja2.Environment:
    """Return the templates: HTML is escaped, undefined names are errors."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(page: Page) -> str:
    """Return the HTML page, whole: styles and pictures are inside."""
    style = Markup((FOLDER / "static" / "report.css").read_text())  # noqa: S704
    template = environment().get_template("report.html.j2")
    return template.render(page=page, style=style)


def partial(folder: Path) -> Path:
    """Write a report of the records as they are, gaps and all, and return where.

    Nothing is trained, and what the workflow made stays as it is: everything goes into
    ``results/<scale>/partial``.
    """
    tables, figures = folder / "partial" / "tables", folder / "partial" / "figures"
    collected = collect.collect(folder, partial=True)
    collect.write(collected, tables)
    study = read_json(folder / "study.json")
    statistics.write(study, collected.tables["runs"], collected.hits, tables)
    read = read_tables(folder, tables)
    draw_all(read, figures)
    return write(context(folder, read, figures), folder / "partial" / "report")


def write(page: Page, folder: Path) -> Path:
    """Write ``index.html`` into ``folder``, and return where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    path.write_text(render(page))
    return path


def main(argv: list[str] | None = None) -> int:
    """Write ``report/index.html``."""
    parser = argparse.ArgumentParser(prog="python -m report.render", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument(
        "--partial", action="store_true", help="of the records as they are, into partial/report"
    )
    args = parser.parse_args(argv)
    try:
        if args.partial:
            print(f"The partial report: {partial(args.folder)}")
        else:
            page = context(args.folder, read_tables(args.folder), args.folder / "figures")
            write(page, args.folder / "report")
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
