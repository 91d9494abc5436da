"""The report as LaTeX and PDF: what is escaped, what compiles, and that its numbers agree."""

import json
import re
import shutil
from pathlib import Path

import pypdf
import pytest
from conftest import report_on
from hypothesis import given
from hypothesis import strategies as st

from report import render
from report.page import escape, latex, pdf
from report.page.printed_table import Cell, printed

ROOT = Path(__file__).parent.parent

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
    assert escape.escape("a_b 50% & {x}") == r"a\_\allowbreak{}b 50\% \& \{x\}"
    assert escape.escape("\\input") == r"\textbackslash{}input"
    assert escape.escape("--seed") == "-{}-seed"
    assert escape.escape("−1 × 2") == r"{\ensuremath{-}}1 {\texttimes} 2"
    assert escape.escape("[a]*") == "{[}a{]}{*}"
    assert escape.escape("\x00\x1b\u200d") == ""


def test_letters_with_a_font_are_printed_and_others_transliterated():
    assert escape.escape("Größe é µ² ≈ 3°") == (
        r"Gr{\"o}{\ss}e {\'e} {\textmu}{\texttwosuperior} {\ensuremath{\approx}} 3{\textdegree}"
    )
    assert escape.escape("Δα ≤ π") == (
        r"{\ensuremath{\Delta}}{\ensuremath{\alpha}} {\ensuremath{\leq}} {\ensuremath{\pi}}"
    )
    assert escape.escape("東") == r"\transliterated{Dong}"
    assert escape.escape("Ж") == r"\transliterated{Zh}"
    assert escape.escape("🎉") == r"\transliterated{:tada:}"


@given(st.text())
def test_any_text_becomes_plain_ascii_without_commands_of_its_own(text):
    escaped = escape.escape(text)
    assert escaped.isascii()
    commands = set(re.findall(r"\\([a-zA-Z]+)", escaped))
    assert not commands & {"input", "write", "def", "catcode", "csname", "immediate", "usepackage"}
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", escaped.replace("\\\\", "")):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0


@given(st.text(alphabet=st.characters(max_codepoint=126)))
def test_of_ascii_text_only_known_commands_are_made(text):
    escaped = escape.escape(text)
    left = re.sub(r"\\([{}$&#%_]|[a-zA-Z]+)", "", escaped)
    assert not set("$&#%_^~\\") & set(left)
    commands = set(re.findall(r"\\([a-zA-Z]+)", escaped))
    assert commands <= set(re.findall(r"\\([a-zA-Z]+)", " ".join(escape.SPECIAL.values())))


def test_every_printed_letter_compiles_in_text_bold_and_a_title(engine, tmp_path):
    ranges = [(part[0], part[-1]) for part in escape.PRINTED]
    letters = [chr(k) for low, high in ranges for k in range(ord(low), ord(high) + 1)]
    printed = [c for c in letters if "transliterated" not in escape.letter(c)]
    assert len(printed) > 600
    template = (ROOT / "report" / "page" / "templates" / "page.tex.j2").read_text()
    packages = "".join(re.findall(r"\\usepackage.*\n", template))
    body = "".join(rf"{escape.escape(c)} \textbf{{{escape.escape(c)}}} " for c in printed)
    title = escape.escape("Größe Δ ≤ 3")
    source = tmp_path / "letters.tex"
    source.write_text(
        f"\\documentclass{{article}}\n{packages}\\begin{{document}}\n"
        f"\\section{{{title}}} {body}\\end{{document}}\n"
    )
    made = pdf.build(source)
    log = (tmp_path / "letters.log").read_text(errors="replace")
    assert "Missing character" not in log
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(made).pages)
    # pypdf reads the Greek letter as the sign for an increment, and small numbers as large ones.
    for said in "éßñÅłŒ°½±×÷≤≈αβ∆→€":
        assert said in text, said


def test_addresses_cannot_leave_their_link():
    assert latex.url("https://x.org/a?b=1&c=%7d}\\end") == r"https://x.org/a?b=1\&c=\%7d\%7D\%5Cend"


def test_a_long_table_goes_on_with_its_heads():
    rows = [[str(number), "text"] for number in range(150)]
    columns = {"number": True, "text": False}
    assert "longtable" not in latex.table(printed("Rows.", columns, rows[:9]), "rows")
    table = latex.table(printed("Rows.", columns, rows), "rows")
    assert table.count(r"\begin{longtable}") == table.count(r"\label{tab:rows}") == 1
    assert table.count(r"\heading{r}{number}") == 2
    assert table.index(r"\endfirsthead") < table.index(r"\endhead") < table.index("149 & text")


def test_a_table_without_rows_compiles(study, engine, tmp_path):
    assert report_on(study)
    source = study / "report" / "report.tex"
    empty = latex.table(printed("None.", {"number": True, "text": False}, []), "none")
    head = source.read_text().partition("\\begin{document}")[0]
    source.write_text(f"{head}\\begin{{document}}\n{empty}\n\\end{{document}}\n")
    assert pdf.main([str(study)]) == 0


def test_an_arm_leads_to_its_runs_and_a_seed_to_its_record():
    cells = [
        Cell("with it", "#run-a.b"),
        Cell("a.b", anchor="run-a.b"),
        Cell("0", "../runs/a.b/seed0/summary.json"),
        Cell("a claim", "#claim-x"),
    ]
    table = latex.table(printed("Rows.", dict.fromkeys("abcd", False), [cells]), "rows")
    assert r"\hyperlink{run-a.b}{with it}" in table
    assert r"\hypertarget{run-a.b}{a.b}" in table
    assert r"\href{../runs/a.b/seed0/summary.json}{0}" in table
    assert "& a claim" in table


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


def test_no_page_is_a_quarter_blank_at_its_foot(demo, engine):
    margin, height = 21 / 25.4 * 72, (297 - 42) / 25.4 * 72
    *sheets, _ = pypdf.PdfReader(demo / "report" / "report.pdf").pages
    lowest = []
    for sheet in sheets:
        # Text within figures has coordinates of its own; each figure has a caption beneath.
        sheet["/Resources"].get("/XObject", {}).clear()
        feet = []

        def note(text, page, at, *font, feet=feet):
            if text.strip():
                feet.append(at[4] * page[1] + at[5] * page[3] + page[5])

        sheet.extract_text(visitor_text=note)
        lowest.append(min(feet))
    assert len(lowest) > 5
    assert max(lowest) < margin + height / 4


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
    assert ":tada:" in text
    # Said once, however many letters there are.
    assert " ".join(text.split()).count("written in Latin letters here") == 1
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


def test_what_an_engine_says_on_standard_error_is_said(tmp_path, monkeypatch, capsys):
    """Tectonic writes its errors there, as when it has no network."""
    tectonic = tmp_path / "tectonic"
    tectonic.write_text("#!/bin/sh\necho note: reading\necho 'error: no network' >&2\nexit 1\n")
    tectonic.chmod(0o755)
    monkeypatch.setattr(pdf, "engine", lambda: [str(tectonic)])
    source = tmp_path / "report" / "report.tex"
    source.parent.mkdir()
    source.write_text("\\documentclass{article}")
    assert pdf.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("refuses it: error: no network\n")


def test_a_missing_source_is_an_error(tmp_path, capsys):
    assert pdf.main([str(tmp_path)]) == 1
    assert "report.tex: is missing" in capsys.readouterr().err


@pytest.mark.parametrize("tool", ["write18", "\\input", "\\openout"])
def test_the_source_runs_and_reads_nothing(demo, tool):
    assert tool not in (demo / "report" / "report.tex").read_text()
