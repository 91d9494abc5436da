"""Verdicts: the rules by hand, the thirty claims on a made-up study, and what users ask of them."""

import dataclasses
import json
import math
import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from report import claims, compare
from report.claim_types.forms import NEEDS, problem_with
from report.judge import comparisons, needs
from report.judge.claim_types import direction, size
from report.judge.claims import exceeds, judge, judge_own
from report.judge.evidence import Evidence
from report.judge.history import post_hoc
from report.judge.logs import agreement, control
from report.judge.parts import REFUTED, SUPPORTED, Part, PValues, region
from report.judge.statistics.effects import Effect, effect_of, sign_test_p
from report.judge.statistics.looks import Looks
from report.judge.statistics.power import MOST_SEEDS, more_seeds
from report.judge.trends import RULES, within
from report.judge.verdicts import (
    ClaimTests,
    Decision,
    Verdict,
    claim_verdict,
    decide,
    seeds_to_decide,
)
from report.page.findings import signs_decided
from report.read import began, published
from report.read import records as collect
from report.read.files import RecordError
from report.read.tables import read_tables
from report.wording import stated, stated_points
from tests.conftest import ROOT, write_record

SAME = "no meaningful difference"


def part(differences, thresholds=(0.0,)):
    """A part whose effect has the given differences, and is claimed to be positive."""
    effect = effect_of(np.array(differences))
    p = direction.p_values(Looks((effect.n,), (effect,)), "positive")
    return Part("said.", "a.b", effect=effect, thresholds=thresholds, p=p)


def trend(held, n):
    """A part whose rule holds in some of n seeds."""
    return Part("", held=(held, n), p=PValues(sign_test_p(held, n), sign_test_p(n - held, n)))


@pytest.mark.parametrize(
    ("support", "refute", "same", "p", "verdict"),
    [
        (0.004, 0.996, 0.9, 0.008, "supported"),
        (0.996, 0.004, 0.9, 0.008, "refuted"),
        (0.30, 0.70, 0.01, 0.60, SAME),
        (0.10, 0.90, 0.20, 0.20, "undecided"),
        (1.0, 1.0, 1.0, 1.0, "undecided"),
        # Significant and negligible at once: the sign is told.
        (0.004, 0.996, 0.01, 0.008, "supported"),
        # Holm's procedure had other claims to adjust for.
        (0.004, 0.996, 0.9, 0.056, "undecided"),
    ],
)
def test_a_verdict_follows_the_adjusted_p(support, refute, same, p, verdict):
    assert claim_verdict([Part("said.")], PValues(support, refute, same), p) == verdict


@pytest.mark.parametrize(
    ("low", "high", "differences", "verdict"),
    [
        (-1, 1, [0.1, 0.3, 0.2, 0.4], "supported"),
        (-1, 1, [0.1, 0.9, 1.3, 0.4], "undecided"),
        (-1, 1, [1.3, 1.5, 1.4, 1.6], "refuted"),
        (-1, 1, [-2.3, -2.5, -1.4, -1.6], "refuted"),
        (-math.inf, -3, [-4.3, -4.5, -4.4, -3.9], "supported"),
        (-math.inf, -3, [-4.3, -2.5, -4.4, -3.9], "undecided"),
        (-math.inf, -3, [-0.3, -0.5, 0.4, -0.9], "refuted"),
        (-1, 1, [0.1], "undecided"),
        (-math.inf, -3, [-9.0], "undecided"),
        (-1, 1, [0.1, 0.1], "undecided"),
    ],
)
def test_a_size_lies_on_one_side_with_its_whole_interval(low, high, differences, verdict):
    effect = effect_of(np.array(differences))
    inside, outside = region(low, high, effect)
    looks = Looks((len(differences),), (effect,))
    found = Part("", p=PValues(looks.p([inside]), looks.p([outside])))
    assert judged_alone(found).verdict == verdict
    if verdict == "supported":
        ends = effect.interval()
        assert low < ends[0] < ends[1] < high


def judged_alone(*parts, how="all", two_sided=True):
    return decide([ClaimTests(parts, how, two_sided, adjusted=False)])[0]


def test_an_accuracy_exceeds_if_every_part_that_refutes_it_is_above():
    def effect(difference, verdict):
        return Part("", effect=Effect(5, difference, 0.1), verdict=verdict)

    above, inside = effect(4.0, REFUTED), effect(-0.1, SUPPORTED)
    below, missing = effect(-4.0, REFUTED), Part("", verdict="not run")
    value = {"type": "value"}
    assert exceeds(value, Decision((above, inside), REFUTED, 0.0, 0.05))
    assert exceeds(value, Decision((above, missing), REFUTED, 0.0, 0.05))
    assert not exceeds(value, Decision((above, below), REFUTED, 0.0, 0.05))
    assert not exceeds({"type": "size"}, Decision((above,), REFUTED, 0.0, 0.05))
    assert not exceeds(value, Decision((above, inside), SUPPORTED, 0.0, 0.05))


def test_an_effect_beyond_a_bound_has_a_sign():
    assert problem_with("size", {"arm": "a.b", "beyond": 3}) != ""
    up, down = {"sign": "positive"}, {"sign": "negative"}
    for form in ({"within": 1}, {"within": 1} | down, {"beyond": 3} | up):
        assert problem_with("size", {"arm": "a.b"} | form) == ""


@pytest.mark.parametrize(
    ("loss", "verdict"), [(0.0, SUPPORTED), (0.3, SUPPORTED), (-2.0, SUPPORTED), (1.5, REFUTED)]
)
def test_not_negative_is_tested_against_a_loss_of_half_a_point(loss, verdict):
    effect = effect_of(np.array([-0.02, 0.0, 0.02, 0.01, -0.01]) - loss)
    p = direction.p_values(Looks((5,), (effect,)), "not negative")
    assert p.p(two_sided=True) < 0.05
    assert (SUPPORTED if p.support < p.refute else REFUTED) == verdict


def test_a_tolerated_loss_is_said_with_its_sign(judged):
    with_seeds(judged, 5)
    set_accuracies(judged, "base.design", BASE)
    set_accuracies(
        judged, "stride_position.second", [a - 0.05 - 0.001 * k for k, a in enumerate(BASE)]
    )
    tables = as_cifar10(judged)
    said = {
        sign: direction.judge(
            Evidence(tables), {}, {"arm": "stride_position.second", "sign": sign}
        ).sentence
        for sign in ("not negative", "not positive")
    }
    # That a change doesn't gain or lose half a point doesn't say that it harms or helps.
    signs = ("positive", "negative", "not positive", "not negative")
    tests = ({"arm": "stride_position.second", "sign": sign} for sign in signs)
    gains = [direction.judge(Evidence(tables), {}, test).gains for test in tests]
    assert gains == [False, False, None, None]
    assert " against \u22120.5." in said["not negative"]
    assert " against +0.5." in said["not positive"]


