"""Figures and page, from a study whose accuracies are made up."""

import dataclasses
import html
import inspect
import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from ablations.harness.resolve import resolve
from ablations.harness.study import to_document
from paper.sections import figure_2, figure_3
from report import render, wording
from report.draw import all_figures as figures
from report.judge import comparisons
from report.judge.claims import judge
from report.judge.parts import Part
from report.judge.statistics.effects import effect_of
from report.judge.verdicts import Verdict
from report.page import findings, pdf
from report.page.html import _shorter, block
from report.page.opening import headline, tiles
from report.page.printed_table import data_table
from report.page.records import Records
from report.page.sections.experiments import ablations
from report.page.sections.opening import answer, summary, verdicts
from report.page.sections.record import cite, protocol
from report.page.sources import Sources
from report.read import published, tables
from report.read.arms import name_of
from resnet.config import RunConfig, flatten, titles, to_dict
from tests.conftest import report_on, write_study


@pytest.fixture(scope="module")
def drawn_once(tmp_path_factory):
    return report_on(write_study(tmp_path_factory.mktemp("drawn") / "results"))


@pytest.fixture
def drawn(drawn_once, tmp_path):
    """The study with its report, a copy for each test."""
    shutil.copytree(drawn_once.parent, tmp_path / "results")
    return tmp_path / "results" / "smoke"


class Page(HTMLParser):
    """Collects ids, links, texts of cells and headings, and checks that tags are closed."""

    VOID = ("meta", "link", "br", "img", "path", "use", "input")

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.cells, self.open = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs[key] for key in ("href", "src", "xlink:href") if key in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "strong", "dd", "a", "li"):
            self.cells.append(data.strip())


def page(study):
    return (study / "report" / "index.html").read_text()


def test_the_page_is_one_valid_file_without_requests(drawn):
    text = page(drawn)
    parsed = Page(text)
    assert len(parsed.ids) == len(set(parsed.ids))
    for link in parsed.links:
        if link.startswith("#"):
            assert link[1:] in parsed.ids, link
        elif link.startswith("http"):
            facts = published.load().facts
            works = [address for _, address in cite.REFERENCES]
            works += [work["address"] for work in facts["references"]]
            assert link in [facts["address"], *works]
    assert "default-src 'none'" in html.unescape(text)
    assert " style=" not in text


def test_every_link_to_a_record_leads_to_one(drawn):
    links = [link for link in Page(page(drawn)).links if link.startswith("../runs/")]
    assert links
    for link in links:
        assert (drawn / "report" / link).resolve().is_file(), link


def test_the_page_says_that_digits_are_not_the_papers_images(drawn):
    assert "These are not the paper\u2019s images" in page(drawn)


def test_the_page_holds_the_measured_numbers(drawn):
    cells = Page(page(drawn)).cells
    runs = pd.read_csv(drawn / "tables" / "runs.csv")
    comparisons = pd.read_csv(drawn / "tables" / "comparisons.csv")
    final = runs[runs["run"] == "base.design"]["final_test_accuracy"] * 100
    low, high = f"{final.min():.2f}", f"{final.max():.2f}"
    assert f"{final.mean():.2f} ({low} to {high})" in cells
    for value in comparisons["difference_points"]:
        assert wording.signed(value) in cells
    assert "4,978,730" in cells


def test_figure_2_is_printed_in_the_papers_form(drawn):
    text = page(drawn)
    assert "Epoch: 11 LR: [0.0912902842758814]" in text
    assert "Train Loss: 0.442 | Train Acc: 84.54%" in text
    assert "Val. Loss: 0.410 | Val Acc: 89.03%" in text
    assert "Current best Val Acc: 0.907151460647583" in text


def test_figure_4_shows_printed_beside_real_sizes(drawn):
    read = tables.read_tables(drawn)
    layers = read.layers[read.layers["run"] == "base.design"]
    table = figure_3.structure_table(read.published, layers)
    rows = [[cell.text for cell in row] for row in table.rows]
    assert [row[:3] for row in rows] == [
        ["conv1", "16×16", "32×32"],
        ["conv2_x", "8×8", "32×32"],
        ["conv3_x", "4×4", "16×16"],
        ["conv4_x", "2×2", "8×8"],
        ["conv5_x", "1×1", "4×4"],
        ["average pool", "1×1", "1×1"],
        ["fc", "10", "10"],
    ]
    assert rows[1][4] == "(5×5 32, 5×5 32) × 1"


