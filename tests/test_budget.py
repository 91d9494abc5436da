"""Which runs a budget of hours goes to."""

import dataclasses
import json
import math
import os
import signal
import threading
import time

import numpy as np
import pytest
from scipy import stats

from ablations import __main__ as command
from ablations.harness.resolve import resolve
from ablations.harness.study import to_document
from ablations.planning import spend
from ablations.planning.budget import Arm, Step, arms_of_claims, next_step
from ablations.planning.chances import chance, distinguishable, negligible, pooled, spread_of
from report.judge.parts import SUPPORTED, UNDECIDED, Part
from report.judge.statistics.effects import Effect, effect_of
from report.judge.statistics.looks import Looks, weights
from report.judge.verdicts import Verdict
from report.read import published

LOOKS = (3, 5, 8)


def arm(name, base="base"):
    return Arm(f"claim-{name}", name, (name, base), LOOKS)


def verdict(name, effect, verdict=UNDECIDED):
    later = Looks(LOOKS, (effect,)).left
    part = Part("said.", name, verdict=verdict, effect=effect, thresholds=(0.0,), later=later)
    return Verdict(f"claim-{name}", "direction", "", "", "", verdict, (part,))


def records(seeds, *runs):
    return {(run, seed) for run in runs for seed in range(seeds)}


def hour(run):
    return 3600.0


def test_the_cheapest_claim_gets_its_first_look_first():
    claims = [[arm("slow"), arm("slower")], [arm("quick")]]
    step = next_step(claims, [], set(), hour)
    assert [a.name for a in step.arms] == ["quick"]
    assert (step.seeds, len(step.records), step.hours) == (3, 6, 6)
    # Its base is there now, which makes the next claim cheaper.
    step = next_step(claims, [], records(3, "quick", "base"), hour)
    assert set(step.records) == records(3, "slow", "slower")


def test_then_the_best_chance_for_its_hours():
    there = records(3, "clear", "doubtful", "done", "base")
    verdicts = [
        verdict("clear", Effect(3, 2.0, 1.0)),
        verdict("doubtful", Effect(3, 0.1, 1.0)),
        verdict("done", Effect(3, 5.0, 1.0), SUPPORTED),
    ]
    claims = [[arm("doubtful")], [arm("clear")], [arm("done")]]
    step = next_step(claims, verdicts, there, hour)
    assert [a.name for a in step.arms] == ["clear"]
    assert 0 < step.chance < 1
    # The base is topped up with it, and then it is there for the others.
    assert set(step.records) == records(step.seeds, "clear", "base") - there
    # What takes a hundred times as long must have a hundred times the chance.
    dear = next_step(claims, verdicts, there, lambda run: 1e6 if run == "clear" else 1.0)
    assert [a.name for a in dear.arms] == ["doubtful"]


def test_what_has_no_chance_is_not_trained():
    there = records(3, "flat", "base")
    flat = verdict("flat", Effect(3, 0.0, 1e-3))
    part = dataclasses.replace(flat.parts[0], later=())
    verdicts = [dataclasses.replace(flat, parts=(part,))]
    claims = [[Arm("claim-flat", "flat", ("flat", "base"), (3,))]]
    assert next_step(claims, verdicts, there, hour) is None

    def next_for(difference):
        effect = Effect(3, difference, 1e-3)
        later = Looks((3, 5), (effect,)).left
        found = verdict("flat", effect)
        part = dataclasses.replace(found.parts[0], later=later)
        arms = [[Arm("claim-flat", "flat", ("flat", "base"), (3, 5))]]
        return next_step(arms, [dataclasses.replace(found, parts=(part,))], there, hour)

    assert next_for(0.0) is None
    assert next_for(1.0).seeds == 5
    decided = [verdict("flat", Effect(3, 1.0, 0.1), SUPPORTED)]
    assert next_step([[arm("flat")]], decided, there, hour) is None