def test_a_small_gain_takes_more_seeds_to_tell_from_half_a_point():
    effect = Effect(5, 0.3, 0.4)
    level = 0.05 / 7
    denied = Part("", effect=effect, thresholds=(0.5,))
    sign = Part("", effect=effect, thresholds=(0.0,), gains=True)
    # 49 pairs, from the noncentral t distribution with a mean of 0.2 and a deviation of 0.4.
    n = next(
        n
        for n in range(6, 100)
        if scipy.stats.nct.sf(scipy.stats.t.isf(level / 2, n - 1), n - 1, 0.5 * n**0.5) >= 0.8
    )
    assert denied.needed(level) == n - 5
    # A sign needs no smaller effect found than the margin: equivalence decides these.
    found = seeds_to_decide(still_open([sign]), level, "all")
    assert found == more_seeds(Effect(5, 0.5, 0.4), (0.0,), level)


def test_the_claimed_interval_of_a_size():
    assert size.bounds({"within": 1}) == (-1, 1)
    assert size.bounds({"within": 1, "sign": "negative"}) == (-1, 0)
    assert size.bounds({"beyond": 3, "sign": "negative"}) == (-math.inf, -3)
    assert size.bounds({"beyond": 3, "sign": "positive"}) == (3, math.inf)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8))
def test_one_part_decides_for_any_where_every_part_must_for_all(pairs):
    parts = tuple(Part("", p=PValues(p, q, p)) for p, q in pairs)
    everything, anything = (ClaimTests(parts, how, True, False).p for how in ("all", "any"))
    assert everything.support == max(p for p, _ in pairs)
    assert anything.refute == max(q for _, q in pairs)
    assert everything.refute == pytest.approx(min(1, len(pairs) * min(q for _, q in pairs)))
    assert anything.support == pytest.approx(min(1, len(pairs) * min(p for p, _ in pairs)))
    # No meaningful difference is one of every part.
    assert everything.same == anything.same == max(p for p, _ in pairs)


def test_a_part_is_not_decided_where_its_claim_cant_be():
    # Of three parts one suffices to refute the claim, at a third of the level.
    parts = [Part("", p=PValues(0.99, 0.009)), Part("", p=PValues(0.4, 0.6)), Part("")]
    found = judged_alone(*parts)
    assert found.verdict == "undecided"
    assert [part.verdict for part in found.parts] == ["undecided"] * 3
    found = judged_alone(Part("", p=PValues(0.99, 0.008)), *parts[1:])
    assert found.verdict == "refuted"
    assert [part.verdict for part in found.parts] == ["refuted", "undecided", "undecided"]
    # Every part of a supported claim is, at the whole level.
    found = judged_alone(*[Part("", p=PValues(0.02, 0.98))] * 3)
    assert [part.verdict for part in found.parts] == ["supported"] * 3


@pytest.mark.parametrize(
    ("verdicts", "verdict", "refuted"),
    [
        (["not run", "not run"], "not run", "not run"),
        (["", "not run"], "not run", "refuted"),
        (["", "not testable in this study"], "not testable in this study", "refuted"),
        (["no verdict"], "no verdict", "no verdict"),
        (["", ""], "undecided", "refuted"),
    ],
)
def test_a_claim_whose_parts_lack_runs(verdicts, verdict, refuted):
    parts = [Part("said.", verdict=v) for v in verdicts]
    assert judged_alone(*parts).verdict == verdict
    # What is there may refute a claim that all must hold.
    there = [dataclasses.replace(p, p=PValues(1, 0 if p.verdict == "" else 1)) for p in parts]
    assert judged_alone(*there).verdict == refuted


def still_open(parts):
    return tuple(dataclasses.replace(part, verdict="undecided") for part in parts)


def test_the_label_says_how_many_seeds_more():
    def label(*parts, level=0.05):
        told = ("id", "direction", "here", "it", "quote", "undecided")
        return Verdict(*told, still_open(parts), level=level).label

    wide = [0.2, 1.4, -0.3, 1.1, 0.9]
    more = more_seeds(effect_of(np.array(wide)), (0.0,), 0.05)
    assert label(part(wide)) == f"undecided (about {more} more {'seed' if more == 1 else 'seeds'})"
    assert more_seeds(effect_of(np.array(wide)), (0.0,), 0.05 / 7) > more
    assert label(part([0.5])) == "undecided (at least 1 more seed)"
    assert label(part([5.0, -5.0, 4.9])) == "undecided (more than 50 more seeds)"
    assert label(Part("", waiting=2)) == "undecided (2 more seeds until the first look)"
    # A sign test of three seeds that agree takes two more.
    assert label(trend(3, 3)) == "undecided (about 2 more seeds)"
    assert label(trend(0, 3), level=0.025) == "undecided (about 3 more seeds)"
    # Where seeds differ, as large a share of later ones is taken to agree: 20 of 30 is p = 0.049.
    assert label(trend(2, 3)) == "undecided (about 27 more seeds)"
    assert label(trend(1, 2)) == "undecided (more than 50 more seeds)"
    # Two parts that never held are each refuted at half the level; a look has its share of it.
    assert label(trend(0, 5), trend(0, 5)) == "undecided (about 1 more seed)"
    looked = dataclasses.replace(trend(5, 5), later=((3, 0.5),))
    assert label(looked, level=0.01) == "undecided (about 3 more seeds)"
    assert label(looked, level=0.001) == "undecided (more than 3 more seeds)"