def test_figure_3_ends_in_the_published_count(drawn):
    read = tables.read_tables(drawn)
    layers = read.layers[read.layers["run"] == "base.design"]
    assert figure_3.summary_table(layers).rows[-1][5].text == "4,978,730"


def test_the_best_so_far_is_of_the_whole_run():
    epochs = pd.DataFrame(
        {
            "epoch": range(3),
            "rate": 0.1,
            "train_loss": 1.0,
            "train_accuracy": 0.5,
            "test_loss": 1.0,
            "test_accuracy": [0.9, 0.7, 0.8],
        }
    )
    log = figure_2.log_lines(epochs, "rate", last=2)
    assert log.count("Epoch:") == 2
    assert log.count("Current best Val Acc: 0.9") == 2
    # Others' runs don't say what get_lr() printed.
    unknown = figure_2.log_lines(epochs.assign(rate=float("nan")), "rate", last=2)
    assert unknown == log.replace("[0.1]", "[\u2013]")


def test_figures_are_the_same_bytes_every_time_however_many_processes_share_them(drawn):
    before = {p.name: p.read_bytes() for p in (drawn / "figures").iterdir()}
    for processes in ("1", "3"):
        for path in (drawn / "figures").iterdir():
            path.unlink()
        assert figures.main([str(drawn), "--processes", processes]) == 0
        assert {p.name: p.read_bytes() for p in (drawn / "figures").iterdir()} == before


def test_a_figure_that_another_process_cannot_write_is_an_error(drawn, capfd):
    second = drawn / "figures" / f"{list(figures.drawings(tables.read_tables(drawn).study))[1]}.svg"
    second.unlink()
    second.mkdir()
    assert figures.main([str(drawn), "--processes", "2"]) == 1
    first, last = capfd.readouterr().err.splitlines()
    assert first == f"error: {second}: is a folder, a pipe or a device: name another path"
    assert last == f"error: {drawn / 'figures'}: a process that drew figures ended with 1"


def test_the_page_is_the_same_for_a_given_date(drawn, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert render.main([str(drawn)]) == 0
    before = page(drawn)
    assert "1970-01-02" in before
    assert render.main([str(drawn)]) == 0
    assert page(drawn) == before
    # Otherwise the date is that of the last run.
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    runs = pd.read_csv(drawn / "tables" / "runs.csv")
    began = ["2026-11-24T23:30:00-02:00", *["2026-11-24T06:42:19+00:00"] * (len(runs) - 1)]
    runs.assign(began=began).to_csv(drawn / "tables" / "runs.csv", index=False)
    assert render.main([str(drawn)]) == 0
    assert "<time>2026-11-25</time>" in page(drawn)
    # What can't be read is no date.
    began = ["yesterday", *began[1:]]
    runs.assign(began=began).to_csv(drawn / "tables" / "runs.csv", index=False)
    assert render.main([str(drawn)]) == 0
    assert "<time>2026-11-24</time>" in page(drawn)


def test_reports_of_other_studies_are_linked_where_they_are(study, capsys):
    document = json.loads((study / "study.json").read_text())
    document["scale"]["beside"] = ["theirs", "not_made_yet", "damaged", study.name]
    (study / "study.json").write_text(json.dumps(document))
    theirs = study.parent / "theirs"
    (theirs / "report").mkdir(parents=True)
    (theirs / "report" / "index.html").touch()
    other = to_document(resolve({"study": "deep_residual_learning", "scale": "smoke"}))
    (theirs / "study.json").write_text(json.dumps(other))
    shutil.copytree(theirs, theirs.with_name("damaged"))
    (theirs.with_name("damaged") / "study.json").write_text("{}")
    report_on(study)
    title = "Deep Residual Learning for Image Recognition (scale smoke)"
    link = f'Beside it: <a href="../../theirs/report/index.html">{title}</a>'
    assert page(study).count("Beside it: ") == page(study).count(link) == 1
    tex = (study / "report" / "report.tex").read_text()
    assert rf"Beside it: \href{{../../theirs/report/index.html}}{{{title}}}." in tex
    # A partial report lies elsewhere.
    assert render.main([str(study), "--partial"]) == 0
    partial = study / "partial" / "report" / "index.html"
    assert f'href="../../../theirs/report/index.html">{title}' in partial.read_text()
    # It is valid LaTeX, if there is an engine: the partial report's PDF was made.
    assert (partial.parent / "report.pdf").is_file() == bool(pdf.engine())


def test_alt_text_states_the_numbers(drawn):
    words = json.loads((drawn / "figures" / "ablation_maxpool.json").read_text())
    assert "the base design 50.5%, with the maxpool 55.5%" in words["alt"]
    assert "highest for with the maxpool" in words["alt"]


def test_every_figure_says_what_it_shows_with_n_and_the_kind_of_interval(demo):
    found = sorted((demo / "figures").glob("*.json"))
    assert len(found) > 25
    for path in found:
        words = json.loads(path.read_text())
        if len(path.with_suffix(".csv").read_text().splitlines()) < 2:
            # A figure without data says why, and isn't placed.
            assert words["caption"] == words["alt"]
            continue
        assert any(letter.isdigit() for letter in words["alt"]), path
        for caption in (words["caption"], words["column_caption"]):
            assert "n = " in caption, path
            assert "interval" in caption, path


def test_every_figure_is_placed_in_both_renderings(demo):
    paths = (demo / "figures").glob("*.csv")
    names = {path.stem for path in paths if len(path.read_text().splitlines()) > 1}
    assert len(names) > 25
    text, latex = page(demo), (demo / "report" / "report.tex").read_text()
    for name in names:
        assert f'<figure id="figure-{name}">' in text
        assert f"../figures/{name}.pdf" in latex


def effects(*rows):
    columns = ["arm", "n", "difference_points", "low_points", "high_points"]
    table = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], float))
    return table.assign(ablation="maxpool")


