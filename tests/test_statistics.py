import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from report.judge import comparisons, pairs
from report.judge.comparisons import COLUMNS, compare, main
from report.judge.statistics import effects, images, looks, power
from report.judge.statistics.effects import effect_of
from report.read.files import read_json


def test_a_effect_of_by_hand():
    # Student's own sleep data (1908): extra hours under two drugs, ten patients.
    differences = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
    effect = effect_of(differences)
    assert effect.difference == pytest.approx(1.58)
    assert effect.p == pytest.approx(0.00283, abs=1e-5)
    assert effect.interval() == pytest.approx((0.7001, 2.4599), abs=1e-4)


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=20).filter(lambda x: np.std(x) > 1e-3))
def test_a_effect_of_is_scipys(differences):
    effect = effect_of(np.array(differences))
    theirs = stats.ttest_1samp(differences, 0)
    low, high = theirs.confidence_interval(0.95)
    assert effect.p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    assert effect.interval() == pytest.approx((low, high), rel=1e-6, abs=1e-9)


def test_one_pair_has_no_interval_and_none_no_effect():
    one = effect_of(np.array([0.5]))
    assert (one.n, one.difference) == (1, 0.5)
    assert math.isnan(one.interval()[0])
    assert math.isnan(effect_of(np.array([])).difference)


@pytest.mark.parametrize("differences", [[0.5, 0.5], [0.1 + 0.2, 0.3], [2.78, 2.78 + 1e-14]])
def test_pairs_that_agree_have_no_interval_and_no_p(differences):
    same = effect_of(np.array(differences))
    assert same.difference == pytest.approx(differences[0])
    assert math.isnan(same.interval()[0])
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
).assign(status="finished", device="cpu", precision="fp32")
RUNS["best_test_accuracy"] = 2 * RUNS["final_test_accuracy"]


def study_of(design):
    arms = [
        {"name": n, "run": r} for n, r in (("base", "base.x"), ("one", "a.one"), ("two", "a.two"))
    ]
    return {"ablations": {"a": {"design": design, "seeds": 2, "arms": arms}}, "runs": {}}


@pytest.mark.parametrize(
    ("design", "second", "reference"), [("arms", 7.5, "base"), ("ladder", 6.0, "one")]
)
def test_effects_are_paired_by_seed_against_the_reference(design, second, reference):
    table = compare(study_of(design), RUNS)
    assert tuple(table.columns) == COLUMNS
    assert table["difference_points"].tolist() == pytest.approx([1.5, second])
    assert table["reference"].tolist() == ["base", reference]
    # Where the best epochs are twice as good, effects are twice as large, and so are intervals.
    assert table["best_difference_points"].tolist() == pytest.approx([3.0, 2 * second])
    lengths = {c: table[f"{c}high_points"] - table[f"{c}low_points"] for c in ("", "best_")}
    assert lengths["best_"].tolist() == pytest.approx((2 * lengths[""]).tolist())


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
    assert effect_of(np.array(differences)).equivalence_p == pytest.approx(theirs, abs=1e-9)


@given(st.lists(st.integers(-5000, 5000).map(lambda x: x / 1000), min_size=2, max_size=9))
def test_sign_flips_are_scipys_exact_permutation_test(differences):
    theirs = stats.permutation_test(
        (np.array(differences),),
        np.mean,
        permutation_type="samples",
        n_resamples=np.inf,
        alternative="two-sided",
    ).pvalue
    assert effects.sign_flip_p(np.array(differences)) == pytest.approx(min(1, theirs), abs=1e-9)


def test_sign_flips_by_hand():
    assert effects.sign_flip_p(np.array([1.0, 2.0, 3.0])) == 2 / 8
    assert effects.sign_flip_p(np.ones(5)) == 2 ** (1 - 5)


def test_a_p_value_of_drawn_flips_is_never_zero():
    assert effects.sign_flip_p(np.linspace(1, 2, 40)) == pytest.approx(1 / 100_001)