def test_the_seeds_that_a_claim_of_several_parts_takes():
    def seeds_more(parts, level, how):
        return seeds_to_decide(still_open(parts), level, how)

    far, near, against = part([5.0, -5.0, 4.9]), part([2.0, 3.3, 0.9]), part([-2.0, -3.3, -0.9])
    one_near = near.needed(0.05 / 2)
    assert near.needed(0.05) < one_near < MOST_SEEDS < far.needed(0.05)
    # Where any part suffices, the nearest one does, at its share of the level.
    assert seeds_more((far, near), 0.05, "any") == one_near
    assert seeds_more((near, against), 0.05, "any") == one_near
    # What points against a claim of which any part must hold decides nothing alone.
    assert seeds_more((far, against), 0.05, "any") == far.needed(0.05 / 2)
    # Both must be decided, so that either takes more seeds than if it stood alone.
    assert seeds_more((against, against), 0.05, "any") == against.needed(0.05, chance=0.9)
    assert against.needed(0.05, chance=0.9) > against.needed(0.05)
    # All must hold: one suffices to refute, and all must be decided to support.
    assert seeds_more((near, against), 0.05, "all") == against.needed(0.05 / 2)
    assert seeds_more((near, far), 0.05, "all") == far.needed(0.05)
    assert seeds_more((near, part([0.5])), 0.05, "all") is None
    # A negligible effect beside one that isn't would have to be told from zero, open or not.
    tiny = dataclasses.replace(part([0.02, 0.2, -0.1, 0.15, -0.02]), gains=True)
    closed = dataclasses.replace(tiny, verdict="no meaningful difference")
    assert seeds_more((near, tiny), 0.05, "all") == math.inf
    assert seeds_to_decide((*still_open([near]), closed), 0.05, "all") == math.inf
    # One that suffices doesn't wait for it, and where all are negligible, equivalence decides.
    assert seeds_to_decide((*still_open([near]), closed), 0.05, "any") == one_near
    small = dataclasses.replace(part([0.3, 0.7, -0.6, 0.5, -0.4]), gains=True)
    assert seeds_more((tiny, small), 0.05, "all") < MOST_SEEDS
    assert seeds_more((trend(5, 5), trend(3, 5)), 0.01, "all") == math.inf
    # What is decided needs no seeds, and what isn't may.
    assert seeds_more((trend(5, 5), trend(3, 3)), 0.05, "all") == 2
    # A rule that holds in some seeds isn't decided by more like these, but another part may be.
    assert seeds_more((trend(0, 3), trend(1, 3)), 0.05, "all") == trend(0, 3).needed(0.05 / 2) > 0
    assert seeds_more((trend(3, 3), trend(2, 3)), 0.05, "any") == trend(3, 3).needed(0.05 / 2) > 0


# --- what a claim needs ---------------------------------------------------------------------


def tables_of(config, *accuracies):
    runs = pd.DataFrame(
        {
            "run": "a.b",
            "seed": range(len(accuracies)),
            "status": ["diverged" if a == DIVERGED else "finished" for a in accuracies],
            "final_train_accuracy": accuracies,
            "final_plain_train_accuracy": [a + 0.1 for a in accuracies],
        }
    )
    return SimpleNamespace(study={"runs": {"a.b": {"config": config}}}, runs=runs)


DIVERGED = 0.1
LENGTH = {
    "data": {"dataset": "cifar10", "training_images": 50000},
    "budget": {"images_seen": 20000},
}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, ""),
        ({"dataset": "cifar10", "training_images": 50000}, ""),
        ({"dataset": "digits"}, "trains on cifar10, not on digits"),
        ({"training_images": 50001}, "trains on 50,000 images, and the claim needs 50,001"),
        # The scale's name says nothing: paper with images_seen=20000 isn't the published length.
        (
            {"images_seen": 500000},
            "sees 20,000 images in training, and the claim needs 500,000",
        ),
    ],
)
def test_needs_are_checked_against_the_runs_config(asked, said):
    assert needs.unmet(asked, tables_of(LENGTH).study, "a.b") == (f"a.b {said}" if said else "")


def test_a_run_without_a_config_cant_be_checked():
    assert "no config" in needs.unmet({"dataset": "cifar10"}, tables_of(None).study, "a.b")
    assert needs.unmet({}, tables_of(None).study, "a.b") == ""


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ([0.69], "below 70%"),
        ([0.7], ""),
        ([math.nan], "no training accuracy"),
        # One seed that reaches it says nothing of the others.
        ([0.9, math.nan, 0.9], "no training accuracy in the last epoch for all seeds"),
        # A run that diverged says nothing of a run's length, nor does a seed after the last look.
        ([0.75, 0.75, DIVERGED], ""),
        ([DIVERGED], ""),
        ([0.71, 0.71, 0.71, 0.1001], ""),
    ],
)
def test_a_run_far_from_its_end_is_named(accuracies, said):
    tables = tables_of(LENGTH, *accuracies)
    found = needs.far_from_end({"train_accuracy": 0.7}, tables, "a.b", seeds=3)
    assert said in found
    assert bool(found) == bool(said)
    assert needs.far_from_end({}, tables, "a.b", seeds=3) == ""


def test_what_a_run_reaches_is_read_as_the_claim_asks():
    tables = tables_of(LENGTH, 0.65)
    assert needs.far_from_end({"train_accuracy": 0.7}, tables, "a.b", seeds=1).startswith(
        "The training accuracy in the last epoch of a.b is 65.00%, below 70%"
    )
    assert needs.far_from_end({"plain_train_accuracy": 0.7}, tables, "a.b", seeds=1) == ""
    assert "without augmentation of a.b is 75.00%, below 80%" in needs.far_from_end(
        {"plain_train_accuracy": 0.8}, tables, "a.b", seeds=1
    )
    # Neither number is rounded to the other.
    near = tables_of(LENGTH, 0.9949)
    assert " is 99.49%, below 99.5%" in needs.far_from_end(
        {"train_accuracy": 0.995}, near, "a.b", seeds=1
    )
    # The first need that isn't met is named, in an order of their own.
    both = {"plain_train_accuracy": 0.8, "train_accuracy": 0.7}
    assert "in the last epoch" in needs.far_from_end(both, tables, "a.b", seeds=1)
    imported = tables_of(LENGTH, math.nan)
    assert "no accuracy on the training images without augmentation" in needs.far_from_end(
        {"plain_train_accuracy": 0.8}, imported, "a.b", seeds=1
    )


# --- rules and their dates ------------------------------------------------------------------


def dated(began):
    runs = pd.DataFrame({"run": ["base.x", "a.b"], "seed": 0, "began": began})
    members = [{"name": "base", "run": "base.x"}, {"name": "b", "run": "a.b"}]
    study = {"ablations": {"a": {"arms": members, "design": "arms", "looks": [1]}}}
    return SimpleNamespace(study=study, runs=runs)


RULE = {"since": "2026-11-26T22:00:56Z", "effects": [{"arm": "a.b"}]}