STUDY = {"ablations": {"maxpool": {"arms": [{"name": n, "label": f"with {n}"} for n in "abc"]}}}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("a", 2, -9.0, -50.0, 32.0), ("b", 5, 2.0, 1.0, 3.0), ("c", 1, 20.0, None, None)],
            "Of 3 changes that were tried, one matters most: with b, "
            "+2.00 points of test accuracy (+1.00 to +3.00, n = 5).",
        ),
        (
            [("a", 2, -9.0, -50.0, 32.0), ("c", 1, 20.0, None, None)],
            "Of 2 changes that were tried, none can be told from chance with these seeds; the "
            "largest: with a, −9.00 points of test accuracy (−50.00 to +32.00, n = 2).",
        ),
        ([("c", 1, 20.0, None, None)], ""),
        (
            [("a", 2, -9.0, -50.0, 32.0)],
            "With a, −9.00 points of test accuracy (−50.00 to +32.00, n = 2), which can't be told "
            "from chance with these seeds.",
        ),
        (
            [("a", 2, 3.0, None, None)],
            "With a, +3.00 points of test accuracy (equal in each, n = 2), which can't be told "
            "from chance with these seeds.",
        ),
    ],
)
def test_the_answer_calls_nothing_large_that_may_be_chance(rows, said):
    largest = answer.largest_effect(STUDY, effects(*rows))
    assert answer.effect_said(largest).replace("\u00a0", " ") == said
    # One pair is no effect, and so none that could be told from chance.
    several = sum(n > 1 for _, n, *_ in rows)
    tile = tiles.effect_tile(largest)
    assert tile.measured.endswith(f" of {several}") if tile else several == 0, tile
    single = "not counted: 1 change tried with one seed"
    assert not tile or (single in tile.lines) == (several < len(rows))


def test_the_answer_says_what_decides_claims():
    claims = [
        Verdict("x", kind, "", "", "", verdict, ())
        for kind, verdict in [
            ("exact", "supported"),
            ("exact", "refuted"),
            ("direction", "not testable in this study"),
        ]
    ]
    said = "Of the paper's 3 claims, arithmetic decides 2, and training none."
    assert answer.decided_said(claims) == said
    claims.append(dataclasses.replace(claims[2], verdict="supported"))
    said = "Of the paper's 4 claims, arithmetic decides 2, and training 1."
    assert answer.decided_said(claims) == said