def test_many_sign_flips_are_drawn():
    differences = np.random.default_rng(1).normal(0.3, 1, 30)
    near = stats.ttest_1samp(differences, 0).pvalue
    assert effects.sign_flip_p(differences) == pytest.approx(near, abs=0.02)


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1.
    adjusted = effects.holm(np.array([0.04, 0.01, 0.02]))
    np.testing.assert_allclose(adjusted, [0.04, 0.03, 0.04])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=20)
def test_holm_is_statsmodels(p):
    from statsmodels.stats.multitest import multipletests

    theirs = multipletests(p, method="holm")[1]
    np.testing.assert_allclose(effects.holm(np.array(p)), theirs, atol=1e-12)


def test_correlation_is_numpys_or_nothing():
    a, b = np.array([1.0, 2.0, 4.0]), np.array([2.0, 1.0, 5.0])
    assert effects.correlation(a, b) == pytest.approx(stats.pearsonr(a, b).statistic)
    assert math.isnan(effects.correlation(a, np.ones(3)))
    assert math.isnan(effects.correlation(a[:2], b[:2]))


# --- power ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("tests", "deviations"), [(1, 1.682), (7, 2.874), (17, 3.621)])
def test_power_at_adjusted_levels_is_what_a_simulation_finds(tests, deviations):
    level = 0.05 / tests
    assert power.detectable(5, 1.0, level) == pytest.approx(deviations, abs=2e-3)
    drawn = np.random.default_rng(0).normal(deviations, 1, (100_000, 5))
    found = stats.ttest_1samp(drawn, 0, axis=1).pvalue < level
    assert found.mean() == pytest.approx(0.8, abs=0.005)


@given(st.integers(2, 40), st.floats(0.1, 3), st.sampled_from([0.05, 0.05 / 7, 0.05 / 17]))
def test_what_is_detectable_has_the_power(n, deviation, level):
    points = power.detectable(n, deviation, level)
    assert power.power(n, points / deviation, level) == pytest.approx(power.POWER, abs=1e-6)


@pytest.mark.parametrize("level", [0.05, 0.05 / 7])
def test_more_seeds_reach_the_power(level):
    effect = effect_of(np.array([0.2, 1.4, -0.3, 1.1, 0.9]))
    more = power.more_seeds(effect, (0.0,), level)
    ratio = effect.difference / effect.deviation
    assert power.power(5 + more, ratio, level) >= 0.8
    assert more == 1 or power.power(4 + more, ratio, level) < 0.8


def test_more_seeds_end_at_the_next_look_that_has_the_power():
    effect = effect_of(np.array([0.2, 1.4, -0.3, 1.1, 0.9]))
    free = power.more_seeds(effect, (0.0,), 0.05)
    later = looks.Looks((5, 8, 12, 20), (effect,)).left
    assert [more for more, _ in later] == [3, 7, 15]
    next_look = power.more_seeds(effect, (0.0,), 0.05, later)
    assert next_look in (3, 7, 15)
    assert next_look >= free
    # What the looks that are left can't decide isn't decided by seeds that no verdict reads.
    assert power.more_seeds(effect, (0.0,), 0.05, [(1, 0.1)]) == math.inf


@pytest.mark.parametrize("chance", [0.8, 0.95])
def test_an_effect_within_two_thresholds_is_told_from_both(chance):
    seen = effects.Effect(5, 0.2, 1.0)
    more = power.more_seeds(seen, (-1.0, 1.0), 0.05, least=0.0, chance=chance)

    def decided(n: int) -> float:
        drawn = np.random.default_rng(0).normal(0.2, 1.0, (20_000, n))
        high = stats.ttest_1samp(drawn, 1.0, axis=1, alternative="less").pvalue
        low = stats.ttest_1samp(drawn, -1.0, axis=1, alternative="greater").pvalue
        return float((2 * np.maximum(high, low) < 0.05).mean())

    assert decided(5 + more) >= chance - 0.01
    assert decided(5 + more - 2) < chance