@pytest.mark.parametrize("thresholds", [(0.0,), (-1.0, 1.0), (-math.inf, -1.5)])
def test_the_chance_is_that_of_a_simulation(thresholds):
    effect, spread, seeds, level = Effect(4, -1.2, 0.9), 0.9, 8, 0.01
    rng = np.random.default_rng(0)
    true = rng.normal(effect.difference, spread / 2, 40_000)
    more = rng.normal(true[:, None], spread, (40_000, 4)).mean(axis=1)
    means = (effect.difference + more) / 2
    half = stats.t.isf(level / 2, seeds - 1) * spread / math.sqrt(seeds)
    ends = [t for t in thresholds if math.isfinite(t)]
    apart = np.all([np.abs(means - t) > half for t in ends], axis=0)
    found = chance(effect, spread, seeds, distinguishable(spread, seeds, thresholds, level))
    assert found == pytest.approx(apart.mean(), abs=0.01)


def test_a_spread_is_drawn_towards_the_others():
    narrow, wide = effect_of(np.array([1.0, 1.1, 0.9])), effect_of(np.array([1.0, 4.0, -2.0]))
    over_all = pooled([narrow, wide, effect_of(np.array([1.0]))])
    assert narrow.deviation < spread_of(narrow, over_all) < over_all
    assert over_all < spread_of(wide, over_all) < wide.deviation
    assert spread_of(Effect(1, 1.0), over_all) == over_all
    assert chance(Effect(1, 1.0), math.nan, 5, distinguishable(math.nan, 5, (0.0,), 0.05)) == 0


def test_a_negligible_effect_has_a_chance_of_its_own():
    effect, spread = Effect(3, 0.02, 0.3), 0.3
    found = chance(effect, spread, 8, negligible(spread, 8, 0.05))
    rng = np.random.default_rng(0)
    true = rng.normal(0.02, spread / math.sqrt(3), 40_000)
    means = (3 * 0.02 + rng.normal(true[:, None], spread, (40_000, 5)).sum(axis=1)) / 8
    half = stats.t.isf(0.05, 7) * spread / math.sqrt(8)
    assert found == pytest.approx((np.abs(means) < 0.5 - half).mean(), abs=0.01)
    # Where an effect may be either, each mean counts once.
    assert chance(effect, 0.01, 8, [(-1, 0.5), (-0.5, 2)]) == pytest.approx(1)


def test_a_trend_is_pursued_as_long_as_its_seeds_agree():
    there, claims = records(3, "curve"), [[Arm("claim-curve", "curve", ("curve",), (3, 5, 8))]]

    def step(held):
        later = Looks(LOOKS, ("seen",)).left
        part = Part("", "curve", verdict=UNDECIDED, held=held, later=later)
        verdict = Verdict("claim-curve", "trend", "", "", "", UNDECIDED, (part,))
        return next_step(claims, [verdict], there, hour)

    # Five seeds that agree would do alone, but the look at five has but a part of the level.
    assert step((3, 3)).seeds == 8
    assert step((2, 3)) is None


def test_an_arm_whose_first_look_cant_be_reached_is_left_alone():
    there = records(3, "a", "base")
    part = Part("", "a", verdict=UNDECIDED, later=((3, 1.0),), waiting=1)
    waiting = Verdict("claim-a", "direction", "", "", "", UNDECIDED, (part,))
    assert next_step([[arm("a")]], [waiting], there, hour) is None


def test_the_arms_of_the_papers_claims():
    study = to_document(resolve({"scale": "cpu"}))
    claims = {arms[0].claim: arms for arms in arms_of_claims(study, published.load())}
    # Neither arithmetic nor a choice, nor what needs all images at the published length.
    assert not {"final-parameters", "sgd-over-adam", "final-accuracy"} & set(claims)
    (channels,) = claims["pruning-helps"]
    assert channels.runs == ("channels.halved", "base.early")
    rungs = {a.name: a.runs for a in claims["details-do-not-help"]}
    assert rungs["path.kernels"] == ("path.kernels", "path.small_stem")
    (overfits,) = claims["overfits-in-10-epochs"]
    assert len(overfits.runs) == 1


def test_a_study_that_can_test_no_claim_counts_them_all():
    study = to_document(resolve({"scale": "smoke"}))
    claims = {arms[0].claim for arms in arms_of_claims(study, published.load())}
    assert "stride-first-helps" in claims