def test_the_answer_of_a_ladder_leads_from_its_first_rung_to_its_last():
    arms = [{"name": name, "run": f"path.{name}"} for name in ("base", "a", "b", "c")]
    ladder = {"title": "The path", "design": "ladder", "arms": arms}
    runs = pd.DataFrame(
        {
            "run": ["path.base", "path.base", "path.b", "path.c"],
            "final_test_accuracy": [0.5, 0.6, 0.7, float("nan")],
        }
    )
    assert answer.ladder_said(ladder, runs, None).replace("\u00a0", " ") == (
        "The path: test accuracy from 55.0% (base, n = 2) to 70.0% (b, one run, n = 1), +15.0 "
        "points. 2 of 4 rungs have no accuracy."
    )
    # A step that may be chance isn't called large.
    row = {"label": "b", "difference_points": 9.0, "low_points": -1.0, "high_points": 19.0, "n": 2}
    assert "largest" not in answer.ladder_said(ladder, runs, row | {"clear": 0})
    assert "told from chance: b, +9.00 points" in answer.ladder_said(
        ladder, runs, row | {"clear": 1}
    )
    assert answer.ladder_said(ladder, runs[:2], None) == ""
    assert answer.ladder_said(ladder | {"design": "arms"}, runs, None) == ""


def test_the_answer_names_the_best_run_of_the_final_network():
    run = "base.recipe_1000000_of_50000"
    runs = pd.DataFrame(
        {
            "run": [run, run, run, "base.final", "c"],
            "parameters": [4_978_730] * 4 + [11_000_000],
            "best_notebook_test_accuracy": [0.915, 0.917, float("nan"), 0.5, 0.99],
            "images_seen": [998_400] * 3 + [16_000_000, 10],
            "flops_per_image": [22.5] * 3 + [10.0, 1.0],
        }
    )
    views = {"config": {"evaluation": {"flip": True, "shift": False}}, "seeds": 3}
    final = {"config": {"budget": {"images_seen": 16_000_000}}}
    study = {"ablations": {}, "runs": {run: views, "base.final": final}}
    best = headline.best_run(study, runs, published.load())
    # The run that ended without an accuracy doesn't count.
    assert headline.headline_said(best, published.load()) == (
        "The same 4,978,730 parameters, trained by another recipe: 91.6% (n\u00a0=\u00a02 of 3 "
        "planned) against the published 91%, after a sixteenth as many images seen, with 2.25 "
        "times the arithmetic for an image."
    )
    tile = tiles.accuracy_tile(best, published.load())
    assert tile.measured == "91.6%"
    assert tile.lines == (
        "published 91%, difference +0.6 points, n\u00a0=\u00a02 of 3 planned",
        "the base recipe at 1,000,000 images, scored in several views of an image; the best "
        "epoch on the test images, as the mean over batches",
    )
    own = headline.best_run(study, runs[3:], published.load())
    assert (own.name, own.views, own.n) == ("", False, 1)


def test_the_answer_counts_each_verdict_once():
    words = ["supported", "exceeds", "refuted", "no meaningful difference", "undecided", "not run"]
    verdicts = [Verdict("x", "value", "", "", "", word, ()) for word in words]
    tile = tiles.claims_tile(verdicts)
    assert tile.measured == "1 holds, 2 do not"
    assert tile.lines == (
        "1 not run, 1 open or without a verdict, 1 exceeded",
        "0 decided by arithmetic, 4 by training",
    )


@pytest.mark.parametrize(
    ("run", "name"),
    [
        ("base.final", "the base final"),
        ("base.residual_20", "the base residual 20"),
        ("base.residual_20_8000", "the base residual 20 at 8,000 images"),
        ("base.final_400000", "the base final at 400,000 images"),
        ("base.early_500000_of_50000", "the base early at 500,000 images"),
        ("own.run", "own.run"),
    ],
)
def test_a_base_is_named_with_its_length(run, name):
    study = {"ablations": {"depth": {"base": "residual_20", "arms": []}}}
    assert name_of(study, run) == name
    # Two runs of one length are told apart by their training images.
    for other in ("", "_of_20000"):
        both = study | {"runs": {run.removesuffix("_of_50000") + other: {}, run: {}}}
        more = " of 50,000" * run.endswith("_of_50000")
        assert name_of(both, run) == name + more
    assert name_of(both, run.removesuffix("_of_50000")) == name