@pytest.mark.parametrize(
    ("began", "early"),
    [
        (["2026-11-26T22:00:56+00:00", "2026-11-27T00:00:00+00:00"], 0),
        (["2026-11-26T16:05:48+00:00", "2026-11-27T00:00:00+00:00"], 1),
        # An hour earlier in UTC than it looks.
        (["2026-11-26T22:30:00+01:00", "2026-11-27T00:00:00+00:00"], 1),
        # A date is the end of its day; an unknown moment may have been before.
        (["2026-11-26", "2026-11-27"], 0),
        ([None, "2026-11-27"], 1),
        (["yesterday", "2026-11-27"], 1),
    ],
)
def test_a_verdict_is_post_hoc_if_a_run_began_before_its_rule(began, early):
    said = post_hoc(dated(began), {"type": "direction"}, RULE)
    assert said.startswith(f"{early} of ") if early else said == ""


def test_only_the_seeds_that_a_verdict_reads_make_it_post_hoc():
    early, late = "2026-11-01", "2026-11-28"
    tables = dated([late, late])
    further = pd.DataFrame({"run": ["base.x", "a.b"], "seed": 1, "began": early})
    tables.runs = pd.concat([tables.runs, further], ignore_index=True)
    assert post_hoc(tables, {"type": "direction"}, RULE) == ""
    tables.study["ablations"]["a"]["looks"] = [1, 2]
    assert post_hoc(tables, {"type": "direction"}, RULE).startswith("2 of 4 runs")


def test_what_was_known_is_told():
    began = ["2026-11-01", "2026-11-01"]
    said = post_hoc(dated(began), {"type": "size"}, RULE | {"known": "x"})
    assert said.endswith("Known by then: x")


def test_arithmetic_is_never_post_hoc():
    rule = {"since": "2026-11-26", "exact": [{"arm": "a.b"}]}
    assert post_hoc(dated(["2026-11-01", "2026-11-01"]), {"type": "exact"}, rule) == ""