def test_the_last_look_may_spend_what_the_earlier_ones_left():
    there = records(3, "a", "base")
    step = next_step([[arm("a")]], [verdict("a", Effect(3, 1.0, 0.6))], there, hour)
    share = dict(zip(LOOKS, weights(LOOKS), strict=True))[step.seeds]
    effect = Effect(3, 1.0, 0.6)
    spread = spread_of(effect, pooled([effect]))
    expected = chance(
        effect, spread, step.seeds, distinguishable(spread, step.seeds, (0.0,), 0.05 * share)
    )
    assert step.chance == pytest.approx(expected)


@pytest.mark.parametrize("argv", [["study", "--hours"], ["plan", "--spread"]])
@pytest.mark.parametrize("number", ["0", "-1", "nan", "inf", "many"])
def test_what_is_no_positive_number_is_an_error(argv, number, capsys):
    with pytest.raises(SystemExit):
        command.main([*argv, number, "--config", "scale=smoke"])
    assert f"expected a number above 0, got {number}" in capsys.readouterr().err


@pytest.mark.slow
def test_a_budget_is_spent_and_goes_on(tmp_path, monkeypatch):
    """On digits: a few seconds are spent, and the next call goes on where the first stopped."""
    from tests.test_workflow import copy_project

    project = tmp_path / "project"
    project.mkdir()
    copy_project(project, smoke=False)
    monkeypatch.setattr(spend, "ROOT", project)
    options = {"scale": "smoke", "looks": [2, 3]}
    given = ["scale=smoke", "looks=[2,3]"]
    said = []

    def call(seconds):
        import time

        budget = spend.Budget(resolve(options), given, time.monotonic() + seconds, said.append)
        start = time.monotonic()
        budget.spend()
        return time.monotonic() - start

    assert call(25) < 25 + 60
    assert any("The time is spent" in line for line in said)
    before = {path: path.stat().st_mtime for path in project.glob("results/smoke/runs/*/*/*.json")}
    call(600)
    assert "Nothing more" in said[-1]
    after = set(project.glob("results/smoke/runs/*/*/summary.json"))
    assert len(after) >= 6
    assert all(path.stat().st_mtime == moment for path, moment in before.items())
    assert json.loads(next(iter(after)).read_text())["began"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_stops_snakemake_too(tmp_path, monkeypatch, number):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n[ "$2" = snakemake ] || exit 0\necho $$ > pid\nexec sleep 60\n')
    python.chmod(0o755)
    monkeypatch.setattr(spend.sys, "executable", str(python))
    monkeypatch.setattr(spend, "ROOT", tmp_path)
    budget = spend.Budget(resolve({"scale": "smoke"}), [], until=math.inf)
    pid = tmp_path / "pid"

    def send():
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    budget.until = time.monotonic() + 60
    threading.Thread(target=send).start()
    with pytest.raises(KeyboardInterrupt):
        budget._snakemake(["all"])
    assert signal.getsignal(number) == before
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_records_that_the_study_cant_use_are_trained_anew(study, monkeypatch):
    """As after a base has changed, or where another study's record lies in the folder."""
    made = resolve({"scale": "smoke"})
    monkeypatch.setattr(spend.Budget, "folder", study)
    budget = spend.Budget(made, [], until=0.0)
    for path in study.glob("runs/*/seed*/config.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"batch_size": 7}))
    (study / "runs" / "other.arm" / "seed0").mkdir(parents=True)
    (study / "runs" / "other.arm" / "seed0" / "summary.json").write_text("{}")
    assert budget._there() <= {(run, seed) for run, seed in made.runs_of(*made.ablations)}
    assert budget._verdicts() == []
    assert budget._there() == set()
    assert budget._seconds()("base.final") > 0
    # What is trained anew is no failure; what isn't, is.
    refused = sorted(budget.refused)[:2]
    again = study / "runs" / refused[0][0] / f"seed{refused[0][1]}" / "summary.json"
    monkeypatch.setattr(budget, "_snakemake", lambda targets: os.utime(again, (2e9, 2e9)))
    budget.until = math.inf
    budget._train(Step((), 1, tuple(refused), 1.0))
    assert budget.failed == {refused[1]}
    assert refused[0] in budget._there()