def test_one_seed_says_nothing_of_the_number_needed():
    assert power.more_seeds(effect_of(np.array([0.5])), (0.0,), 0.05) is None
    hopeless = effect_of(np.array([5.0, -5.0, 4.9]))
    assert power.more_seeds(hopeless, (0.0,), 0.05) == math.inf


def test_an_effect_at_a_threshold_is_never_told_from_it():
    seen = effect_of(np.array([0.2, 1.4, -0.3, 1.1, 0.9]))
    at = (seen.difference, math.inf)
    assert power.more_seeds(seen, at, 0.05, least=0.0) == math.inf
    # A direction needs no better distance than the smallest that is worth finding.
    assert power.more_seeds(seen, at, 0.05) < power.MOST_SEEDS


# --- looks ----------------------------------------------------------------------------------


def test_the_looks_share_the_level():
    assert looks.weights([5]) == [1.0]
    assert looks.weights([5, 8, 12, 20]) == pytest.approx([0.25, 0.15, 0.2, 0.4])
    assert looks.weights([5, 8]) == pytest.approx([0.625, 0.375])
    assert sum(looks.weights(range(2, 9))) == pytest.approx(1)


def test_one_look_changes_no_p_value():
    once = looks.Looks((5,), ("seen",))
    assert once.p([0.03]) == 0.03
    assert once.level == 0.05
    assert once.p([math.nan]) == 1.0
    assert looks.Looks((5, 8), ()).p([]) == 1.0


def test_the_smallest_weighted_p_counts():
    two = looks.Looks((5, 8, 12, 20), ("a", "b"))
    assert two.p([0.01, 0.003]) == pytest.approx(min(0.01 / 0.25, 0.003 / 0.15))
    assert two.at == 8
    assert two.counting([0.01, 0.003]) == 1
    assert two.counting([0.001, 0.003]) == 0
    assert two.counting([math.nan, math.nan]) is None
    assert two.left == ((4, 0.2), (12, 0.4))
    assert two.level == pytest.approx(0.05 * 0.15)


# --- pairs ----------------------------------------------------------------------------------


def table(**changes):
    """Two runs of three seeds, as in ``runs.csv``; ``changes`` maps (run, seed) to values."""
    rows = [
        {
            "run": run,
            "seed": seed,
            "final_test_accuracy": 0.5 + 0.01 * seed + (run == "a.one") * 0.02,
        }
        | {"status": "finished", "device": "cpu", "precision": "fp32"}
        for run, better in (("base.x", 0.5), ("a.one", 0.52))
        for seed in range(3)
    ]
    for name, values in changes.items():
        run, _, seed = name.rpartition("_")
        for row in rows:
            if row["run"].endswith(run) and row["seed"] == int(seed):
                row.update(values)
    return pd.DataFrame(rows)


STUDY = {"runs": {"base.x": {"config": {"precision": "auto"}}, "a.one": {"config": {}}}}


def test_pairs_are_seed_by_seed():
    found = pairs.pairs_of(STUDY, table(), "a.one", "base.x", (3,))
    assert found.differences().tolist() == pytest.approx([2.0, 2.0, 2.0])
    assert (found.waiting, found.missing, found.unlike, found.diverged) == (0, (), (), ())
    assert [effect.n for effect in found.looks.seen] == [3]


def test_a_missing_seed_ends_the_complete_ones_and_is_named():
    runs = table().query("not (run == 'a.one' and seed == 1)")
    found = pairs.pairs_of(STUDY, runs, "a.one", "base.x", (3,))
    assert (found.waiting, found.looks.seen) == (1, ())
    assert found.missing == ("a.one seed 1",)
    assert len(found.differences()) == 2