def test_an_opacity_is_no_coordinate():
    tag = re.match(".*", '<path d="M1.25 -0.123L2 3.999" fill-opacity="0.16"/>')
    assert _shorter(tag) == '<path d="M1.2 -0.1L2 3.9" fill-opacity="0.16"/>'


def test_true_and_false_are_no_numbers(drawn):
    records = Sources(drawn, tables.read_tables(drawn), drawn / "figures").records
    data = pd.DataFrame({"on_front": [True, False], "points": [1.5, 2.0]})
    assert list(data_table(records, {"runs": {}}, "pareto", data).numeric) == [False, True]


def test_a_claim_that_rests_on_another_ablation_says_so():
    study = {
        "ablations": {
            "here": {"title": "Here", "arms": [{"name": "base", "run": "base.x"}]},
            "there": {"title": "There", "arms": []},
        }
    }
    effect = effect_of(np.array([-2.0, -2.1, -1.9]))
    part = Part("said.", "there.none", measured="\u22122.0", effect=effect, name="no copies")
    claim = Verdict("id", "size", "", "It matters", "", "supported", (part,))
    runs = pd.DataFrame({"run": ["base.x"], "status": ["finished"]})
    none = pd.DataFrame(columns=["arm", "n"])
    said = findings.ablation_findings(study, "here", runs, none, {}, [claim])
    assert said[0] == (
        "\u201cIt matters\u201d rests on another ablation alone: no copies, \u22122.0 (There)."
    )


def test_a_single_arm_keeps_its_results_in_the_second_table(drawn):
    read = tables.read_tables(drawn)
    ablation = read.study["ablations"]["maxpool"]
    mine = read.runs[read.runs["run"].isin([arm["run"] for arm in ablation["arms"]])]
    effects = read.comparisons[read.comparisons["ablation"] == "maxpool"]
    made = ablations.rest_table(
        "maxpool", ablation, mine, effects, {}, Records("..", read.runs), {}
    )
    assert len(made.rows) == 2
    assert "effect by the best epoch, points (interval)" in made.columns
    assert "95% over test images, points" in made.columns
    # A cost that is one says nothing.
    assert "parameters" not in made.columns


@pytest.mark.parametrize("design", ["arms", "ladder"])
def test_a_rung_is_not_sorted_away_from_the_one_it_is_compared_with(design):
    arms = [{"name": name, "run": f"a.{name}"} for name in ("base", "one", "two")]
    ablation = {"title": "T", "design": design, "budget": "images", "arms": arms}
    runs = pd.DataFrame({"run": [arm["run"] for arm in arms], "status": "finished"})
    runs = runs.assign(final_test_accuracy=0.5, images_seen=100)
    below = ["base", "one" if design == "ladder" else "base"]
    effects = pd.DataFrame({"arm": ["one", "two"], "reference": below, "n": 2})
    points = dict.fromkeys(("difference_points", "low_points", "high_points"), 1.0)
    made = ablations.main_table(ablation, runs, effects.assign(**points), Records("..", runs))
    assert made.mixed == (made.columns if design == "ladder" else ())


def test_runs_without_a_choice_of_epoch_gain_nothing_by_it():
    accuracy = [0.5, 0.7, 0.6, 0.4]
    epochs = pd.DataFrame({"run": ["a.b"] * 3 + ["a.c"], "seed": 0, "epoch": [0, 1, 2, 0]})
    gains = comparisons.optimism(epochs.assign(test_accuracy=accuracy))
    assert gains["run"].tolist() == ["a.b"]
    assert gains["optimism_points"].item() == pytest.approx(10)


def test_own_claims_that_were_not_run_have_no_table():
    none = Verdict("own", "direction", "", "It helps", "", "not run", ())
    said = dataclasses.replace(none, verdict="undecided")
    assert verdicts.content([said], [none])["own"] is None
    assert [row[0].text for row in verdicts.content([], [none, said])["own"].rows] == ["It helps"]
    # Without any claim there is nothing to show.
    assert verdicts.content([], [none]) is None


