"""Verdicts: the rules by hand, the thirty claims on a made-up study, and what users ask of them."""

import json
import math

import pandas as pd
import pytest

from report import claims, compare
from report.judge import comparisons
from report.judge.claims import judge, judge_own
from report.judge.statistics import Effect
from report.judge.trends import RULES
from report.judge.verdicts import combine, direction, region, size
from report.read import published
from report.read import records as collect
from report.read.tables import read_tables

NAN = math.nan


def effect(difference, low=NAN, high=NAN, p=NAN, equivalence_p=NAN, n=5):
    return Effect(n, difference, low, high, p, 0.5, NAN, equivalence_p)


@pytest.mark.parametrize(
    ("difference", "p", "equivalence_p", "sign", "verdict"),
    [
        (1.0, 0.01, 0.9, "positive", "supported"),
        (1.0, 0.01, 0.9, "negative", "refuted"),
        (-1.0, 0.01, 0.9, "negative", "supported"),
        (-1.0, 0.01, 0.9, "not positive", "supported"),
        (1.0, 0.01, 0.9, "not positive", "refuted"),
        (0.1, 0.60, 0.01, "positive", "no meaningful difference"),
        (0.1, 0.60, 0.01, "not positive", "supported"),
        (0.3, 0.20, 0.20, "positive", "undecided"),
        (0.3, NAN, NAN, "positive", "undecided"),
        # Significant and negligible at once: the sign is told.
        (0.1, 0.01, 0.01, "positive", "supported"),
    ],
)
def test_a_direction(difference, p, equivalence_p, sign, verdict):
    assert direction(effect(difference, p=p, equivalence_p=equivalence_p), p, sign) == verdict


@pytest.mark.parametrize(
    ("part", "low", "high", "verdict"),
    [
        ({"within": 1}, -0.5, 0.9, "supported"),
        ({"within": 1}, 0.5, 1.1, "undecided"),
        ({"within": 1}, 1.1, 2.0, "refuted"),
        ({"within": 1}, -3.0, -1.2, "refuted"),
        ({"sign": "negative", "beyond": 3}, -5.0, -3.1, "supported"),
        ({"sign": "negative", "beyond": 3}, -5.0, -2.9, "undecided"),
        ({"sign": "negative", "beyond": 3}, -2.0, 1.0, "refuted"),
        ({"sign": "positive", "within": 1}, 0.1, 0.9, "supported"),
        ({"sign": "positive", "within": 1}, -0.1, 0.9, "undecided"),
        ({"sign": "positive", "within": 1}, -0.9, -0.1, "refuted"),
        ({"within": 1}, NAN, NAN, "undecided"),
    ],
)
def test_a_size_lies_on_one_side_with_its_whole_interval(part, low, high, verdict):
    middle = (low + high) / 2
    assert size(effect(middle, low, high), *region(part)) == verdict


@pytest.mark.parametrize(
    ("verdicts", "how", "verdict"),
    [
        (["supported", "supported"], "all", "supported"),
        (["supported", "refuted", "undecided"], "all", "refuted"),
        (["supported", "undecided"], "all", "undecided"),
        (["supported", "no meaningful difference"], "all", "no meaningful difference"),
        (["supported", "not run"], "all", "not run"),
        (["refuted", "supported"], "any", "supported"),
        (["refuted", "undecided"], "any", "undecided"),
        (["refuted", "refuted"], "any", "refuted"),
        (["not run", "not run"], "any", "not run"),
        (["no verdict"], "all", "no verdict"),
    ],
)
def test_a_claim_of_several_parts(verdicts, how, verdict):
    assert combine(verdicts, how) == verdict


# --- curves ---------------------------------------------------------------------------------


def curve(train, test):
    return pd.DataFrame(
        {"epoch": range(len(train)), "train_accuracy": train, "test_accuracy": test}
    )


RISING = curve([0.5, 0.7, 0.82, 0.823, 0.825], [0.6, 0.75, 0.88, 0.885, 0.89])
OVERFIT = curve([0.5, 0.9, 0.999], [0.6, 0.7, 0.65])