def test_seeds_beyond_the_last_look_are_neither_missing_nor_named():
    failed = {"status": "diverged"}
    runs = table(one_2=failed).query("not (run == 'base.x' and seed == 1)")
    # Of looks at 1 and 3 seeds the first was reached, which has one seed.
    found = pairs.pairs_of(STUDY, runs, "a.one", "base.x", (1, 3))
    assert (found.missing, found.diverged, found.waiting) == ((), (), 0)
    assert len(found.differences()) == 1
    # Before the first look, what both arms lack is named, too.
    found = pairs.pairs_of(STUDY, runs.query("seed != 0"), "a.one", "base.x", (2,))
    assert found.missing == ("a.one seed 0", "base.x seeds 0 and 1")
    assert found.waiting == 2


@pytest.mark.parametrize("values", [{"precision": "bf16"}, {"device": "NVIDIA H100"}])
def test_runs_of_another_precision_or_kind_of_device_are_not_paired(values):
    study = {"runs": {run: {"config": {"precision": "auto"}} for run in ("base.x", "a.one")}}
    found = pairs.pairs_of(study, table(one_2=values), "a.one", "base.x", (3,))
    assert found.unlike == (2,)
    assert len(found.differences()) == 2
    assert found.looks.last.n == 2


def test_an_ablation_of_precisions_pairs_them():
    configs = {"base.x": "auto", "a.one": "fp32"}
    study = {"runs": {run: {"config": {"precision": asked}} for run, asked in configs.items()}}
    runs = table(one_0={"precision": "bf16"}, one_1={"precision": "bf16"})
    assert pairs.pairs_of(study, runs, "a.one", "base.x", (3,)).unlike == ()


@pytest.mark.parametrize("one", [None, {}, {"precision": "fp32"}])
def test_runs_without_a_config_are_paired_by_their_precision(one):
    study = {"runs": {"base.x": {"config": one}, "a.one": {"config": None}}}
    runs = table(one_0={"precision": "bf16"})
    assert pairs.pairs_of(study, runs, "a.one", "base.x", (3,)).unlike == (0,)


def test_two_kinds_of_gpu_are_one_kind_of_device():
    runs = table().assign(device="NVIDIA A100")
    runs.loc[0, "device"] = "NVIDIA H100"
    assert pairs.pairs_of(STUDY, runs, "a.one", "base.x", (3,)).unlike == ()


def test_diverged_runs_enter_and_can_be_left_out():
    failed = {"status": "diverged", "final_test_accuracy": 0.1}
    found = pairs.pairs_of(STUDY, table(one_1=failed), "a.one", "base.x", (3,))
    assert found.diverged == ("a.one seed 1",)
    assert found.differences().tolist() == pytest.approx([2.0, -41.0, 2.0])
    assert (found.finite.n, found.finite.difference) == (2, pytest.approx(2.0))


# --- test images ----------------------------------------------------------------------------


def test_the_image_interval_is_that_of_a_plain_bootstrap():
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 2_000)) < 0.8, rng.random((3, 2_000)) < 0.77
    low, high = images.image_interval(a, b)
    means = (a.mean(0) - b.mean(0)) * 100
    drawn = [rng.choice(means, len(means)).mean() for _ in range(2_000)]
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.2)
    assert low < means.mean() < high


def test_spreads_tell_seeds_from_images():
    rng = np.random.default_rng(0)
    right = rng.random(10_000) < 0.8
    same = np.stack([right] * 5)
    over_seeds, over_images = images.spreads(same)
    assert over_seeds == 0
    assert over_images == pytest.approx(100 * math.sqrt(0.8 * 0.2 / 10_000), rel=0.05)
    assert math.isnan(images.spreads(same[:1])[0])


def test_optimism_is_best_minus_last():
    epochs = pd.DataFrame(
        {"run": "x", "seed": [0, 0, 0, 1, 1], "test_accuracy": [0.5, 0.7, 0.65, 0.4, 0.6]}
    )
    assert comparisons.optimism(epochs)["optimism_points"].tolist() == pytest.approx([5, 0])
