"""The verdicts as Markdown: the summary beside a report, and the block in the README."""

import dataclasses
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from report import readme, render
from report.judge.parts import Part
from report.judge.statistics.effects import effect_of
from report.judge.verdicts import Verdict
from report.page import summary
from report.read import mistakes, records
from report.read.published import load
from report.read.study import data_folder, read_study
from tests.conftest import report_on

ROOT = Path(__file__).parent.parent


def verdict(*parts, kind="direction", said="supported", **words):
    words = {"id": "x", "where": "Abstract", "says": "It helps", "quote": "helps"} | words
    return Verdict(type=kind, verdict=said, parts=parts, **words)


def part(measured, verdict="undecided", claimed="better"):
    return Part("said.", "a.b", claimed, measured, verdict=verdict)


def test_what_was_measured_is_said_in_a_few_words():
    assert verdict(part("a: +1.0 (n = 1)")).measured == "a: +1.0 (n = 1)"
    assert verdict(part("a"), part("b"), part("a")).measured == "a; b"
    assert verdict(part("a"), part("b"), part("c")).measured == "a; b; c"
    many = [part(name, "refuted" if name == "b" else "supported") for name in "abcd"]
    assert verdict(*many).measured == "3 of 4 supported, 1 of 4 refuted"
    assert verdict(*many).claimed == "better"
    # The claim "the stride in the first convolution helps" says "worse" of the other arm.
    worse, better = part("", claimed="worse"), part("", claimed="better")
    second = dataclasses.replace(worse, name="stride in the second")
    assert verdict(second).claimed == "stride in the second: worse"
    assert verdict(second, better).claimed == "stride in the second: worse; better"
    assert verdict(*[second] * 2).claimed == "worse"
    found = dataclasses.replace(second, measured="−1.7")
    assert verdict(found).measured == "−1.7"
    assert verdict(found, better).measured == "stride in the second: −1.7"
    assert verdict(second, better, how="any").claimed == "stride in the second: worse, or better"
    accuracy = dataclasses.replace(found, claimed="84% ± 2", name="row 3")
    assert verdict(accuracy, kind="value").claimed == "84% ± 2"
    assert verdict(accuracy, better, kind="value").measured == "row 3: −1.7"
    assert verdict(dataclasses.replace(found, claimed="")).measured == "stride in the second: −1.7"


def test_an_effect_is_said_with_its_interval():
    from report.judge.evidence import briefly

    # t(0.975, 2) = 4.302653 and the standard error is 1 / sqrt(3).
    effect = effect_of(np.array([0.0, 1.0, 2.0]))
    assert briefly(effect, 0.05) == "+1.0 (−1.5 to +3.5, n = 3)"
    assert briefly(effect_of(np.array([-1.25])), 0.05) == "−1.2 (n = 1)"
    assert briefly(effect_of(np.array([])), 0.05) == "no pair"


def test_the_table_has_what_was_run_in_full():
    waiting = dataclasses.replace(part("a"), waiting=4)
    assert readme.is_shown(verdict(part("a"), said="undecided"))
    assert not readme.is_shown(verdict(part("a"), waiting, said="undecided"))
    # One part may have decided for all.
    assert readme.is_shown(verdict(part("a"), waiting, said="refuted"))
    assert not readme.is_shown(verdict(part("a"), said="not run"))
    assert not readme.is_shown(verdict(part("a"), kind="exact", said="supported"))
    assert readme.is_shown(verdict(part("a"), kind="exact", said="refuted"))


def test_the_summary_has_what_was_tested_and_counts_the_rest():
    text = summary.summary([verdict(part("a | b")), verdict(said="not run"), verdict()])
    assert text.splitlines() == [
        "| claim | as tested | measured | verdict |",
        "| --- | --- | --- | --- |",
        r"| It helps | better | a \| b | supported |",
        "| It helps | – | – | supported |",
        "",
        "1 claim of 3: not run.",
    ]


def test_every_claim_of_the_paper_is_there_in_plain_words():
    claims = load().facts["claims"]
    said = [claim["says"] for claim in claims]
    assert len(set(said)) == len(claims) == 30
    assert all(len(words.split()) <= 13 for words in said)