def test_a_record_that_does_not_state_its_start_began_after_its_commit():
    assert began.began({"began": "2026-11-27T01:02:03+00:00", "commit": "c0ffee"}).startswith(
        "2026"
    )
    assert began.began({"commit": "c0ffee"}) is None
    first = subprocess.run(
        ["git", "rev-list", "--max-parents=0", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    if first:  # a copy without its history has none
        argv = ["git", "log", "-1", "--format=%cI", first[0]]
        dated = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True).stdout.strip()
        assert began.began({"commit": f"{first[0]}+changes"}) == dated


# --- curves ---------------------------------------------------------------------------------


def curve(train, test):
    return pd.DataFrame(
        {"epoch": range(len(train)), "train_accuracy": train, "test_accuracy": test}
    )


RISING = curve([0.5, 0.7, 0.82, 0.823, 0.825], [0.6, 0.75, 0.88, 0.885, 0.89])
OVERFIT = curve([0.5, 0.9, 0.999], [0.6, 0.7, 0.65])
LONG = curve([0.5, 0.7, *(0.82 + 0.001 * k for k in range(6))], [0.6, 0.75, *[0.88] * 6])
PLATEAU = [0.6, 0.7, 0.76, 0.78, 0.8, 0.798, 0.803, 0.8, 0.802, 0.801]
PAST_ITS_BEST = curve(PLATEAU, [0.6, 0.7, 0.76, 0.78, 0.77, 0.762, 0.755, 0.751, 0.742, 0.737])
ONE_BAD_EPOCH = curve(PLATEAU, [*PLATEAU[:-1], 0.77])
ONE_LUCKY_EPOCH = curve(PLATEAU, [*PLATEAU[:6], 0.83, *PLATEAU[7:]])


@pytest.mark.parametrize("value", [0.8600, 0.8800, 0.9000])
def test_the_ends_of_a_tolerance_belong_to_it(value):
    assert within(value, 0.88, 0.02)
    assert not within(0.8599, 0.88, 0.02)
    assert not within(0.9001, 0.88, 0.02)


@pytest.mark.parametrize(
    ("rule", "epochs", "part", "holds"),
    [
        ("test_above_train", RISING, {}, True),
        ("test_above_train", OVERFIT, {}, False),
        ("train_accuracy_reaches", OVERFIT, {"value": 0.99, "by_epoch": 3}, True),
        ("train_accuracy_reaches", OVERFIT, {"value": 0.99, "by_epoch": 2}, False),
        ("test_accuracy_falls", RISING, {"by_epoch": 5}, False),
        ("test_accuracy_falls", PAST_ITS_BEST, {"by_epoch": 10}, True),
        ("test_accuracy_falls", ONE_BAD_EPOCH, {"by_epoch": 10}, False),
        ("test_accuracy_falls", ONE_LUCKY_EPOCH, {"by_epoch": 10}, False),
        ("slow_after_train_accuracy", LONG, {"value": 0.81, "points_per_epoch": 0.5}, True),
        ("slow_after_train_accuracy", LONG, {"value": 0.45, "points_per_epoch": 0.5}, False),
        # Too few epochs lie beyond the value for a gain per epoch, or none does.
        ("slow_after_train_accuracy", RISING, {"value": 0.81, "points_per_epoch": 0.5}, None),
        ("slow_after_train_accuracy", RISING, {"value": 0.95, "points_per_epoch": 0.5}, None),
        (
            "test_accuracy_then",
            RISING,
            {"train_accuracy": 0.81, "value": 0.88, "within": 0.02},
            True,
        ),
        (
            "test_accuracy_then",
            OVERFIT,
            {"train_accuracy": 0.81, "value": 0.88, "within": 0.02},
            False,
        ),
        (
            "test_accuracy_then",
            LONG.head(2),
            {"train_accuracy": 0.81, "value": 0.88, "within": 0.02},
            None,
        ),
        ("slow_after_epoch", LONG, {"epoch": 2, "points_per_epoch": 0.6}, True),
        ("slow_after_epoch", LONG, {"epoch": 0, "points_per_epoch": 0.6}, False),
        ("slow_after_epoch", LONG, {"epoch": 4, "points_per_epoch": 0.6}, None),
        ("slow_after_epoch", RISING, {"epoch": 30, "points_per_epoch": 0.6}, None),
        ("still_rising", OVERFIT, {"last_share": 0.1}, None),
        ("train_accuracy_reaches", RISING, {"value": 2, "by_epoch": 100}, None),
        ("test_accuracy_falls", RISING, {"by_epoch": 100}, None),
        ("still_rising", RISING, {"last_share": 0.2}, True),
        ("still_rising", OVERFIT, {"last_share": 0.34}, False),
        ("still_rising", RISING, {"last_share": 0.2, "after_epoch": 80}, None),
        # The best of ten is the seventh: among the last four, and not after the eighth.
        ("still_rising", ONE_LUCKY_EPOCH, {"last_share": 0.4}, True),
        ("still_rising", ONE_LUCKY_EPOCH, {"last_share": 0.4, "after_epoch": 8}, False),
        ("best_test_accuracy", RISING, {"of": 0.9, "within": 0.02}, True),
        ("best_test_accuracy", OVERFIT, {"of": 0.9, "within": 0.02}, False),
    ],
)
def test_a_rule_on_a_curve(rule, epochs, part, holds):
    held, said = RULES[rule](epochs, part)
    assert held == holds
    assert said


@pytest.mark.parametrize("rule", ["train_accuracy_reaches", "test_above_train"])
def test_a_rule_on_an_accuracy_that_wasnt_recorded_cant_be_told(rule):
    unknown = RISING.assign(train_accuracy=math.nan)
    for curve_ in (unknown, RISING.drop(columns="train_accuracy")):
        held, said = RULES[rule](curve_, {"value": 0.99, "by_epoch": 3})
        assert held is None
        assert said == "train accuracy wasn't recorded in every epoch"


def test_a_claims_numbers_are_said_with_all_their_digits():
    assert [stated(v) for v in (0.9125, 0.999, 0.29, 0.91)] == ["91.25%", "99.9%", "29%", "91%"]
    assert [stated_points(v) for v in (0.5, -1.5, 2)] == ["+0.5", "\u22121.5", "+2"]
    part = {"value": 0.999, "by_epoch": 3}
    assert "claimed 99.9%" in RULES["train_accuracy_reaches"](RISING, part)[1]


def test_a_rule_on_several_curves():
    part = {"others": ["overfit", "long"], "beyond": 0.5}
    assert RULES["best_above"](RISING, part, OVERFIT, LONG)[0]
    assert not RULES["best_above"](OVERFIT, part | {"others": ["rising"]}, RISING)[0]
    assert not RULES["best_above"](RISING, part | {"beyond": 3}, OVERFIT, LONG)[0]


def test_a_flat_curve_with_noise_seldom_counts_as_fallen():
    rng = np.random.default_rng(0)
    rise = 0.8 - 0.25 * np.exp(-np.arange(10) / 1.5)
    part, fell = {"by_epoch": 10}, 0
    for noise in rng.normal(0, 0.006, (400, 10)):
        fell += RULES["test_accuracy_falls"](curve(rise, rise + noise), part)[0]
    print(f"a flat curve counts as fallen in {fell / 4:.1f}%")
    assert fell <= 20


def test_the_published_logs_say_what_they_say():
    told = published.load()
    final = told.logs.query("run == 'final'")
    assert RULES["test_above_train"](final, {}) == (
        True,
        "test above training accuracy in 56 of 56 epochs",
    )
    early = told.logs.query("run == 'early-adam-bs64'")
    assert not RULES["train_accuracy_reaches"](early, {"value": 0.99, "by_epoch": 10})[0]
    # Its training accuracy passes 81% in the last of its epochs: too late to refute anything.
    four = told.logs.query("run == 'four-copies-3322'")
    slow = {"value": 0.81, "points_per_epoch": 0.5}
    assert RULES["slow_after_train_accuracy"](four, slow)[0] is None


# --- a study --------------------------------------------------------------------------------


@pytest.fixture
def judged(study):
    for step in (collect, comparisons):
        assert step.main([str(study)]) == 0
    return study


EXACT = {
    "parameter-budget": "supported",
    "resnet18-about-double": "supported",
    "final-parameters": "supported",
    "figure1-parameters": "supported",
    "figure2-learning-rates": "supported",
    "figure4-sizes": "refuted",
    "channels-set-parameters": "supported",
}


def test_every_claim_of_the_paper_gets_a_verdict(judged):
    tables = read_tables(judged)
    tables.runs["final_train_accuracy"] = 0.9
    verdicts = judge(tables)
    assert len(verdicts) == 30
    by_id = {v.id: v for v in verdicts}
    # This study is on digits, and trains neither Figure 1's models nor the path.
    assert {v.id: v.label for v in verdicts if v.type == "exact"} == EXACT
    assert by_id["stride-first-helps"].label == "not testable in this study"
    assert by_id["sgd-over-adam"].verdict == "not run"
    assert all(v.parts and all(p.sentence.endswith(".") for p in v.parts) for v in verdicts)
    # What the rule would say of these runs stands beside: equal differences in both seeds.
    assert by_id["stride-first-helps"].label_here == "undecided (at least 1 more seed)"
    assert "points (n = 2)" in by_id["stride-first-helps"].here.parts[0].sentence
    assert by_id["validation-above-training"].logs[0].verdict == "supported"
    assert by_id["best-tuple"].logs[0].verdict == "refuted"
    assert by_id["slow-from-0.81"].logs[0].verdict == "not testable in this study"


def as_cifar10(study, change=None, accuracy=0.9):
    """The same study, as if its images were CIFAR-10 and its runs nearly through."""
    document = json.loads((study / "study.json").read_text())
    document["scale"] |= {"dataset": "cifar10"}
    for planned in document["runs"].values():
        planned["config"]["data"]["dataset"] = "cifar10"
    (study / "study.json").write_text(json.dumps(document | (change or {})))
    runs = pd.read_csv(study / "tables" / "runs.csv").assign(final_train_accuracy=accuracy)
    runs.to_csv(study / "tables" / "runs.csv", index=False)
    return read_tables(study)


def set_accuracies(study, run, accuracies, **columns):
    """Give a run the accuracies of seeds 0, 1, etc., and the effects that follow."""
    path = study / "tables" / "runs.csv"
    runs = pd.read_csv(path)
    row = runs[runs["run"] == run].iloc[[0]]
    rows = [row.assign(seed=k, final_test_accuracy=a, **columns) for k, a in enumerate(accuracies)]
    pd.concat([runs[runs["run"] != run], *rows]).to_csv(path, index=False)
    assert comparisons.main([str(study)]) == 0


def with_seeds(study, seeds, looks=None):
    document = json.loads((study / "study.json").read_text())
    for ablation in document["ablations"].values():
        ablation |= {"seeds": seeds, "looks": looks or [seeds]}
    for planned in document["runs"].values():
        planned["seeds"] = seeds
    (study / "study.json").write_text(json.dumps(document))


BASE = [0.60, 0.604, 0.598, 0.602, 0.601]


@pytest.mark.parametrize(
    ("effect", "label"),
    [
        ([-0.05, -0.052, -0.049, -0.051, -0.05], "supported"),
        ([0.05, 0.052, 0.049, 0.051, 0.05], "refuted"),
        ([0.0, 0.001, -0.001, 0.0005, -0.0005], SAME),
    ],
)
def test_a_direction_is_judged_at_the_level_of_its_family(judged, effect, label):
    with_seeds(judged, 5)
    set_accuracies(judged, "base.design", BASE)
    moved = [a + e for a, e in zip(BASE, effect, strict=True)]
    set_accuracies(judged, "stride_position.second", moved)
    verdict = {v.id: v for v in judge(as_cifar10(judged))}["stride-first-helps"]
    assert verdict.label == label
    assert "by Holm's procedure over 7 claims" in verdict.decision


def test_what_is_significant_alone_may_not_be_in_its_family(judged):
    with_seeds(judged, 5)
    set_accuracies(judged, "base.design", [0.6] * 5)
    set_accuracies(judged, "stride_position.second", [0.590, 0.580, 0.586, 0.593, 0.598])
    tables = as_cifar10(judged)
    row = tables.comparisons.query("arm == 'second'").iloc[0]
    assert 0.05 / 7 < row["p"] < 0.05
    verdict = {v.id: v for v in judge(tables)}["stride-first-helps"]
    # One claim of seven was run, and yet seven were declared.
    assert verdict.verdict == "undecided"
    assert "more seed" in verdict.label
    assert row["decides_at"] == pytest.approx(0.05 / 7)


def test_a_look_that_is_not_reached_decides_nothing(judged):
    with_seeds(judged, 5)
    set_accuracies(judged, "base.design", BASE)
    set_accuracies(judged, "stride_position.second", [a - 0.05 for a in BASE[:3]])
    verdict = {v.id: v for v in judge(as_cifar10(judged))}["stride-first-helps"]
    assert verdict.label == "undecided (2 more seeds until the first look)"
    assert "missing: stride_position.second seeds 3 and 4" in verdict.parts[0].sentence


def test_a_second_look_is_weighed_and_named(judged):
    with_seeds(judged, 3, looks=[3, 5])
    set_accuracies(judged, "base.design", BASE)
    worse = [a - e for a, e in zip(BASE, [0.05, 0.052, 0.049, 0.051, 0.05], strict=True)]
    set_accuracies(judged, "stride_position.second", worse[:4])
    tables = as_cifar10(judged)
    row = tables.comparisons.query("arm == 'second'").iloc[0]
    # Four seeds are there, and the looks are at three and five.
    assert (row["n"], row["look"], row["level"]) == (3, 3, pytest.approx(1 - 0.05 * 0.625))
    set_accuracies(judged, "stride_position.second", worse)
    verdict = {v.id: v for v in judge(as_cifar10(judged))}["stride-first-helps"]
    assert verdict.label == "supported"
    assert "at the look at 5 seeds" in verdict.parts[0].sentence
    assert "what counts" not in verdict.parts[0].sentence


def test_an_earlier_look_that_decided_is_named(judged):
    with_seeds(judged, 3, looks=[3, 5])
    set_accuracies(judged, "base.design", [0.6] * 5)
    # Clear at three seeds, blurred by the later ones.
    set_accuracies(judged, "stride_position.second", [0.550, 0.5502, 0.5501, 0.62, 0.5])
    verdict = {v.id: v for v in judge(as_cifar10(judged))}["stride-first-helps"]
    assert verdict.label == "supported"
    said = verdict.parts[0].sentence
    assert "(98.12% interval" in said
    assert "n = 5) at the look at 5 seeds, p < 0.001" in said
    assert "; what counts is the look at 3 seeds, −4.99 points (96.88% interval" in said


def test_a_run_that_diverged_is_named_with_the_effect_without_it(judged):
    with_seeds(judged, 5)
    set_accuracies(judged, "base.design", BASE)
    set_accuracies(judged, "stride_position.second", [0.55, 0.553, 0.1, 0.551, 0.55])
    path = judged / "tables" / "runs.csv"
    runs = pd.read_csv(path)
    runs.loc[(runs["run"] == "stride_position.second") & (runs["seed"] == 2), "status"] = "diverged"
    runs.to_csv(path, index=False)
    assert comparisons.main([str(judged)]) == 0
    verdict = {v.id: v for v in judge(as_cifar10(judged))}["stride-first-helps"]
    said = verdict.parts[0].sentence
    assert verdict.verdict == "undecided"
    assert "stride_position.second seed 2 diverged, without: −5.07 points (95% interval" in said
    assert "n = 4)" in said
    assert said.index("p = ") < said.index("diverged")


def test_runs_of_mixed_precision_are_not_paired_and_named(judged):
    with_seeds(judged, 5)
    set_accuracies(judged, "base.design", BASE)
    set_accuracies(judged, "stride_position.second", [a - 0.05 for a in BASE], precision="bf16")
    verdict = {v.id: v for v in judge(as_cifar10(judged))}["stride-first-helps"]
    assert verdict.label == "not testable in this study"
    assert (
        "no pair; not paired, since precision or kind of device differ: seeds 0, 1, 2, 3 and 4"
        in (verdict.parts[0].sentence)
    )
    row = read_tables(judged).comparisons.query("arm == 'second'").iloc[0]
    assert (row["n"], row["unlike_seeds"]) == (0, "0, 1, 2, 3, 4")
    # One seed is text, too.
    path = judged / "tables" / "comparisons.csv"
    path.write_text(path.read_text().replace('"0, 1, 2, 3, 4"', "2"))
    assert read_tables(judged).comparisons.query("arm == 'second'")["unlike_seeds"].item() == "2"


def test_an_accuracy_over_unlike_runs_says_so(judged):
    with_seeds(judged, 3)
    tables = as_cifar10(judged)
    tables = dataclasses.replace(tables, runs=tables.runs.assign(status="finished"))
    tables.runs.loc[tables.runs.index[0], ["device", "precision"]] = ["NVIDIA H200", "fp16"]
    arm = "maxpool.base"
    assert tables.runs.iloc[0]["run"] == "base.design"
    assert Evidence(tables).mixed(arm) == "; its seeds differ in precision and kind of device"
    tables.runs.loc[:, ["device", "precision"]] = ["cpu", "fp32"]
    assert Evidence(tables).mixed(arm) == ""


def test_an_effect_far_from_the_end_of_training_gives_no_verdict(judged):
    with_seeds(judged, 5)
    set_accuracies(judged, "base.design", BASE)
    set_accuracies(judged, "stride_position.second", [a - 0.05 for a in BASE[:4]] + [0.552])
    verdict = {v.id: v for v in judge(as_cifar10(judged, accuracy=0.4))}["stride-first-helps"]
    assert verdict.label == "not testable in this study"
    assert verdict.label_here == ""
    assert "is 40.00%, below 70%, so that this comparison shows early" in verdict.parts[0].sentence


def test_what_was_not_run_may_not_have_sufficed(judged):
    evidence = Evidence(read_tables(judged), {"images_seen": 10**9})
    unfit = evidence.unfit_as_planned("maxpool.with_maxpool")
    assert unfit.startswith("; as planned, maxpool.with_maxpool sees ")
    assert unfit.endswith("images in training, and the claim needs 1,000,000,000")
    assert Evidence(read_tables(judged), {}).unfit_as_planned("maxpool.with_maxpool") == ""
    assert evidence.unfit_as_planned("never.declared") == ""


def test_what_augmentation_is_worth_is_told_of_runs_that_fit_images_without_it(judged):
    tables = as_cifar10(judged, accuracy=0.4)
    by_epochs = {"arm": "maxpool.with_maxpool", "sign": "negative", "beyond": 3}
    tables.published.tests["augmentation-huge"]["effects"] = [by_epochs]
    for reached, told in ((0.6, False), (0.9, True)):
        tables.runs["final_plain_train_accuracy"] = reached
        verdict = {v.id: v for v in judge(tables)}["augmentation-huge"]
        assert (verdict.label == "not testable in this study") == (not told)
        assert ("is 60.00%, below 70%" in verdict.parts[0].sentence) == (not told)
        assert verdict.label_here == ""


def test_a_users_claim_may_need_whatever_a_claim_may(judged):
    document = json.loads((judged / "study.json").read_text())
    needs_all = {
        "dataset": "digits",
        **dict.fromkeys(("training_images", "images_seen"), 1),
        **dict.fromkeys(needs.REACHED, 0.01),
    }
    assert set(needs_all) == set(NEEDS)
    test = {"arm": "maxpool.with_maxpool", "sign": "positive"}
    own = {"id": "mine", "quote": "It helps", "type": "direction", "where": "maxpool"}
    document["own_claims"] = [own | {"effects": [test], "combine": "all", "needs": needs_all}]
    (judged / "study.json").write_text(json.dumps(document))
    (verdict,) = judge_own(read_tables(judged))
    assert verdict.verdict == "undecided"


def values_of(study, accuracies, length=500_000):
    """The verdict on Figure 1's first row for a run of these accuracies, by the paper's metric."""
    arms = [{"name": "base", "run": "base.x"}, {"name": "row1", "run": "figure1.row1"}]
    arms = [arm | {"changes": {}, "also_changes": {}} for arm in arms]
    document = json.loads((study / "study.json").read_text())
    some = document["ablations"]["maxpool"]
    document["ablations"]["figure1"] = some | {"arms": arms, "seeds": len(accuracies)}
    document["ablations"]["figure1"].pop("looks", None)
    config = next(iter(document["runs"].values()))["config"]
    config["data"] |= {"training_images": 50_000}
    config["budget"] |= {"images_seen": length}
    for arm in arms:
        document["runs"][arm["run"]] = {"config": config, "seeds": len(accuracies)}
    (study / "study.json").write_text(json.dumps(document))
    path = study / "tables" / "runs.csv"
    runs = pd.read_csv(path)
    rows = [
        runs.iloc[[0]].assign(run="figure1.row1", seed=k, best_notebook_test_accuracy=value)
        for k, value in enumerate(accuracies)
    ]
    pd.concat([runs, *rows]).to_csv(path, index=False)
    return {v.id: v for v in judge(as_cifar10(study))}["figure1-row1"]


@pytest.mark.parametrize(
    ("accuracies", "label"),
    [
        ([0.77], "undecided (at least 1 more seed)"),
        ([0.60], "undecided (at least 1 more seed)"),
        ([0.768, 0.771, 0.769], "supported"),
        ([0.60, 0.604, 0.602], "refuted"),
    ],
)
def test_a_value_is_judged_by_its_interval_and_never_by_one_seed(judged, accuracies, label):
    assert values_of(judged, accuracies).label == label


def test_a_value_in_part_within_the_tolerance_is_undecided(judged):
    assert values_of(judged, [0.74, 0.755, 0.77]).verdict == "undecided"


def test_a_shorter_run_is_no_evidence_of_a_value_at_any_scale(judged):
    verdict = values_of(judged, [0.768, 0.771, 0.769], length=20_000)
    assert verdict.label == "not testable in this study"
    assert "sees 20,000 images in training" in verdict.parts[0].sentence
    assert verdict.here is None


def test_a_claim_that_must_hold_ends_in_an_error(judged, capsys):
    document = json.loads((judged / "study.json").read_text())
    document["must_hold"] = ["figure2-learning-rates"]
    (judged / "study.json").write_text(json.dumps(document))
    assert claims.main([str(judged)]) == 0
    # To read the verdicts changes nothing: the folder may be another's.
    assert not (judged / "tables" / "claims.csv").exists()
    document["must_hold"] = ["figure4-sizes"]
    (judged / "study.json").write_text(json.dumps(document))
    assert claims.main([str(judged)]) == 1
    printed = capsys.readouterr()
    assert "figure4-sizes must hold" in printed.err
    line = "The schedule gives the learning rates that Figure 2 prints: supported [figure2-learning"
    assert f"{line}-rates]\n    7 of 7 rates equal" in printed.out
    document["must_hold"] = ["figure2-rates"]
    (judged / "study.json").write_text(json.dumps(document))
    assert claims.main([str(judged)]) == 1
    assert "figure2-rates must hold, but there is no such claim" in capsys.readouterr().err


def test_a_users_own_claims_are_a_family_of_their_own(judged):
    document = json.loads((judged / "study.json").read_text())
    test = {"arm": "maxpool.with_maxpool", "sign": "positive"}
    own = {"id": "mine", "quote": "It helps", "type": "direction", "where": "maxpool"}
    document["own_claims"] = [own | {"effects": [test], "combine": "all"}]
    (judged / "study.json").write_text(json.dumps(document))
    (verdict,) = judge_own(read_tables(judged))
    # 5.00 points in either seed: equal differences give no interval, and so no verdict.
    assert verdict.id == "mine"
    assert verdict.verdict == "undecided"
    assert "mine" not in {v.id for v in judge(read_tables(judged))}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",0.5222,", ",52.22,", "line 2: train_accuracy: expected a share from 0 to 1"),
        ("bs64,1,", "bs64,0,", "line 3: epoch: expected one after that of the run's row before it"),
    ],
)
def test_published_logs_are_shares_by_ascending_epoch(old, new, said, tmp_path):
    paper = tmp_path / "paper"
    shutil.copytree(ROOT / "paper", paper)
    logs = (paper / "logs.csv").read_text()
    assert old in logs
    (paper / "logs.csv").write_text(logs.replace(old, new, 1))
    with pytest.raises(RecordError, match=re.escape(said)):
        published.load(paper)