@pytest.mark.parametrize(
    ("rule", "epochs", "part", "holds"),
    [
        ("test_above_train", RISING, {}, True),
        ("test_above_train", OVERFIT, {}, False),
        ("train_accuracy_reaches", OVERFIT, {"value": 0.99, "by_epoch": 3}, True),
        ("train_accuracy_reaches", OVERFIT, {"value": 0.99, "by_epoch": 2}, False),
        ("test_accuracy_falls", OVERFIT, {"by_epoch": 3}, True),
        ("test_accuracy_falls", RISING, {"by_epoch": 5}, False),
        ("slow_after_train_accuracy", RISING, {"value": 0.81, "points_per_epoch": 0.5}, True),
        ("slow_after_train_accuracy", RISING, {"value": 0.6, "points_per_epoch": 0.5}, False),
        ("slow_after_train_accuracy", RISING, {"value": 0.95, "points_per_epoch": 0.5}, False),
        ("test_accuracy_then", RISING, {"value": 0.88, "within": 0.02}, True),
        ("test_accuracy_then", OVERFIT, {"value": 0.88, "within": 0.02}, False),
        ("slow_after_epoch", RISING, {"epoch": 2, "points_per_epoch": 0.6}, True),
        ("slow_after_epoch", RISING, {"epoch": 0, "points_per_epoch": 0.6}, False),
        ("slow_after_epoch", RISING, {"epoch": 30, "points_per_epoch": 0.6}, None),
        ("still_rising", OVERFIT, {"last_share": 0.1}, None),
        ("train_accuracy_reaches", RISING, {"value": 2, "by_epoch": 100}, None),
        ("test_accuracy_falls", RISING, {"by_epoch": 100}, None),
        ("still_rising", RISING, {"last_share": 0.2}, True),
        ("still_rising", OVERFIT, {"last_share": 0.34}, False),
        ("best_test_accuracy", RISING, {"of": 0.9, "within": 0.02}, True),
        ("best_test_accuracy", OVERFIT, {"of": 0.9, "within": 0.02}, False),
    ],
)
def test_a_rule_on_a_curve(rule, epochs, part, holds):
    held, said = RULES[rule](epochs, part)
    assert held == holds
    assert said


def test_a_rule_on_two_curves():
    part = {"other": "overfit", "beyond": 3}
    assert RULES["best_above"](RISING, part, OVERFIT)[0]
    assert not RULES["best_above"](OVERFIT, part, RISING)[0]


def test_the_published_logs_say_what_they_say():
    told = published.load()
    final = told.logs.query("run == 'final'")
    assert RULES["test_above_train"](final, {}) == (
        True,
        "test above training accuracy in 56 of 56 epochs",
    )
    early = told.logs.query("run == 'early-adam-bs64'")
    assert not RULES["train_accuracy_reaches"](early, {"value": 0.99, "by_epoch": 10})[0]


# --- a study --------------------------------------------------------------------------------


@pytest.fixture
def judged(study):
    for step in (collect, comparisons):
        assert step.main([str(study)]) == 0
    return study


def test_every_claim_of_the_paper_gets_a_verdict(judged):
    verdicts = judge(read_tables(judged))
    assert len(verdicts) == 30
    by_id = {v.id: v for v in verdicts}
    assert by_id["figure2-learning-rates"].label == "supported"
    # This study is on digits, and trains neither Figure 1's models nor the path.
    assert by_id["maxpool-removal-helps"].label == "not testable at this scale"
    assert by_id["figure1-parameters"].label == "not run"
    assert by_id["sgd-over-adam"].verdict == "not run"
    assert all(v.parts and all(p.sentence.endswith(".") for p in v.parts) for v in verdicts)
    # What the rule would say of these runs stands beside: 5.00 points in either seed.
    assert by_id["maxpool-removal-helps"].label_here == "undecided (at least 1 more seed)"
    assert "+5.00 points (n = 2)" in by_id["maxpool-removal-helps"].here[0].sentence
    assert by_id["validation-above-training"].logs[0].verdict == "supported"


def as_cifar10(study, change=None):
    """The same study, as if its images were CIFAR-10 at the paper's scale."""
    document = json.loads((study / "study.json").read_text())
    document["scale"] |= {"dataset": "cifar10", "name": "paper"}
    (study / "study.json").write_text(json.dumps(document | (change or {})))
    return read_tables(study)


