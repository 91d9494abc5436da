"""What a study gives away beside its report."""

import importlib
import inspect
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from report import render
from report.draw.drawing import styled
from report.draw.registry import module_of
from report.judge.verdicts import Verdict
from report.page import html, registry
from report.page.page import Page
from report.page.sources import Sources
from report.read.tables import READ, read_tables
from report.share import checklist, picture, table
from tests.test_studies import OF_THE_FIRST, words

PAPER = Path(__file__).parent.parent / "paper"


@pytest.fixture(scope="module")
def given(demo):
    return demo / "report"


def test_the_picture_has_the_size_that_social_media_ask_for(given):
    with Image.open(given / "share.png") as image:
        assert image.size == (1200, 630)
        colours = image.convert("RGB").getcolors(1 << 20)
    assert len(colours) > 20
    page = (given / "index.html").read_text()
    assert '<meta property="og:image" content="share.png">' in page


@pytest.mark.parametrize(
    "answer", ["Short.", *("4,978,730 parameters, trained well: " * n for n in (4, 7, 20))]
)
def test_the_pictures_text_stays_within_it(answer):
    words = ["supported", "exceeds", "refuted", "no meaningful difference", "undecided"]
    words += ["not testable in this study", "no verdict", "not run"]
    verdicts = [Verdict("x", "value", "", "", "", word, ()) for word in words]
    page = Page("A title", "", "", "2026-11-27", "reference", "cifar10", True, "", answer, [])
    with styled(narrow=False):
        figure = picture.draw(page, verdicts)
        canvas = FigureCanvasAgg(figure)
        boxes = [text.get_window_extent(canvas.get_renderer()) for text in figure.texts]
    for box in boxes:
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y0 >= 0
    title, said, below, *_ = boxes
    assert title.y0 >= said.y1
    assert said.y0 >= below.y1
    assert len({tuple(box.extents) for box in boxes}) == len(boxes)


def test_a_partial_report_has_no_crate_of_its_own(study):
    assert render.main([str(study), "--partial"]) == 0
    assert (study / "partial" / "report" / "share.png").is_file()
    assert not (study / "partial" / "ro-crate-metadata.json").exists()


def test_parquet_holds_what_csv_does(given):
    for name in READ:
        parquet = pd.read_parquet(given / "tables" / f"{name}.parquet")
        path = given.parent / "tables" / f"{name}.csv"
        csv = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert parquet.shape == csv.shape
        assert list(parquet.columns) == list(csv.columns)
        for column in csv:
            if pd.api.types.is_numeric_dtype(parquet[column]):
                expected = [float(text or "nan") for text in csv[column]]
                np.testing.assert_array_equal(parquet[column].astype(float), expected)
            else:
                assert parquet[column].fillna("").tolist() == csv[column].tolist(), (name, column)


