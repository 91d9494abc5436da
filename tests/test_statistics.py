import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from report.collect import read_json
from report.statistics import COLUMNS, compare, main, paired_effect


def test_a_paired_effect_by_hand():
    # Student's own sleep data (1908): extra hours under two drugs, ten patients.
    differences = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
    effect = paired_effect(differences)
    assert effect.difference == pytest.approx(1.58)
    assert effect.p == pytest.approx(0.00283, abs=1e-5)
    assert (effect.low, effect.high) == pytest.approx((0.7001, 2.4599), abs=1e-4)


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=20).filter(lambda x: np.std(x) > 1e-3))
def test_a_paired_effect_is_scipys(differences):
    effect = paired_effect(np.array(differences))
    theirs = stats.ttest_1samp(differences, 0)
    low, high = theirs.confidence_interval(0.95)
    assert effect.p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    assert (effect.low, effect.high) == pytest.approx((low, high), rel=1e-6, abs=1e-9)


def test_one_pair_has_no_interval_and_none_no_effect():
    one = paired_effect(np.array([0.5]))
    assert (one.n, one.difference) == (1, 0.5)
    assert math.isnan(one.low)
    assert math.isnan(paired_effect(np.array([])).difference)


@pytest.mark.parametrize("differences", [[0.5, 0.5], [0.1 + 0.2, 0.3], [2.78, 2.78 + 1e-14]])
def test_pairs_that_agree_have_no_interval_and_no_p(differences):
    same = paired_effect(np.array(differences))
    assert same.difference == pytest.approx(differences[0])
    assert math.isnan(same.low)
    assert math.isnan(same.p)


RUNS = pd.DataFrame(
    [
        ("base.x", 0, 0.50),
        ("base.x", 1, 0.60),
        ("a.one", 0, 0.52),
        ("a.one", 1, 0.61),
        ("a.two", 1, 0.70),
        ("a.two", 0, 0.55),
    ],
    columns=["run", "seed", "final_test_accuracy"],
)


def study_of(design):
    arms = [
        {"name": n, "run": r} for n, r in (("base", "base.x"), ("one", "a.one"), ("two", "a.two"))
    ]
    return {"ablations": {"a": {"design": design, "seeds": 2, "arms": arms}}}


@pytest.mark.parametrize(
    ("design", "second", "reference"), [("arms", 7.5, "base"), ("ladder", 6.0, "one")]
)
def test_effects_are_paired_by_seed_against_the_reference(design, second, reference):
    table = compare(study_of(design), RUNS)
    assert tuple(table.columns) == COLUMNS
    assert table["difference_points"].tolist() == pytest.approx([1.5, second])
    assert table["reference"].tolist() == ["base", reference]


def test_seeds_beyond_an_ablations_own_are_left_out():
    study = study_of("arms")
    study["ablations"]["a"]["seeds"] = 1
    assert compare(study, RUNS)["n"].tolist() == [1, 1]


def test_the_command_writes_the_table(study):
    from report.collect import main as collect

    assert collect([str(study)]) == 0
    assert main([str(study)]) == 0
    table = pd.read_csv(study / "tables" / "comparisons.csv")
    arms = read_json(study / "study.json")["ablations"]["maxpool"]["arms"]
    row = table.query("ablation == 'maxpool'").iloc[0]
    assert row["run"] == arms[1]["run"]
    assert row["n"] == 2


def test_a_missing_study_is_an_error(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert "study.json" in capsys.readouterr().err
