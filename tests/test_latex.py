"""The report as LaTeX and PDF: what is escaped, what compiles, and that its numbers agree."""

import json
import re
import shutil

import pypdf
import pytest
from conftest import report_on
from hypothesis import given
from hypothesis import strategies as st

from report import render
from report.page import latex, pdf
from report.page.printed_table import printed

HOSTILE = (
    "<script>alert(1)</script> & 100% _\\ {$x^2$} #~ \\input{/etc/passwd} 🎉 é “–” " + "x" * 300
)


def make_hostile(study):
    """Put awkward text into every title, name of an arm, and claim of a study."""
    document = json.loads((study / "study.json").read_text())
    ablation = document["ablations"]["maxpool"]
    for key in ("title", "question", "source"):
        ablation[key] = HOSTILE
    ablation["arms"][1]["name"] = f"🎉 {HOSTILE}"
    document["ablations"]["stride_position"]["arms"][1]["name"] = "[1cm] * text"
    document["own_claims"] = [
        {
            "id": "hostile",
            "quote": HOSTILE,
            "where": HOSTILE,
            "type": "exact",
            "exact": [{"arm": "maxpool.base", "column": "parameters", "below": 5_000_000}],
        }
    ]
    (study / "study.json").write_text(json.dumps(document))


def test_special_letters_are_set_as_themselves():
    assert latex.escape("a_b 50% & {x}") == r"a\_\allowbreak{}b 50\% \& \{x\}"
    assert latex.escape("\\input") == r"\textbackslash{}input"
    assert latex.escape("--seed") == "-{}-seed"
    assert latex.escape("é") == r"\'{e}"
    assert latex.escape("−1 × 2") == r"\ensuremath{-}1 \ensuremath{\times} 2"
    assert latex.escape("🎉") == "{[}party popper{]}"
    assert latex.escape("[a]*") == "{[}a{]}{*}"
    assert latex.escape("\x00\x1b") == ""


@given(st.text())
def test_any_text_becomes_plain_ascii_without_commands_of_its_own(text):
    escaped = latex.escape(text)
    assert escaped.isascii()
    left = re.sub(r"\\([{}$&#%_]|[a-zA-Z]+|[`'^~\"])", "", escaped)
    assert not set("$&#%_^~\\") & set(left.replace("~", ""))
    commands = set(re.findall(r"\\([a-zA-Z]+)", escaped))
    allowed = set(re.findall(r"\\([a-zA-Z]+)", " ".join(latex.SPECIAL.values())))
    assert commands <= allowed | {"allowbreak", "r", "v", "c"}
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", escaped.replace("\\\\", "")):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0


def test_addresses_cannot_leave_their_link():
    assert (
        latex.url("https://x.org/a?b=1&c=%7d}\\end") == r"https://x.org/a?b=1\&c=\%257d\%7D\%5Cend"
    )


def test_a_long_table_goes_on_below():
    rows = [[str(number), "text"] for number in range(150)]
    table = latex.table(printed("Rows.", {"number": True, "text": False}, rows), "rows")
    assert table.count(r"\begin{table}") == 3
    assert table.count(r"\ContinuedFloat") == 2
    assert table.count(r"\label{") == 1


def problems(log):
    """What a LaTeX log complains of: boxes over 5pt too wide, labels undefined or said twice."""
    wide = [float(pt) for pt in re.findall(r"Overfull \\hbox \((.*?)pt too wide\)", log)]
    return [pt for pt in wide if pt > 5], re.findall(r".*(?:undefined|multiply).*", log)


def test_the_pdf_has_no_wide_box_and_no_undefined_reference(demo, engine):
    assert problems((demo / "report" / "report.log").read_text(errors="replace")) == ([], [])


def test_the_pdf_names_itself(demo, engine):
    said = pypdf.PdfReader(demo / "report" / "report.pdf").metadata
    assert "Modified Resnet" in said.title
    assert said.author == "The modified-resnet contributors"


def numbers(text):
    """The decimals and the numbers with separated thousands of a text."""
    return set(re.findall(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+\.\d+)(?![\w,]*\d)", text))


def test_every_number_of_the_pdf_is_on_the_page(demo, engine):
    reader = pypdf.PdfReader(demo / "report" / "report.pdf")
    said = ""
    for sheet in reader.pages:
        # The figures are drawn for two widths, so the ticks on their axes differ.
        sheet["/Resources"].get("/XObject", {}).clear()
        said += sheet.extract_text() + "\n"
    page = (demo / "report" / "index.html").read_text()
    said_by_figures = " ".join(re.findall(r'aria-label="([^"]*)"', page))
    page = re.sub(r"<svg.*?</svg>|<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    found = numbers(re.sub(r"<[^>]*>", " ", page)) | numbers(said_by_figures)
    sections = set(re.findall(r"(?m)^(\d+\.\d+) ", said))
    assert len(numbers(said)) > 300
    assert numbers(said) - found - sections == set()


def test_the_same_results_give_the_same_bytes(study, engine, monkeypatch, tmp_path):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    report_on(study)
    first = pdf.build(study / "report" / "report.tex").read_bytes()
    elsewhere = shutil.copytree(study.parent, tmp_path / "elsewhere") / study.name
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "100000")
    assert render.main([str(elsewhere)]) == 0
    assert pdf.build(elsewhere / "report" / "report.tex").read_bytes() == first


def test_awkward_text_breaks_nothing(study, engine):
    make_hostile(study)
    report_on(study)
    made = pdf.build(study / "report" / "report.tex")
    assert problems((study / "report" / "report.log").read_text(errors="replace")) == ([], [])
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(made).pages)
    assert "root:" not in text
    assert "[party popper]" in text
    page = (study / "report" / "index.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_without_an_engine_there_is_the_source_and_a_line(demo, monkeypatch, capsys):
    monkeypatch.setattr(pdf, "engine", lambda: None)
    assert pdf.main([str(demo)]) == 1
    assert "No LaTeX engine" in capsys.readouterr().out


def test_an_engine_that_refuses_is_one_line(tmp_path, engine, capsys):
    source = tmp_path / "report" / "report.tex"
    source.parent.mkdir()
    source.write_text("\\documentclass{article}\\begin{document}\\nonsense\\end{document}")
    assert pdf.main([str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "Undefined control sequence" in said
    assert said.count("\n") == 1
    assert not source.with_suffix(".pdf").exists()


def test_a_missing_source_is_an_error(tmp_path, capsys):
    assert pdf.main([str(tmp_path)]) == 1
    assert "report.tex: is missing" in capsys.readouterr().err


@pytest.mark.parametrize("tool", ["write18", "\\input", "\\openout"])
def test_the_source_runs_and_reads_nothing(demo, tool):
    assert tool not in (demo / "report" / "report.tex").read_text()
