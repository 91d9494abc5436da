"""What figures say where runs are few, unequal, or without an accuracy; from made-up tables."""

import dataclasses
import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import report_on

from paper.figures.figure2 import draw as draw_figure2
from report import render
from report.draw.drawing import PALETTE, colour, dash, label, styled, thin
from report.draw.figures.ablation import draw as draw_ablation
from report.draw.figures.effects import draw as draw_effects
from report.draw.figures.grid import draw as draw_grid
from report.draw.figures.ladder import draw as draw_ladder
from report.draw.figures.optimism import draw as draw_optimism
from report.draw.figures.pareto import draw as draw_pareto
from report.draw.figures.pareto import pareto_front
from report.draw.figures.verdicts import _claimed, _rows
from report.draw.registry import EntryError, entries, figures_of
from report.judge.comparisons import repeated
from report.judge.parts import Part
from report.judge.statistics import images
from report.judge.statistics.effects import effect_of
from report.judge.verdicts import Verdict
from report.page import findings
from report.page.html import inline
from report.page.picture import read_picture
from report.page.records import Records
from report.page.sections.experiments import ablations, selection
from report.page.sections.record import limits, reproducibility
from report.read.arms import headline_runs
from report.read.published import folder_of
from report.read.tables import read_tables


@pytest.fixture
def tables(demo):
    return read_tables(demo)