def test_two_seeds_that_disagree_are_honestly_undecided(judged):
    path = judged / "tables" / "comparisons.csv"
    table = pd.read_csv(path)
    new = {"difference_points": 1.0, "low_points": -9.0, "high_points": 11.0, "p": 0.4}
    new |= {"deviation_points": 1.1, "equivalence_p": 0.6}
    for key, value in new.items():
        table.loc[table["ablation"] == "maxpool", key] = value
    table.to_csv(path, index=False)
    verdict = {v.id: v for v in judge(as_cifar10(judged))}["maxpool-removal-helps"]
    assert verdict.verdict == "undecided"
    assert "more seeds" in verdict.label
    assert "+1.00 points (95% interval −9.00 to +11.00, n = 2)" in verdict.parts[0].sentence


def test_a_claim_that_must_hold_ends_in_an_error(judged, capsys):
    document = json.loads((judged / "study.json").read_text())
    document["must_hold"] = ["figure2-learning-rates"]
    (judged / "study.json").write_text(json.dumps(document))
    assert claims.main([str(judged)]) == 0
    document["must_hold"] = ["maxpool-removal-helps"]
    (judged / "study.json").write_text(json.dumps(document))
    assert claims.main([str(judged)]) == 1
    printed = capsys.readouterr()
    assert "maxpool-removal-helps must hold" in printed.err
    assert "figure2-learning-rates" in printed.out


def test_a_users_own_claims_are_a_family_of_their_own(judged):
    document = json.loads((judged / "study.json").read_text())
    test = {"arm": "maxpool.with_maxpool", "sign": "positive"}
    own = {"id": "mine", "quote": "It helps", "type": "direction", "where": "maxpool"}
    document["ablations"]["maxpool"]["own_claims"] = [own | {"effects": [test], "combine": "all"}]
    (judged / "study.json").write_text(json.dumps(document))
    (verdict,) = judge_own(read_tables(judged))
    # 5.00 points in either seed: equal differences give no interval, and so no verdict.
    assert verdict.id == "mine"
    assert verdict.verdict == "undecided"
    assert "mine" not in {v.id for v in judge(read_tables(judged))}


# --- comparing studies ----------------------------------------------------------------------


def copy_of(study, tmp_path):
    import shutil

    other = tmp_path / "other" / "smoke"
    shutil.copytree(study, other)
    return other


def test_a_study_compared_with_itself_has_not_changed(judged, tmp_path, capsys):
    assert compare.main([str(judged), str(copy_of(judged, tmp_path))]) == 0
    assert capsys.readouterr().out == "no change\n"


def set_accuracy(record, accuracy):
    path = record / "summary.json"
    summary = json.loads(path.read_text())
    path.write_text(json.dumps(summary | {"final_test_accuracy": accuracy}))
    epochs = pd.read_csv(record / "metrics.csv")
    epochs.loc[epochs.index[-1], "test_accuracy"] = accuracy
    epochs.to_csv(record / "metrics.csv", index=False)


def test_one_altered_arm_is_exactly_what_changed(judged, tmp_path, capsys):
    other = copy_of(judged, tmp_path)
    for seed in (0, 1):
        set_accuracy(other / "runs" / "maxpool.with_maxpool" / f"seed{seed}", 0.9 + seed / 100)
    for step in (collect, comparisons):
        assert step.main([str(other)]) == 0
    assert compare.main([str(judged), str(other)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("accuracy of maxpool.with_maxpool moved: 55.50% to 90.50%")


def test_configs_origins_and_runs_that_differ_are_named(judged, tmp_path, capsys):
    other = copy_of(judged, tmp_path)
    document = json.loads((other / "study.json").read_text())
    document["runs"]["base.design"]["config"]["batch_size"] = 128
    document["runs"]["new.run"] = document["runs"]["base.design"]
    (other / "study.json").write_text(json.dumps(document))
    runs = pd.read_csv(other / "tables" / "runs.csv").assign(code_digest="another")
    runs.to_csv(other / "tables" / "runs.csv", index=False)
    assert compare.main([str(judged), str(other)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "run new.run: only in the second",
        "config of base.design: batch size: 64 became batch size: 128",
        "code digest: d1ge57 became another",
    ]


def test_a_folder_without_a_study_is_an_error(judged, tmp_path, capsys):
    assert compare.main([str(judged), str(tmp_path / "nothing")]) == 2
    assert "error:" in capsys.readouterr().err
