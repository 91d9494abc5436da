"""The page: one context of tables, figures and sentences, placed by a template."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from report import tables as tbl
from report import wording
from report.collect import RecordError, read_json
from report.figures import INK
from report.tables import Printed, Tables, final_run, read_tables

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
    sections: list[Section]
    runs: Printed
    provenance: list[tuple[str, str]]


def inline(folder: Path, name: str) -> Picture:
    """Return a figure for the page: it takes the page's ink, and its ids are its own."""
    svg = (folder / "figures" / f"{name}.svg").read_text()
    alt = (folder / "figures" / f"{name}.txt").read_text().strip()
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


def context(folder: Path) -> Page:
    """Return the page's content from ``results/<scale>``."""
    tables = read_tables(folder)
    facts, study = tables.published.facts, tables.study
    data = read_json(folder.parent / "data" / study["scale"]["dataset"] / "data.json")
    run = final_run(tables)
    layers = tables.layers[tables.layers["run"] == run]
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
        figure1_picture=inline(folder, "figure1"),
        figure2_picture=inline(folder, "figure2"),
        log_published=training_log(published_log, "printed_lr"),
        log_ours=training_log(ours, "printed_learning_rate", last=7),
        rates=tbl.rates_table(tables),
        final_run=run,
        summary=None if layers.empty else tbl.summary_table(layers),
        final_parameters=wording.count(facts["final_model"]["parameters"]),
        structure=None if layers.empty else tbl.structure_table(tables, layers),
        effects=inline(folder, "effects"),
        sections=[_section(tables, folder, name) for name in study["ablations"]],
        runs=tbl.runs_table(tables),
        provenance=_provenance(tables),
    )


def _date() -> str:
    """Return today, or SOURCE_DATE_EPOCH for a page that is the same every time."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return now.strftime("%Y-%m-%d")


def _section(tables: Tables, folder: Path, name: str) -> Section:
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
        picture=inline(folder, f"ablation_{name}"),
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
    return [
        ("Parameters of the final model", parameters),
        ("Accuracy of the final model", accuracy),
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
        ("Most memory in a run", f"{runs['peak_memory_mib'].max():,.0f} MiB"),
    ]


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


def main(argv: list[str] | None = None) -> int:
    """Write ``report/index.html``."""
    parser = argparse.ArgumentParser(prog="python -m report.render", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    folder = parser.parse_args(argv).folder
    try:
        html = render(context(folder))
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    (folder / "report").mkdir(exist_ok=True)
    (folder / "report" / "index.html").write_text(html)
    return 0


if __name__ == "__main__":
    sys.exit(main())