FIGURE = '''"""What is shown."""
SECTION = "pareto"
PER = "study"
def draw(tables, narrow): ...
'''


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "costs",
            "tables, narrow)",
            "tables)",
            r":4: draw\(tables\): with PER = 'study' it must be",
        ),
        ("costs", '"study"', '"ladder"', r":4: .* it must be draw\(tables, narrow, name\)"),
        ("costs", "draw", "plot", r": needs a function draw\(tables, narrow\)"),
        ("costs", "...", "(", r":4: '\(' was never closed"),
        ("costs", "What is shown.", "", r": needs a docstring"),
        ("effects", "", "", r"/figures/effects\.py has this name, too"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused_before_training(tmp_path, name, old, new, said):
    (tmp_path / "figures").mkdir()
    path = tmp_path / "figures" / f"{name}.py"
    path.write_text(FIGURE.replace(old, new, 1) if old else FIGURE)
    with pytest.raises(EntryError, match=f"^{re.escape(str(path))}.*{said}"):
        entries(tmp_path)


def without(tables, run, *seeds):
    """The tables as if some seeds of a run had no record."""
    kept = {}
    for name in ("runs", "epochs"):
        table = getattr(tables, name)
        kept[name] = table[~((table["run"] == run) & table["seed"].isin(seeds))]
    comparisons = tables.comparisons.copy()
    return dataclasses.replace(tables, **kept, comparisons=comparisons)


def test_texts_in_figures_are_the_same_on_the_page(demo, tables):
    designs = {name: ablation["design"] for name, ablation in tables.study["ablations"].items()}
    for figure in figures_of(designs, folder_of({})):
        name = figure.name
        picture = read_picture(Records("..", tables.runs), tables.study, demo / "figures", figure)
        for narrow in (False, True):
            file = demo / "figures" / f"{name}{'.narrow' if narrow else ''}.svg"
            texts = [
                re.findall(r"<text[^>]*>([^<]*)", svg)
                for svg in (file.read_text(), str(inline(demo / "figures", picture, narrow)))
            ]
            assert texts[0] == texts[1]
    assert ">0.0005" in (demo / "report" / "index.html").read_text()


def test_n_is_counted_and_not_planned(tables):
    name, run = "maxpool", "maxpool.with_maxpool"
    assert "n = 2 seeds" in draw_ablation(tables, False, name).caption
    assert "n = 1 to 2 seeds" in draw_ablation(without(tables, run, 1), False, name).caption
    none = without(without(tables, run, 0, 1), "base.design", 0, 1)
    assert "0 runs are finished" in draw_ablation(none, False, name).alt


def test_arms_that_agree_are_not_ranked(tables):
    equal = dataclasses.replace(tables, runs=tables.runs.assign(final_test_accuracy=0.5))
    assert "all equal" in draw_ablation(equal, False, "maxpool").alt


def test_the_names_of_a_grids_cells_end_with_what_differs(demo):
    for width in ("", ".narrow"):
        svg = (demo / "figures" / f"ablation_hyperparameters{width}.svg").read_text()
        texts = re.findall(r"<text[^>]*>([^<]*)", svg)
        # Beside the points and in the legend: half of the cells. The base is one of the others.
        assert sum(text.endswith("batch size 256") for text in texts) == 2 * 6
        assert not [text for text in texts if "…" in text]


def test_a_ladder_leaves_a_missing_rung_out(tables):
    whole = draw_ladder(tables, False, "path")
    assert len(whole.data.dropna(subset="accuracy_percent")) == 12
    assert "left out" not in whole.caption
    missing = without(tables, "path.kernels", 0)
    comparisons = missing.comparisons
    gone = (comparisons["ablation"] == "path") & comparisons["arm"].isin(["kernels", "blocks"])
    comparisons.loc[gone, "difference_points"] = float("nan")
    drawing = draw_ladder(missing, False, "path")
    assert "kernels 5, 5, 3, 3" not in set(drawing.data["rung"])
    assert "Rungs without a run are left out: kernels 5, 5, 3, 3." in drawing.caption
    assert "9 steps measured" in drawing.alt


def test_a_bar_of_a_ladder_is_as_long_as_its_step(tables):
    drawing = draw_ladder(tables, False, "path")
    *lengths, whole = [patch.get_width() for patch in drawing.figure.axes[0].patches]
    assert lengths == pytest.approx(drawing.data["effect_points"].dropna().tolist())
    first, last = drawing.data["accuracy_percent"].iloc[[0, -1]]
    assert whole == pytest.approx(last - first)
    assert sum(lengths) == pytest.approx(whole)


def test_a_grid_is_judged_by_its_own_images_and_seeds(tables):
    held_out = draw_grid(tables, False, "hyperparameters")
    assert held_out.data.columns[-1] == "test_accuracy_percent"
    epochs = tables.epochs.copy()
    mine = epochs["run"].str.startswith(("hyperparameters.", "base.search"))
    epochs.loc[mine, "held_out_accuracy"] = 0.25
    chosen = dataclasses.replace(tables, epochs=epochs)
    drawing = draw_grid(chosen, False, "hyperparameters")
    assert drawing.data["held_out_accuracy_percent"].tolist() == [25.0] * 12
    epochs.loc[mine, "held_out_accuracy"] = float("nan")
    epochs.loc[~mine, "held_out_accuracy"] = 0.5
    other = draw_grid(dataclasses.replace(tables, epochs=epochs), False, "hyperparameters")
    assert other.data.columns[-1] == "test_accuracy_percent"
    assert "12 combinations" in other.alt


@pytest.mark.parametrize("narrow", [False, True])
def test_a_grid_of_one_row_has_room_for_the_names_of_its_axes(tables, narrow):
    row = tables.epochs["run"].str.startswith(("hyperparameters.lr_0p1_", "base.search"))
    one_row = dataclasses.replace(tables, epochs=tables.epochs[row])
    with styled(narrow):
        figure = draw_grid(one_row, narrow, "hyperparameters").figure
        figure.draw_without_rendering()
    for axes in figure.axes:
        name = axes.yaxis.label.get_window_extent()
        assert figure.bbox.y0 <= name.y0 < name.y1 <= figure.bbox.y1, axes.get_ylabel()


def test_figure_2_shows_every_seed_whole(tables):
    run = headline_runs(tables.study, tables.epochs["run"])[0]
    whole = tables.epochs[(tables.epochs["run"] == run) & (tables.epochs["seed"] == 0)]
    short = whole[whole["epoch"] <= 2].assign(seed=1)
    both = dataclasses.replace(tables, epochs=pd.concat([whole, short]))
    rates = draw_figure2(both, False).figure.axes[3]
    assert rates.get_xlim()[1] >= 7
    assert [len(line.get_xdata()) for line in rates.lines] == [8, 3]


def test_runs_without_an_accuracy_are_said_to_be(tables):
    nothing = tables.runs.assign(final_test_accuracy=float("nan"))
    epochs = tables.epochs.assign(test_accuracy=float("nan"))
    empty = dataclasses.replace(tables, runs=nothing, epochs=epochs)
    for drawing in (draw_pareto(empty, False), draw_optimism(empty, False)):
        assert drawing.alt.startswith("0 runs ")
    assert draw_ablation(empty, False, "maxpool").alt.endswith(": 0 runs are finished.")
    comparisons = tables.comparisons.assign(difference_points=float("nan"))
    ablation = tables.study["ablations"]["maxpool"]
    effects = comparisons.query("ablation == 'maxpool'")
    mine = nothing[nothing["run"].isin([arm["run"] for arm in ablation["arms"]])]
    said = findings.ablation_findings(tables.study, "maxpool", mine, effects, {}, [])
    assert said == ["with the maxpool against the base design: a run ended without an accuracy."]
    assert findings.conclusion(ablation, effects, [], "maxpool") == "No arm can be compared yet."


def test_what_differs_between_compared_runs_is_said_once():
    alike = {"precision": "bf16", "device": "cpu", "threads": 1, "versions": "torch 2.14.1"}
    mixed = pd.DataFrame([alike | {"processor": name} for name in ("B, 2 cores", "A, 2 cores")])
    turned = mixed[::-1]
    said = findings.unlike([("Maxpool", mixed), ("Channels", turned), ("Precision", mixed[:1])])
    assert said == [
        "Not all runs that are compared were trained alike: processor (A, 2 cores or B, 2 cores); "
        "in Maxpool and Channels."
    ]


def test_the_pareto_front_by_hand():
    cost, value = pd.Series([1, 2, 2, 3, 4]).to_numpy(), pd.Series([5, 4, 6, 6, 7]).to_numpy()
    assert pareto_front(cost, value) == [0, 2, 4]


def test_a_second_cue_tells_apart_what_has_the_same_colour():
    cues = [(colour(i), dash(i)) for i in range(4 * len(PALETTE))]
    assert len(set(cues)) == len(cues)


def test_labels_keep_to_the_fonts_letters():
    assert label("a 🎉 party", 32) == "a ? party"
    assert label("x" * 40, 10) == "x" * 9 + "\u2026"


def test_labels_wrap_to_the_lines_that_they_have():
    assert label("stride in a block's first convolution", 26, lines=2) == (
        "stride in a block's first\nconvolution"
    )
    assert label("base", 26, lines=2) == "base"
    assert label("a early-adam", 10, lines=2) == "a\nearly-adam"
    assert label("one two three", 5, lines=2) == "one\ntwo \u2026"


def test_thinned_rows_end_with_the_last():
    table = pd.DataFrame({"x": range(10)})
    assert thin(table, 4)["x"].tolist() == [0, 3, 6, 9]
    assert thin(table, 3)["x"].tolist() == [1, 5, 9]
    assert thin(table, 99)["x"].tolist() == list(range(10))


def test_the_share_of_seeds_in_the_variance_does_not_grow_with_seeds(tables):

    hits = np.random.default_rng(0).random((10, 10_000)) < 0.75
    for seeds in (2, 5, 10):
        assert images.spreads(hits[:seeds])[1] == pytest.approx(0.433, abs=0.005)


def test_limits_count_the_comparisons_of_several_seeds(tables):
    several = int(tables.comparisons["detectable_points"].notna().sum())
    assert several > 10
    gaps = pd.DataFrame({"run": ["optimizer.adam"], "seed": [0], "reason": ["not run"]})
    alone = tables.study["ablations"]["maxpool"] | {
        "arms": [{"name": "base", "run": "base.design"}, {"name": "x", "run": "alone.x"}]
    }
    sentences = limits.content(
        tables.study | {"ablations": tables.study["ablations"] | {"alone": alone}},
        tables.runs.assign(precision=["bf16", *["fp32"] * (len(tables.runs) - 1)]),
        tables.comparisons,
        gaps,
        tables.data,
        tables.published,
    )["sentences"]
    assert any(f"half of the {several} comparisons" in said for said in sentences)
    planned = len(tables.runs) + 1
    assert f"1 of {planned} planned runs has no record, and 1 ablation has no finished arm." in (
        sentences
    )
    coarse = f"1 of {planned - 1} runs were trained in bfloat16"
    assert any(said.startswith(coarse) for said in sentences)


def test_a_comparison_counts_once_whichever_way_round():
    pairs = pd.DataFrame(
        {"run": ["a", "b", "c", "a"], "reference_run": ["b", "a", "a", "b"]}, index=[3, 5, 7, 9]
    )
    assert repeated(pairs).to_dict() == {3: False, 5: True, 7: False, 9: True}
    assert repeated(pairs[:0]).empty


def test_the_commands_name_the_studys_own_folder_and_options(tables, tmp_path):
    study = tables.study | {"options": {"seeds": 3, "ablations": "[maxpool,path]"}}
    folder = tmp_path / "demo_seeds"
    first, second = reproducibility.commands(study, tables.data, folder)
    assert first.endswith("--config scale=demo seeds=3 'ablations=[maxpool,path]'")
    assert second == "python -m report.claims results/demo_seeds"
    # Weights can be trained again and compared; gaps make it a partial report.
    (folder / "runs" / "base.final" / "seed0").mkdir(parents=True)
    (folder / "runs" / "base.final" / "seed0" / "model.safetensors").touch()
    _, verify, _, render_ = reproducibility.commands(study, tables.data, folder, partial=True)
    assert verify == "python -m resnet.verify results/demo_seeds --sample 3"
    assert render_ == "python -m report.render --partial results/demo_seeds"


def test_a_report_without_the_first_seed_links_to_what_there_is(study):
    shutil.rmtree(study / "runs" / "base.design" / "seed0")
    assert render.main(["--partial", str(study)]) == 0
    page = study / "partial" / "report" / "index.html"
    links = set(re.findall(r'href="(\.\./\.\./runs/[^"]*)"', page.read_text()))
    assert any("base.design/seed1" in link for link in links)
    assert [link for link in links if not (page.parent / link).resolve().exists()] == []


def test_names_that_look_like_nothing_are_names(study):

    document = json.loads((study / "study.json").read_text())
    document["ablations"]["maxpool"]["arms"][1] |= {"name": "null", "label": "null"}
    (study / "study.json").write_text(json.dumps(document))
    report_on(study)
    assert "Null: +5.00 points" in (study / "report" / "index.html").read_text()


def test_the_figure_of_verdicts_says_which_are_post_hoc_and_shades_what_is_claimed():
    effect = effect_of(np.array([2.0, 2.1, 1.9]))
    part = Part("said.", "a.b", "better", verdict="supported", effect=effect, thresholds=(0.0,))
    verdict = Verdict("x", "direction", "", "It helps", "", "supported", (part,), post_hoc="Late.")
    study = SimpleNamespace(study={"ablations": {}})
    assert [row.label for row in _rows(study, verdict)] == ["supported, post hoc"]
    both = dataclasses.replace(verdict, parts=(part, part))
    assert [row.label for row in _rows(study, both)] == [
        "supported, post hoc",
        "supported",
        "supported",
    ]
    above = dataclasses.replace(part, claimed="not worse", thresholds=(-0.5,))
    assert _claimed(above) == (-0.5, np.inf)
    assert _claimed(dataclasses.replace(part, claimed="not better")) == (-np.inf, 0.0)


def test_effects_by_the_best_epoch_are_told_beside_those_of_the_last():
    rows = [
        ("a", "b", "a.b", "base.x", 2, 2.0, 1.0, 3.0, 3.0, -1.0, 7.0),
        ("a", "c", "a.c", "base.x", 2, 0.5, -0.5, 1.5, 1.0, 0.2, 1.8),
        # The same pair of runs in another ablation, and one that has a single seed.
        ("again", "b", "a.b", "base.x", 2, 2.0, 1.0, 3.0, 3.0, -1.0, 7.0),
        ("a", "d", "a.d", "base.x", 1, 9.0, *[float("nan")] * 2, 1.0, *[float("nan")] * 2),
    ]
    ends = ("difference_points", "low_points", "high_points")
    columns = ["ablation", "arm", "run", "reference_run", "n", *ends, *(f"best_{c}" for c in ends)]
    comparisons = pd.DataFrame(rows, columns=columns)
    arms = [{"name": name, "run": f"a.{name}", "label": f"{name} in words"} for name in "bcd"]
    study = {"ablations": {name: {"arms": arms} for name in ("a", "again")}, "runs": {}}
    # By the best epoch 3.0 and 1.0 points: 1.0 and 0.5 from the last.
    said = selection.by_best_epoch(study, comparisons)
    assert said.replace("\u00a0", " ") == (
        "Effects are of the last epoch; by the best epoch 2 effects of several seeds would differ "
        "by 0.75 points (median), most of all b in words: +3.00 points, not +2.00. By the best "
        "epoch alone the interval leaves out zero: c in words: +1.00 (+0.20 to +1.80). By the last "
        "epoch alone the interval leaves out zero: b in words: +2.00 (+1.00 to +3.00)."
    )
    assert selection.by_best_epoch(study, comparisons.assign(n=1)) == ""


def test_only_a_paper_that_chose_the_epoch_on_the_test_set_is_said_to(tables):
    gains = pd.Series([0.5, 1.5])
    theirs = tables.published
    assert selection.optimism(gains, theirs).startswith("The paper reports the best epoch")
    last = dataclasses.replace(theirs, facts=theirs.facts | {"metric": "final_test_accuracy"})
    assert selection.optimism(gains, last).startswith(
        "The best epoch on the test images would be a choice by the test set, which adds +1.00 "
    )


def test_a_rung_that_was_not_run_stands_in_its_ladder():
    arms = [
        {"name": name, "run": f"{name}.run", "changes": {key: 1}, "also_changes": {}, "label": name}
        for name, key in (("base", "batch_size"), ("first", "model.maxpool"), ("last", "drop_last"))
    ]
    ladder = {"title": "T", "base": "x", "design": "ladder", "budget": "images", "arms": arms}
    columns = ("seconds", "parameters", "flops_per_image", "images_seen")
    runs = pd.DataFrame(
        [
            {"run": run, "status": "finished", "device": "cpu", **dict.fromkeys(columns, 1)}
            | {"final_test_accuracy": accuracy, "best_test_accuracy": accuracy}
            for run, accuracy in (("base.run", 0.5), ("last.run", 0.6))
        ]
    )
    effects = pd.DataFrame(columns=["arm", "reference"])
    records = SimpleNamespace(of=lambda run: "")
    main = ablations.main_table(ladder, runs, effects, records)
    assert [cell.text for cell in main.rows[1]] == ["first", "–", "not run", "0"]
    rest = ablations.rest_table(
        "a", ladder, runs, effects, {}, records, {"model.maxpool": "maxpool after the stem"}
    )
    assert [cell.text for cell in rest.rows[1][:2]] == [
        "first (not run)",
        "maxpool after the stem: 1",
    ]
    assert len(rest.rows[1]) == len(rest.rows[0])


def test_the_largest_effect_is_not_that_of_a_shorter_run():
    arms = [
        {"name": "base", "run": "base.x", "label": "base", "changes": {}},
        {"name": "short", "run": "a.s", "label": "a tenth", "changes": {"budget.fraction": 0.1}},
        {"name": "wide", "run": "a.wide", "label": "wide", "changes": {"model.width": 2}},
    ]
    study = {"ablations": {"a": {"title": "A", "design": "arms", "arms": arms}}}
    rows = [("a", "short", "base", 3, -20.0), ("a", "wide", "base", 3, 2.0)]
    columns = ["ablation", "arm", "reference", "n", "difference_points"]
    effects = pd.DataFrame(rows, columns=columns).assign(level=0.95, reference_run="base.x")
    effects["run"] = effects["arm"]
    effects["low_points"], effects["high_points"] = effects.difference_points - 1, 0.0
    drawing = draw_effects(SimpleNamespace(study=study, comparisons=effects), False)
    assert "Effects of 2 arms on final test accuracy. The largest is wide: +2.00" in drawing.alt


def test_one_pair_is_no_effect():
    arms = [
        {"name": name, "run": f"a.{name}", "label": name, "changes": {}}
        for name in ("base", "once", "often")
    ]
    ablation = {"title": "A", "design": "arms", "arms": arms}
    study = {"ablations": {"a": ablation}}
    rows = [("a", "once", "base", 1, 20.0), ("a", "often", "base", 3, 2.0)]
    columns = ["ablation", "arm", "reference", "n", "difference_points"]
    effects = pd.DataFrame(rows, columns=columns).assign(level=0.95, reference_run="a.base")
    effects["run"] = effects["arm"]
    effects["low_points"] = [float("nan"), 1.0]
    effects["high_points"] = [float("nan"), 3.0]
    drawing = draw_effects(SimpleNamespace(study=study, comparisons=effects), False)
    assert drawing.alt.startswith("Effects of 1 arm on final test accuracy. The largest is often")
    assert drawing.caption.endswith(" 1 arm with one pair of runs, and so no interval, left out.")
    said = findings.conclusion(ablation, effects, [], "a")
    assert said == "Often: +2.00 points (+1.00\u00a0to\u00a0+3.00,\u00a0n\u00a0=\u00a03)."
    # Where no arm has several pairs, the difference is said, with its n.
    alone = effects[effects["n"] == 1]
    said = findings.conclusion(ablation, alone, [], "a")
    assert said == "Once: +20.00 points (n\u00a0=\u00a01)."
    assert ablations._effect(effects.iloc[0], 3) == "+20.00\u00a0(one\u00a0pair)"
    drawing = draw_effects(SimpleNamespace(study=study, comparisons=alone), False)
    assert drawing.alt == "No arm has two pairs of runs, the fewest that give an interval."


def test_an_ablation_whose_base_decides_a_claim_has_a_section():
    words = {"claimed": "in most runs", "measured": "in 0 of 6 seeds", "verdict": "refuted"}
    part = Part("said.", "a.base", held=(0, 6), **words)
    verdict = Verdict("x", "trend", "", "It overfits", "", "refuted", (part,))
    assert ablations._tells("a", [verdict])
    assert not ablations._tells("b", [verdict])
    # Arithmetic on a base is no test of its training.
    counted = dataclasses.replace(part, held=None)
    assert not ablations._tells("a", [dataclasses.replace(verdict, parts=(counted,))])
    nothing = pd.DataFrame(columns=["n", "difference_points"])
    said = findings.conclusion({"arms": []}, nothing, [verdict], "a")
    assert said == "No arm can be compared yet. \u201cIt overfits\u201d: refuted."
    # A claim of which one arm is missing was not run in full.
    other = Part("row 3", verdict="not run")
    parts = (Part("said.", "a.base", measured="72.3% (n = 3)", verdict="supported"), other)
    partly = Verdict("y", "value", "", "It has 84%", "", "not run", parts)
    said = findings.conclusion({"arms": []}, nothing, [partly], "a")
    assert said == "\u201cIt has 84%\u201d: 72.3% (n = 3), not run in full."
    # What it says of accuracies comes before its other verdicts.
    reached = Part("said.", "a.base", claimed="90% \u00b1 1", measured="89.5% (n = 5)", name="base")
    value = Verdict("y", "value", "", "It has 90%", "", "supported", (reached,))
    said = findings.conclusion({"arms": []}, nothing, [verdict, value], "a")
    assert said == (
        "\u201cIt has 90%\u201d: 89.5% (n = 5), supported; \u201cIt overfits\u201d: refuted."
    )


def test_a_sign_that_a_claim_on_training_decides_is_said_to_be_of_training():
    words = {"verdict": "supported", "gains": False}
    tested = Part("said.", "a.deep", **words)
    trained = dataclasses.replace(tested, on="in training")
    verdict = Verdict("x", "direction", "", "Deeper is worse", "", "supported", (trained,))
    by = "by the verdict on \u201cDeeper is worse\u201d"
    assert findings.signs_decided([verdict]) == {"a.deep": f"worse in training {by}"}
    verdict = dataclasses.replace(verdict, parts=(tested,))
    assert findings.signs_decided([verdict]) == {"a.deep": f"worse {by}"}
