import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablations.harness import plan
from report.judge import comparisons, statistics
from report.judge.comparisons import COLUMNS, compare, main
from report.judge.statistics import paired_effect
from report.judge.verdicts import direction
from report.read.files import read_json


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
    from report.read.records import main as collect

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


# --- against independent computations -------------------------------------------------------

SLEEP = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=12).filter(lambda x: np.std(x) > 1e-3))
def test_equivalence_is_statsmodels_ttost(differences):
    from statsmodels.stats.weightstats import DescrStatsW

    theirs = DescrStatsW(differences).ttost_mean(-0.5, 0.5)[0]
    assert paired_effect(np.array(differences)).equivalence_p == pytest.approx(theirs, abs=1e-9)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9).filter(lambda x: np.std(x) > 1e-3))
def test_sign_flips_are_scipys_exact_permutation_test(differences):
    theirs = stats.permutation_test(
        (np.array(differences),),
        np.mean,
        permutation_type="samples",
        n_resamples=np.inf,
        alternative="two-sided",
    ).pvalue
    assert statistics.sign_flip_p(np.array(differences)) == pytest.approx(min(1, theirs), abs=1e-9)


def test_sign_flips_by_hand():
    assert statistics.sign_flip_p(np.array([1.0, 2.0, 3.0])) == 2 / 8
    assert statistics.sign_flip_p(np.ones(5)) == 2 ** (1 - 5)


def test_many_sign_flips_are_drawn():
    differences = np.random.default_rng(1).normal(0.3, 1, 30)
    near = stats.ttest_1samp(differences, 0).pvalue
    assert statistics.sign_flip_p(differences) == pytest.approx(near, abs=0.02)


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1.
    adjusted = statistics.holm(np.array([0.04, 0.01, np.nan, 0.02]))
    np.testing.assert_allclose(adjusted, [0.04, 0.03, np.nan, 0.04])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=20)
def test_holm_is_statsmodels(p):
    from statsmodels.stats.multitest import multipletests

    theirs = multipletests(p, method="holm")[1]
    np.testing.assert_allclose(statistics.holm(np.array(p)), theirs, atol=1e-12)


def test_correlation_is_numpys_or_nothing():
    a, b = np.array([1.0, 2.0, 4.0]), np.array([2.0, 1.0, 5.0])
    assert statistics.correlation(a, b) == pytest.approx(stats.pearsonr(a, b).statistic)
    assert math.isnan(statistics.correlation(a, np.ones(3)))
    assert math.isnan(statistics.correlation(a[:2], b[:2]))


def test_the_plan_and_the_report_promise_the_same():
    spread = 0.7
    promised = statistics.detectable(5, spread * math.sqrt(2))
    assert plan.detectable(5, spread) == pytest.approx(promised)


def test_more_seeds_reach_the_power():
    from statsmodels.stats.power import TTestPower

    effect = paired_effect(np.array([0.2, 1.4, -0.3, 1.1, 0.9]))
    more = statistics.more_seeds(effect)
    ratio = effect.difference / effect.deviation
    assert TTestPower().power(ratio, 5 + more, 0.05) >= 0.8
    assert more == 1 or TTestPower().power(ratio, 4 + more, 0.05) < 0.8
    hopeless = paired_effect(np.array([5.0, -5.0, 4.9]))
    assert statistics.more_seeds(hopeless) == statistics.MOST_SEEDS + 1


def test_seeds_that_clear_a_threshold():
    seen = paired_effect(np.array([0.2, 1.4, -0.3, 1.1, 0.9]))
    more = statistics.seeds_to_clear(seen, (-1.0, 1.0))
    n, distance = 5 + more, 1.0 - seen.difference

    def half(n):
        return stats.t.ppf(0.975, n - 1) * seen.deviation / math.sqrt(n)

    assert half(n) <= distance < half(n - 1)
    at_the_threshold = (seen.difference, math.inf)
    assert statistics.seeds_to_clear(seen, at_the_threshold) == statistics.MOST_SEEDS + 1
    assert statistics.seeds_to_clear(paired_effect(np.array([0.5])), (-1.0, 1.0)) is None
    assert statistics.more_seeds(paired_effect(np.array([0.5]))) is None


def test_the_image_interval_is_that_of_a_plain_bootstrap():
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 2_000)) < 0.8, rng.random((3, 2_000)) < 0.77
    low, high = statistics.image_interval(a, b)
    means = (a.mean(0) - b.mean(0)) * 100
    drawn = [rng.choice(means, len(means)).mean() for _ in range(2_000)]
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.2)
    assert low < means.mean() < high


def test_spreads_tell_seeds_from_images():
    rng = np.random.default_rng(0)
    images = rng.random(10_000) < 0.8
    same = np.stack([images] * 5)
    over_seeds, over_images = statistics.spreads(same)
    assert over_seeds == 0
    assert over_images == pytest.approx(100 * math.sqrt(0.8 * 0.2 / 10_000), rel=0.05)
    assert math.isnan(statistics.spreads(same[:1])[0])


def test_optimism_is_best_minus_last():
    epochs = pd.DataFrame(
        {"run": "x", "seed": [0, 0, 0, 1, 1], "test_accuracy": [0.5, 0.7, 0.65, 0.4, 0.6]}
    )
    assert comparisons.optimism(epochs)["optimism_points"].tolist() == pytest.approx([5, 0])


# --- a simulation of 2,000 studies: docs/statistics.md quotes it ----------------------------

STUDIES, SEEDS, SPREAD = 2_000, 5, 0.4


def studies(effect, spread=SPREAD, claims=1):
    """Simulated effects: arms and references spread alike, independently."""
    rng = np.random.default_rng(20_261_124)
    shape = (STUDIES, claims, SEEDS)
    differences = rng.normal(effect, spread, shape) - rng.normal(0, spread, shape)
    return [[paired_effect(d) for d in study] for study in differences]


def share(happens):
    return sum(happens) / STUDIES


def test_intervals_cover():
    covered = share(e.low <= 0.7 <= e.high for (e,) in studies(0.7))
    print(f"coverage {covered:.3f}")
    assert 0.93 <= covered <= 0.97


def test_without_an_effect_directions_are_seldom_decided():
    decided = ("supported", "refuted")
    wrong = share(direction(e, e.p, "positive") in decided for (e,) in studies(0))
    print(f"wrong direction {wrong:.3f}")
    assert wrong <= 0.06


def test_after_holm_a_family_of_ten_is_seldom_wrong_anywhere():
    def any_wrong(family):
        adjusted = statistics.holm(np.array([e.p for e in family]))
        pairs = zip(family, adjusted, strict=True)
        return any(direction(e, p, "positive") in ("supported", "refuted") for e, p in pairs)

    wrong = share(any_wrong(family) for family in studies(0, claims=10))
    print(f"family-wise {wrong:.3f}")
    assert wrong <= 0.06


def test_an_effect_at_the_margin_is_seldom_called_none():
    wrong = share(
        direction(e, e.p, "positive") == "no meaningful difference" for (e,) in studies(0.5)
    )
    print(f"wrong equivalence {wrong:.3f}")
    assert wrong <= 0.06


def test_power_is_what_the_plan_promised():
    spread = 2 / plan.detectable(SEEDS, 1.0)
    found = share(direction(e, e.p, "positive") == "supported" for (e,) in studies(2, spread))
    print(f"power {found:.3f} at a spread of {spread:.2f}")
    assert found == pytest.approx(plan.POWER, abs=0.03)
