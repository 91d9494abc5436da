"""Render the report as a single HTML page with embedded styles, script, figures and data."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from report.draw.all_figures import drawings
from report.draw.drawing import INK, thin
from report.page.page import Page
from report.page.picture import Picture
from report.read.arms import label_of, looks_of
from report.read.tables import Tables

FOLDER = Path(__file__).parent

METRICS = {
    "test_accuracy": "test accuracy (%)",
    "train_accuracy": "training accuracy (%)",
    "test_loss": "test loss",
    "train_loss": "training loss",
    "learning_rate": "learning rate",
}
"""The metrics in the explorer of learning curves, with their names for readers."""

MOST_POINTS = 40_000
"""Maximum number of epochs in the explorer, over all runs. Longer curves are thinned to every
second, third, etc. epoch, and the last."""


def environment() -> jinja2.Environment:
    """Return the template environment, which escapes values and rejects undefined names."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


MACROS = ("table", "picture", "pictures", "badge", "facts", "points")
"""The macros that the templates of sections may use."""


def render(page: Page, tables: Tables, figures: Path, pdf: bool) -> str:
    """Return the complete HTML page.

    Parameters
    ----------
    page
        The report's content.
    tables
        The study's tables, with the learning curves for the explorer.
    figures
        The folder of the figures.
    pdf
        Whether there is, or will be, a PDF beside the page.
    """
    style = (FOLDER / "static" / "report.css").read_text(encoding="utf-8")
    script = (FOLDER / "static" / "report.js").read_text(encoding="utf-8")
    environment_ = environment()

    def svg(picture: Picture, narrow: bool) -> Markup:
        return inline(figures, picture, narrow)

    macros = environment_.get_template("macros.html.j2").make_module({"svg": svg})
    given = {name: getattr(macros, name) for name in MACROS}
    rendered = [
        (section, Markup(section.rendered("html", environment_, given)))  # noqa: S704 - escaped
        for section in page.sections
    ]
    placed = drawings(tables.study)
    # Style and script are this project's own files; all data is escaped for its context.
    return environment_.get_template("page.html.j2").render(
        page=page,
        pdf=pdf,
        rendered=rendered,
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        policy=policy(style, script),
        curves=block(curves(tables)),
        data=block(
            {name: (figures / f"{name}.csv").read_text(encoding="utf-8") for name in placed}
        ),
    )


def policy(style: str, script: str) -> str:
    """Return a Content-Security-Policy that allows this style, this script, and no requests.

    Style and script are identified by their hashes (https://www.w3.org/TR/CSP3/).
    """
    sources = [f"'sha256-{_sha256(f'{chr(10)}{text}{chr(10)}')}'" for text in (style, script)]
    return (
        f"default-src 'none'; style-src {sources[0]}; script-src {sources[1]}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def block(content: Any) -> Markup:
    """Return JSON that is safe inside a script element, whatever text it contains."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704


def inline(figures: Path, picture: Picture, narrow: bool) -> Markup:
    """Return a figure as inline SVG with the page's text colour and unique ids.

    Styles become attributes, because the page's security policy forbids inline styles.
    """
    name = f"{picture.name}{'.narrow' if narrow else ''}"
    svg = (figures / f"{name}.svg").read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<(metadata|style).*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(xlink:href="|url\()#', rf"\1#{name}-", svg)
    svg = re.sub(r' style="([^"]*)"', _as_attributes, svg)
    svg = re.sub(r"<[^>]*>", _shorter, svg)
    # Remove matplotlib's size in points: the page scales the figure by its viewBox.
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", svg, count=1)
    head = Markup('<svg role="img" aria-label="{}"').format(picture.alt)
    # matplotlib has already escaped all text in the SVG.
    return head + Markup(svg.removeprefix("<svg"))  # noqa: S704


def _shorter(tag: re.Match[str]) -> str:
    """Return a tag with its coordinates, in points, cut to one decimal; an opacity is none."""
    parts = re.split(r'(opacity="[^"]*")', tag[0])
    parts[::2] = [re.sub(r"(\d+\.\d)\d+", r"\1", part) for part in parts[::2]]
    return "".join(parts)


def _as_attributes(style: re.Match[str]) -> str:
    pairs = (item.partition(":") for item in style[1].split(";") if item.strip())
    return "".join(f' {key.strip()}="{value.strip()}"' for key, _, value in pairs)


def curves(tables: Tables) -> dict[str, Any]:
    """Return every run's learning curves, by run and seed, and the arms of each ablation."""
    runs: dict[str, dict[str, Any]] = {}
    known = tables.epochs.dropna(axis="columns", how="all")
    there = [metric for metric in METRICS if metric in known]
    each = max(20, MOST_POINTS // max(1, len(tables.runs)))
    for (run, seed), epochs in tables.epochs.groupby(["run", "seed"], sort=False):
        thinned = thin(epochs, each)
        points: dict[str, Any] = {"images_seen": thinned["images_seen"].tolist()}
        points |= {metric: _numbers(thinned[metric], metric) for metric in there}
        runs.setdefault(str(run), {})[str(seed)] = points
    ablations = {
        name: {
            "title": ablation["title"],
            "seeds": looks_of(ablation)[-1],
            "arms": [[label_of(arm), arm["run"]] for arm in ablation["arms"] if arm["run"] in runs],
        }
        for name, ablation in tables.study["ablations"].items()
        if any(arm["run"] in runs for arm in ablation["arms"][1:])
    }
    return {"metrics": {m: METRICS[m] for m in there}, "runs": runs, "ablations": ablations}


def _numbers(values: pd.Series, metric: str) -> list[float | None]:
    factor = 100 if metric.endswith("accuracy") else 1
    return [float(f"{v * factor:.4g}") if math.isfinite(v) else None for v in values]