def test_only_the_block_of_the_readme_is_replaced(study, tmp_path):
    report_on(study)
    text = "# A\n\n<!-- results -->\nold\n<!-- /results -->\n\nafter\n"
    file = tmp_path / "README.md"
    file.write_text(text)
    assert readme.main([str(study), str(file)]) == 0
    filled = file.read_text()
    before, after = filled.split("<!-- results -->\n")[0], filled.split("<!-- /results -->")[1]
    assert (before, after) == ("# A\n\n", "\n\nafter\n")
    assert "Of the paper's 30 claims: " in filled
    assert "| claim | as tested | measured | verdict |" in filled
    # Arithmetic that holds has no row, arithmetic that doesn't has one.
    assert "4,978,730" not in filled
    assert "| 7 sizes | 2 equal | refuted |" in filled
    assert "not run |" not in filled
    assert readme.main([str(study), str(file)]) == 0
    assert file.read_text() == filled


def test_runs_and_hours_are_counted_by_device():
    table = pd.DataFrame(
        {
            "processor": ["A", "B", "A", "not recorded"],
            "device": ["cpu", "GPU", "cpu", "not recorded"],
            "precision": ["bf16"] * 4,
            "seconds": [1800.0, 360.0, 5400.0, 7200.0],
            # Others' hours aren't this study's.
            "imported": [None, None, None, "table"],
        }
    )
    said = readme.runs(SimpleNamespace(runs=table))
    assert said.splitlines() == [
        "3 runs, 2.1 hours of training:",
        "",
        "| processor | trained on | precision | runs | hours |",
        "| --- | --- | --- | --- | --- |",
        "| A | cpu | bf16 | 2 | 2.00 |",
        "| B | GPU | bf16 | 1 | 0.10 |",
    ]


def test_a_readme_without_the_block_is_refused(study, tmp_path, capsys):
    report_on(study)
    (tmp_path / "README.md").write_text("# A\n")
    assert readme.main([str(study), str(tmp_path / "README.md")]) == 1
    assert "README.md: no line <!-- results --> or <!-- runs -->" in capsys.readouterr().err
    (tmp_path / "README.md").write_text("# A\n<!-- runs -->\nlost\n")
    assert readme.main([str(study), str(tmp_path / "README.md")]) == 1
    assert "README.md: no line <!-- /runs --> after" in capsys.readouterr().err
    assert (tmp_path / "README.md").read_text().endswith("lost\n")


@pytest.fixture
def kept(study):
    """A study as it is kept: without its images, their facts beside study.json."""
    shutil.copy(study.parent / "data" / "digits" / "data.json", study)
    shutil.rmtree(study.parent / "data")
    return study


def test_a_study_without_its_images_is_rendered_in_its_own_folder(kept):
    assert render.main([str(kept), "--partial", "--into", str(kept)]) == 0
    page = (kept / "report" / "index.html").read_text()
    assert 'href="../runs/' in page
    assert not (kept / "partial").exists()
    assert "| claim |" in (kept / "report" / "summary.md").read_text()


@pytest.mark.slow
def test_the_same_records_give_the_same_bytes_again(kept, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    written = []
    for _ in range(2):
        assert render.main([str(kept), "--partial", "--into", str(kept)]) == 0
        files = sorted(path for path in kept.rglob("*") if path.suffix not in (".log", ".pdf"))
        written.append({path: path.read_bytes() for path in files if path.is_file()})
    assert written[0] == written[1]


def test_images_of_mistakes_that_are_kept_are_shown_again(kept):
    study = read_study(kept)
    assert data_folder(kept, study) == kept
    found = records.collect(kept).tables["mistakes"]
    images = np.random.default_rng(0).integers(0, 256, (len(found), 8, 8, 3), np.uint8)
    path = kept / "tables" / "mistakes.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez(path, images=images[::-1], numbers=found["image"].to_numpy()[::-1])
    np.testing.assert_array_equal(records.collect(kept).pictures, images)
    np.savez(path, images=images[1:], numbers=found["image"].to_numpy()[1:])
    assert mistakes.kept(path, found) is None


def test_images_elsewhere_are_taken_only_if_they_are_the_same(study):
    shared = study.parent / "data" / "digits"
    shutil.copy(shared / "data.json", study)
    content = read_study(study)
    assert data_folder(study, content) == shared
    facts = json.loads((study / "data.json").read_text())
    (study / "data.json").write_text(json.dumps(facts | {"source": "another"}))
    assert data_folder(study, content) == study