def test_the_page_leads_to_a_pdf_only_where_one_is(drawn, monkeypatch):
    monkeypatch.setattr(pdf, "engine", lambda: None)
    (drawn / "report" / "report.pdf").unlink(missing_ok=True)
    assert render.main([str(drawn)]) == 0
    assert "report.pdf" not in page(drawn)
    (drawn / "report" / "report.pdf").touch()
    assert render.main([str(drawn)]) == 0
    assert '<a href="report.pdf">as PDF</a>' in page(drawn)


def test_what_was_arithmetic_is_said_only_where_something_was(drawn):
    sources = Sources(drawn, tables.read_tables(drawn), drawn / "figures")

    def items(verdicts):
        names = inspect.signature(summary.content).parameters
        asked = {name: getattr(sources, name) for name in names} | {"verdicts": verdicts}
        return dict(summary.content(**asked)["items"])

    trained = [v for v in sources.verdicts if v.trained]
    assert "What was easy" not in items(trained)
    assert "7 such claims" in items(sources.verdicts)["What was easy"]
    untestable = [dataclasses.replace(trained[0], verdict="not testable in this study")] * 2
    assert "2 claims need other runs" in items(untestable)["What was difficult"]


def test_a_commit_keeps_its_changes_in_the_citation():
    commits = ["a" * 40, "a" * 40 + "+changes", "a" * 40, "b" * 40]
    found = cite.commits_of(pd.DataFrame({"commit": commits}))
    assert found == ["a" * 12, "a" * 12 + "+changes", "b" * 12]


def only(demo, tmp_path, name):
    """The page of a study of one ablation, from the demo's records."""
    folder = tmp_path / "results" / "demo"
    shutil.copytree(demo.parent / "data", tmp_path / "results" / "data")
    document = json.loads((demo / "study.json").read_text())
    document["ablations"] = {name: document["ablations"][name]}
    wanted = {arm["run"] for arm in document["ablations"][name]["arms"]}
    document["runs"] = {run: it for run, it in document["runs"].items() if run in wanted}
    for run in wanted:
        shutil.copytree(demo / "runs" / run, folder / "runs" / run)
    (folder / "tables").mkdir()
    for table in ("rates.csv", "networks.csv"):
        shutil.copy(demo / "tables" / table, folder / "tables")
    (folder / "study.json").write_text(json.dumps(document))
    return page(report_on(folder))


@pytest.mark.parametrize(
    ("name", "figure"),
    [("stride_position", "ablation_stride_position"), ("recipe", "ladder_recipe")],
)
def test_a_study_of_one_ablation_begins_with_it(demo, tmp_path, name, figure):
    text = only(demo, tmp_path, name)
    sections = re.findall(r'<section id="([a-z0-9-]+)">', text)
    assert sections[:3] == ["answer", "ablations", "summary"]
    opening = text[text.index('<section id="answer">') : text.index('<section id="ablations">')]
    assert f'<figure id="figure-{figure}">' in opening
    assert text.count(f'<figure id="figure-{figure}">') == 1
    # What it doesn't have is folded, and nowhere a table or a caption of nothing.
    assert "on runs that this study doesn&#39;t have" in text
    shown = text.partition("<script")[0]
    assert "n = 0" not in shown


def test_every_arm_that_ran_links_to_its_record(demo):
    text = page(demo)
    for name, ablation in json.loads((demo / "study.json").read_text())["ablations"].items():
        section = text[text.index(f'<section id="ablation-{name}"') :].partition("</section>")[0]
        for arm in ablation["arms"]:
            named = ablation["base"] if arm["name"] == "base" else arm["label"]
            assert f'<a href="#run-{arm["run"]}">' in section
            assert html.escape(named, quote=False).replace("'", "&#39;") in section
            # And from there to the record of every seed.
            row = text[text.index(f'id="run-{arm["run"]}"') :].partition("</tr>")[0]
            assert f'<a href="../runs/{arm["run"]}/seed0/summary.json">0</a>' in row


def test_every_claim_leads_to_its_evidence_and_that_to_records(demo):
    text = page(demo)
    for article in text.split('<article id="claim-')[1:]:
        evidence = article.partition("</article>")[0]
        assert (
            'href="#run-' in evidence
            or 'href="#figure-2"' in evidence
            # An accuracy from other images than the paper's is no evidence.
            or "This study trains on digits" in evidence
        ), article[:60]