def test_logs_and_runs_that_agree_against_the_paper_are_told():
    tables = SimpleNamespace(published=published.load(), data={"pixels": "recompressed"})
    claim = {"type": "value", "published": 0.84, "tolerance": 0.02}
    tests = tables.published.tests["figure1-row3"]
    measured = Part("said.", effect=effect_of(np.array([-3.4, -3.3, -3.5])))
    (said,) = agreement(tables, claim, tests, [measured])
    assert said == (
        "These runs, at 80.6% (on pixels that may be recompressed), lie within 2 points of the "
        "published logs of this network (80.8% to 82.1% at best). Of these 4 logs 1 lies within "
        "the tolerance of 2 points of the printed 84%, and none within half of it."
    )
    near = Part("said.", effect=effect_of(np.array([-0.4, -0.3, -0.5])))
    assert agreement(tables, claim, tests, [near]) == []
    assert agreement(tables, claim, tests, [Part("was not run.")]) == []


def test_a_control_says_how_far_runs_end_from_a_published_log_of_the_same_training():
    facts = {"metric": "best_test_accuracy"}
    logs = pd.DataFrame({"run": "theirs", "test_accuracy": [0.70, 0.78, 0.77]})
    arms = [{"name": "base", "run": "base.x"}, {"name": "same", "run": "a.same", "label": "ours"}]
    tables = SimpleNamespace(
        published=SimpleNamespace(facts=facts, logs=logs),
        data={"pixels": "original"},
        study={"ablations": {"a": {"base": "x", "arms": arms, "seeds": 2}}},
        # The third seed is for another comparison.
        runs=pd.DataFrame(
            {"run": "a.same", "seed": range(3), "best_test_accuracy": [0.75, 0.77, 0.9]}
        ),
    )
    claim = {"type": "value", "published": 0.80, "tolerance": 0.02}
    tests = {"control": {"arm": "a.same", "run": "theirs"}}
    parts = [
        Part("said.", name="near", effect=effect_of(np.array([-3.8, -4.0]))),
        Part("said.", name="far", effect=effect_of(np.array([-4.1, -4.3]))),
    ]
    assert control(tables, claim, tests, parts) == [
        "A control: ours was trained as a published log was, whose best epoch has 78.0%. Here, "
        "with 2 seeds, it reaches 76.0%, 2.00 points less. Corrected by as much, near would have "
        "78.1%, within the tolerance. Corrected by as much, far would have 77.8%, outside the "
        "tolerance."
    ]
    assert control(tables, claim, {}, parts) == []
    assert control(tables, claim | {"type": "direction"}, tests, parts) == []
    tables.runs = tables.runs.assign(run="a.other")
    assert control(tables, claim, tests, parts) == []