def test_the_crate_names_files_and_records_that_are_there(given):
    content = json.loads((given.parent / "ro-crate-metadata.json").read_text())
    things = {thing["@id"]: thing for thing in content["@graph"]}
    assert things["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    parts = [part["@id"] for part in things["./"]["hasPart"]]
    assert {"study.json", "report/index.html", "report/share.png", "tables/runs.csv"} <= {*parts}
    for part in parts:
        assert (given.parent / part).exists(), part
        assert part in things
    assert things["#workflow"]["version"] == "c0ffee"


def test_the_table_for_a_paper_has_the_measured_numbers(demo):
    tables = read_tables(demo)
    latex = table.ablations_table(tables.study, tables.runs, tables.comparisons)
    runs = tables.runs[tables.runs["run"] == "maxpool.with_maxpool"]["final_test_accuracy"]
    row = next(line for line in latex.splitlines() if "with the maxpool" in line)
    assert f"{runs.mean() * 100:.2f}" in row
    assert row.endswith(rf"& {len(runs)} \\")
    assert latex.count(r"\multicolumn{4}") == len(tables.study["ablations"])
    # One mean of each ablation is the highest, but for means that are equal.
    assert latex.count(r"\textbf{") >= latex.count(r"\multicolumn{4}")
    assert (demo / "report" / "table.tex").read_text() == latex


@pytest.mark.parametrize("most", [5, 500])
def test_the_table_for_a_paper_compiles_with_the_packages_that_it_names(
    demo, engine, tmp_path, monkeypatch, most
):
    from report.page import pdf

    monkeypatch.setattr(table, "MOST_ROWS", most)
    tables = read_tables(demo)
    body = table.ablations_table(tables.study, tables.runs, tables.comparisons)
    packages = re.search(r"% Needs (.*)\.", body)[1]
    assert ("longtable" in packages) == (most == 5)
    source = tmp_path / "paper.tex"
    source.write_text(
        rf"\documentclass{{article}}{packages}\begin{{document}}{body}\end{{document}}"
    )
    assert pdf.build(source)


def test_the_model_card_is_of_the_best_run(demo, given):
    card = (given / "model_card.md").read_text()
    means = pd.read_csv(demo / "tables" / "runs.csv").groupby("run")["final_test_accuracy"].mean()
    assert f"({means.idxmax()})\n" in card
    assert f"{means.max():.2%}" in card
    for link in re.findall(r"\]\(([^)]*)\)", card):
        assert (given / link).resolve().is_file()


def test_the_checklist_answers_from_the_records_and_marks_the_rest(demo, given):
    text = (given / "checklist.md").read_text()
    runs = pd.read_csv(demo / "tables" / "runs.csv")
    assert f"{len(runs)} runs." in text
    assert "`snakemake --cores all --config scale=demo" in text
    assert text.count(f"| {checklist.TO_FILL_IN} |") == 4


# --- sections -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", registry.modules(PAPER), ids=lambda path: path.stem)
def test_a_section_is_a_module_and_two_templates_and_asks_for_what_there_is(demo, path):
    module = importlib.import_module(module_of(path))
    # A title alone is a section of its figures.
    figures_alone = not hasattr(module, "content")
    for ending in ("html", "tex"):
        assert path.with_suffix(f".{ending}.j2").is_file() != figures_alone
    if figures_alone:
        assert module.TITLE
        return
    sources = Sources(demo, read_tables(demo), demo / "figures")
    # Named tables, not the parcel of all of them.
    wanted = set(inspect.signature(module.content).parameters)
    assert "tables" not in wanted
    assert all(hasattr(sources, name) for name in wanted)


def test_both_renderings_have_the_sections_in_the_order_of_the_registry(demo, given):
    sources = Sources(demo, read_tables(demo), demo / "figures")
    titles = [section.title for section in registry.sections_of(sources)]
    page = (given / "index.html").read_text()
    latex = (given / "report.tex").read_text()
    heads = re.findall(r"<h2>(.*?)</h2>", page)
    assert [head.replace("&#39;", "'") for head in heads] == titles
    found = re.findall(r"\\section\{(.*?)\}\n", latex)
    assert len(found) == len(titles) + 1  # the layers of the final network, in the appendix
    assert latex.index(r"\appendix") < latex.index(r"\section{Choosing the epoch, and chance}")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (None, ": is missing; docs/extend.md"),
        ("<p>\n{{ table(rows) }\n", ":2: unexpected '}'"),
        ("<p>\n\n{{ table(rows, 1) }}{{ row }}", ":3: 'row' is undefined"),
    ],
)
def test_an_error_in_a_template_has_its_file_and_line(tmp_path, template, said):
    section = registry.Section("slowest", "slowest", tmp_path / "slowest", "T", {"rows": []})
    path = tmp_path / "slowest.html.j2"
    if template:
        path.write_text(template)
    with pytest.raises(registry.EntryError, match=f"^{re.escape(f'{path}{said}')}"):
        section.rendered("html", html.environment(), {"table": lambda *_: ""})


def test_every_module_among_the_sections_is_one(demo):
    found = {
        ".".join(path.relative_to(registry.FOLDER).with_suffix("").parts)
        for path in registry.FOLDER.rglob("[a-z]*.py")
    }
    assert found == set(registry.ORDER) - {"paper"}


def test_the_page_is_short(demo):
    page = (demo / "report" / "index.html").read_text()
    # A study of every ablation; the demo's has a third of its words.
    main = re.sub(r"<(svg|script|style|details)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert len(re.sub(r"<[^>]*>", " ", main).split()) < 8_600


def test_what_no_report_on_another_paper_may_say_is_said_of_this_one(given):
    page = words((given / "index.html").read_text())
    assert len({found[0].lower() for found in OF_THE_FIRST.finditer(page)}) >= 8