def test_json_in_a_script_cannot_end_it():
    text = block({"</script><script>": "<!-- & -->"})
    assert "<" not in text
    assert json.loads(text) == {"</script><script>": "<!-- & -->"}


@pytest.mark.parametrize("step", [figures, render])
def test_missing_tables_are_an_error(tmp_path, step, capsys):
    assert step.main([str(tmp_path)]) == 1
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (wording.percent(0.9105), "91.05%"),
        (wording.percent(float("nan")), "–"),
        (wording.count(4978730.0), "4,978,730"),
        (wording.signed(-0.5), "−0.50"),
        (wording.interval(-1, 2), "−1.00 to +2.00"),
        (wording.interval(float("nan"), 1), "–"),
        (wording.duration(0), "unknown time"),
        (wording.duration(30), "30.0 s"),
        (wording.duration(600), "10 min"),
        (wording.duration(7200), "2.0 h"),
        (wording.changes({"model.maxpool": True}), "model maxpool: true"),
        (
            wording.changes({"augmentation.copies": [[], ["random_crop"]]}),
            "copies: as is | random_crop",
        ),
    ],
)
def test_numbers_read_as_a_person_would_write_them(said, value):
    assert said == value


def test_a_partial_report_names_what_is_missing(study, capsys, monkeypatch):
    shutil.rmtree(study / "runs" / "maxpool.with_maxpool")
    (study / "runs" / "base.design" / "seed1" / "summary.json").write_text("{")
    monkeypatch.setattr(pdf, "engine", lambda: None)
    assert render.main(["--partial", str(study)]) == 0
    path = study / "partial" / "report" / "index.html"
    assert str(path) in capsys.readouterr().out
    text = path.read_text()
    parsed = Page(text)
    for gap in ("maxpool.with_maxpool", "base.design"):
        assert gap in parsed.cells
    assert "3 runs have no record" in text
    for link in parsed.links:
        if link.startswith("../"):
            assert (path.parent / link).resolve().exists(), link
    assert not (study / "tables" / "runs.csv").exists()


def test_a_study_without_any_record_is_an_error(study, capsys):
    shutil.rmtree(study / "runs")
    assert render.main(["--partial", str(study)]) == 1
    assert "no run is finished" in capsys.readouterr().err


def test_a_diverged_run_is_said_to_be(study):
    path = study / "runs" / "maxpool.with_maxpool" / "seed0" / "summary.json"
    path.write_text(path.read_text().replace('"finished"', '"diverged"'))
    report_on(study)
    assert "2, 1 diverged" in Page(page(study)).cells


def test_the_page_gives_every_claim_its_verdict(drawn):
    text = page(drawn)
    assert text.count('<article id="claim-') == 30
    assert "6 supported" in text
    assert "1 refuted" in text
    for verdict in judge(tables.read_tables(drawn)):
        article = text[text.index(f'<article id="claim-{verdict.id}"') :]
        assert f">{html.escape(verdict.label)}</span>" in article.partition("</summary>")[0]


def test_the_protocol_lists_every_setting(drawn):
    read = tables.read_tables(drawn)
    made = protocol.settings_table(read.study, read.runs)
    config = read.study["runs"]["base.design"]["config"]
    keys = {key for key, value in flatten(config).items() if value is not None} - {"seed"}
    assert {row[0].text for row in made.rows} == {titles()[key] for key in keys}
    assert set(titles()) >= set(flatten(to_dict(RunConfig())))
    assert titles()["optimizer.kernel_learning_rate"] == "learning rate of kernels"


def test_the_protocol_names_the_ablations_that_hold_images_out(drawn):
    read = tables.read_tables(drawn)

    def said() -> str:
        return " ".join(protocol.protocol(read.study, read.runs, read.data, read.published))

    assert "No run listed here holds images out of training" in said()
    config = read.study["runs"]["maxpool.with_maxpool"]["config"]
    config["selection"] = config["selection"] | {"held_out_images": 100}
    title = read.study["ablations"]["maxpool"]["title"]
    assert f"chosen on images held out of training in: {title}. " in said()