def test_only_a_verdict_calls_an_arm_better():
    def told(kind, verdict, gains):
        effect = effect_of(np.array([2.0, 2.1, 1.9]))
        part = Part("said.", "a.b", verdict=verdict, effect=effect, gains=gains)
        return signs_decided([Verdict("id", kind, "", "It helps", "", verdict, (part,))])

    assert told("direction", "refuted", True) == {"a.b": "better by the verdict on “It helps”"}
    assert told("direction", "undecided", True) == {}
    assert told("size", "supported", None) == {}


# --- comparing studies ----------------------------------------------------------------------


def copy_of(study, tmp_path):
    import shutil

    other = tmp_path / "other" / "smoke"
    shutil.copytree(study, other)
    return other


def test_a_study_compared_with_itself_has_not_changed(judged, tmp_path, capsys):
    assert compare.main([str(judged), str(copy_of(judged, tmp_path))]) == 0
    assert capsys.readouterr().out == "no change\n"


def train_again(folder, run, seed, accuracy):
    """Write a record anew, with another last test accuracy."""
    record = folder / "runs" / run / f"seed{seed}"
    config = json.loads((record / "config.json").read_text())
    config.pop("seed")
    shutil.rmtree(record)
    write_record(folder, run, seed, config, accuracy)


def test_one_altered_arm_is_exactly_what_changed(judged, tmp_path, capsys):
    other = copy_of(judged, tmp_path)
    for seed in (0, 1):
        train_again(other, "maxpool.with_maxpool", seed, 0.9 + seed / 100)
    for step in (collect, comparisons):
        assert step.main([str(other)]) == 0
    assert compare.main([str(judged), str(other)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("accuracy of maxpool.with_maxpool moved: 55.50% to 90.50%")
    # Accuracies are of the seeds that both have, and what wasn't run has no effect.
    tables = pd.read_csv(other / "tables" / "runs.csv")
    one = (tables["run"] == "maxpool.with_maxpool") & (tables["seed"] == 1)
    tables[~one].to_csv(other / "tables" / "runs.csv", index=False)
    table = pd.read_csv(other / "tables" / "comparisons.csv")
    none = table["arm"] == "with_maxpool"
    table.loc[none, table.columns[table.columns.str.endswith("_points")]] = float("nan")
    table.assign(n=table["n"].where(~none, 0)).to_csv(
        other / "tables" / "comparisons.csv", index=False
    )
    compare.main([str(judged), str(other)])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("accuracy of maxpool.with_maxpool moved: 55.00% to 90.00% (+35.00")


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
