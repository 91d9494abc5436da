"""Look up the data for tests of claims: effects, runs, learning curves and networks, by arm."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from report.judge.needs import far_from_end, unmet
from report.judge.pairs import Pairs, consecutive, diverged, pairs_of
from report.judge.parts import Part, PValues
from report.judge.statistics.effects import SIGNIFICANCE, Effect, effect_of
from report.judge.statistics.looks import Looks, reached
from report.read.arms import ablation_of, label_of, looks_of, member_of, name_of, pair_of
from report.read.files import RecordError
from report.read.study import may_be_recompressed
from report.read.tables import Tables
from report.wording import interval, listed, plural, seeds_named, signed


class NotRun(Exception):  # noqa: N818 - nothing went wrong
    """A run has no record in this study; the message is the name of the arm or run."""


class Untestable(Exception):  # noqa: N818 - nothing went wrong
    """The study's runs can't test a claim; the message says why, as a sentence."""


ACCURACIES = {"test_accuracy": "", "train_accuracy": "in training"}
"""The accuracies of a last epoch on which an effect may be, and what is said of them."""


@dataclass(frozen=True)
class Compared:
    """An arm's pairs, and what to say of its effect; ``on`` is a value of `ACCURACIES`."""

    arms: str
    pairs: Pairs
    name: str
    on: str = ""

    @property
    def looks(self) -> Looks[Effect]:
        """The effect at the looks that were reached."""
        return self.pairs.looks

    @property
    def brief(self) -> str:
        """The effect in points, the interval, and the number of pairs, for a table."""
        return f"{self.on} {briefly(self.pairs.effect, self.pairs.share)}".lstrip()

    def sentence(self, tested: str = "") -> str:
        """Return the effect as a sentence, with what was ``tested`` on it."""
        where = f" {self.on}" if self.on else ""
        said = f"{self.arms}{where}: {in_points(self.pairs.effect, self.pairs.share)}"
        if len(self.looks.declared) > 1 and self.looks.seen:
            said += f" at the look at {plural(self.looks.at, 'seed')}"
        return f"{said}{tested}{details(self.pairs)}."

    def deciding(self, p: list[float]) -> str:
        """Return the look whose p-value is significant, in words, if it isn't the last one.

        Parameters
        ----------
        p
            The one-sided p-value at each look that was reached; twice as much is significant.
        """
        i = self.looks.counting(p)
        if i is None or i == len(p) - 1 or 2 * self.looks.p(p) >= SIGNIFICANCE:
            return ""
        found = in_points(self.looks.seen[i], self.looks.level_at(i))
        seeds = plural(self.looks.declared[i], "seed")
        return f"; what counts is the look at {seeds}, {found}"

    def part(self, test: dict[str, Any], tested: str, p: PValues, **more: Any) -> Part:
        """Return the result of a test of the effect; ``more`` has further fields of the `Part`."""
        return Part(
            sentence=self.sentence(tested),
            arm=test["arm"],
            measured=self.brief,
            name=self.name,
            on=self.on,
            p=p,
            effect=self.looks.last if self.looks.seen else None,
            confidence=1 - self.pairs.share,
            later=self.looks.left,
            waiting=self.pairs.waiting,
            **more,
        )


@dataclass(frozen=True)
class Evidence:
    """A study's tables, for a claim that needs its runs to fulfil ``needs``.

    Arms are written as ``ablation.arm``. Methods raise `NotRun` for an arm without a finished run,
    and `Untestable` for runs that don't fulfil the needs.
    """

    tables: Tables
    needs: dict[str, Any] = field(default_factory=dict)

    def effect(self, arm: str, of: str = "test_accuracy") -> Compared:
        """Return an arm's effect relative to its reference, on a key of `ACCURACIES`."""
        study, runs = self.tables.study, self.tables.runs
        both = pair_of(study, arm)
        if both is None:
            raise NotRun(arm)
        for member, name in zip(both, (arm, str(both[1]["run"])), strict=True):
            if not (runs["run"] == member["run"]).any():
                raise NotRun(name)
        names = (str(both[0]["run"]), str(both[1]["run"]))
        pairs = pairs_of(study, runs, *names, self._looks(arm), f"final_{of}")
        name = label_of(both[0])
        # A base is named with its length, which may be another in another ablation.
        reference = name_of(study, f"{arm.partition('.')[0]}.{both[1]['name']}")
        compared = Compared(f"{name} against {reference}", pairs, name, ACCURACIES[of])
        for run in names:
            self._check(run)
            far = far_from_end(self.needs, self.tables, run, pairs.seeds)
            if far:
                raise Untestable(f"{compared.sentence()} {far}.")
        if pairs.unlike and pairs.table.empty:
            raise Untestable(compared.sentence())
        if np.isnan(pairs.differences()).any():
            raise Untestable(
                f"{compared.arms}: {of.replace('_', ' ')} isn't recorded for all runs."
            )
        return compared

    def unfit_as_planned(self, arm: str) -> str:
        """Return why an arm couldn't test the claim if it were run as planned, in words."""
        run = str((member_of(self.tables.study, arm) or {"run": arm})["run"])
        planned = run in self.tables.study["runs"]
        why = unmet(self.needs, self.tables.study, run) if planned else ""
        return f"; as planned, {why}" if why else ""

    def name(self, arm: str) -> str:
        """Return how readers know an arm."""
        return name_of(self.tables.study, arm)

    def runs(self, arm: str, exactly: bool = False) -> pd.DataFrame:
        """Return an arm's rows of ``runs.csv``, one for each seed, in the order of seeds.

        With ``exactly``, runs with more images than the claim needs don't fulfil its needs either.
        """
        member = member_of(self.tables.study, arm)
        if member is None:
            raise NotRun(arm)
        runs = self.tables.runs
        seeds = runs["seed"] < self._looks(arm)[-1]
        mine = runs[(runs["run"] == member["run"]) & seeds].sort_values("seed")
        if mine.empty:
            raise NotRun(arm)
        self._check(str(member["run"]), exactly)
        return mine

    def values(self, arm: str, column: str, published: float) -> Looks[Effect]:
        """Return by look how far a run's values are from ``published``, in percentage points."""
        mine, declared = self.runs(arm, exactly=True), self._looks(arm)
        points = (mine.set_index("seed")[column] - published) * 100
        seen = reached(declared, consecutive(points.index))
        effects = (effect_of(points[points.index < look].to_numpy(np.float64)) for look in seen)
        return Looks(declared, tuple(effects))

    def curves(self, arm: str) -> Looks[list[pd.DataFrame | None]]:
        """Return by look an arm's rows of ``epochs.csv``, a table for each seed.

        A run that diverged has None.
        """
        epochs, runs = self.tables.epochs, self.runs(arm)
        tables = {
            seed: None
            if status == "diverged"
            else epochs[(epochs["run"] == run) & (epochs["seed"] == seed)]
            for run, seed, status in zip(runs["run"], runs["seed"], runs["status"], strict=True)
        }
        declared = self._looks(arm)
        seen = reached(declared, consecutive(tables))
        return Looks(declared, tuple([tables[k] for k in range(look)] for look in seen))

    def waiting(self, arm: str) -> int:
        """Return how many more seeds of an arm the first look takes, or 0 if it was reached."""
        there, first = set(self.runs(arm)["seed"]), self._looks(arm)[0]
        return sum(seed not in there for seed in range(first))

    def diverged(self, arm: str) -> str:
        """Return an arm's seeds that diverged, in words, or an empty text."""
        mine = self.runs(arm).set_index("seed")
        return "".join(f"; {named} diverged" for named in diverged(arm, mine))

    def mixed(self, arm: str) -> str:
        """Return that an arm's seeds differ in precision or kind of device, in words, if so."""
        mine = self.runs(arm)
        kinds = {"precision": mine["precision"], "kind of device": mine["device"] == "cpu"}
        unlike = [name for name, values in kinds.items() if values.nunique() > 1]
        return f"; its seeds differ in {listed(unlike)}" if unlike else ""

    def uncounted(self, arm: str) -> str:
        """Return that more seeds were trained than claims on an arm use, in words, if they were."""
        run, most = self.runs(arm)["run"].iloc[0], self._looks(arm)[-1]
        seeds = self.tables.runs.loc[self.tables.runs["run"] == run, "seed"]
        more = int((seeds >= most).sum())
        return f"; {plural(more, 'further seed')} for another comparison" if more else ""

    def network(self, arm: str) -> pd.DataFrame:
        """Return the layers of an arm's network as declared, trained or not; the first row is all.

        The columns are those of ``networks.csv``, for the paper's images of 32x32 pixels.
        """
        networks = self.tables.networks
        mine = networks[networks["arm"] == arm]
        if mine.empty:
            raise Untestable(
                f"tables/networks.csv has no rows of {arm}. An ablation of rules of its own has no "
                "network there; of others `snakemake` with the path of that file writes it anew."
            )
        return mine

    def recompressed(self) -> str:
        """Return that the study's pixels may be recompressed, in words, or an empty text."""
        try:
            recompressed = may_be_recompressed(self.tables.data)
        except RecordError:
            return ""
        return " (on pixels that may be recompressed)" if recompressed else ""

    def _looks(self, arm: str) -> tuple[int, ...]:
        ablation = ablation_of(self.tables.study, arm)
        if ablation is None:
            raise NotRun(arm)
        return looks_of(ablation)

    def _check(self, run: str, exactly: bool = False) -> None:
        problem = unmet(self.needs, self.tables.study, run, exactly)
        if problem:
            raise Untestable(f"{problem}.")


def details(pairs: Pairs) -> str:
    """Return which runs diverged, are missing or couldn't be paired, in words."""
    said = ""
    if pairs.diverged:
        finite = in_points(pairs.finite, pairs.share)
        said += f"; {' and '.join(pairs.diverged)} diverged, without: {finite}"
    if pairs.unlike:
        said += "; not paired, since precision or kind of device differ: "
        said += seeds_named(pairs.unlike)
    if pairs.missing:
        said += f"; missing: {', '.join(pairs.missing)}"
    return said


def briefly(effect: Effect, share: float) -> str:
    """Return an effect as ``-1.8 (-4.3 to +0.7, n = 5)``."""
    low, high = effect.interval(1 - share)
    ends = "" if math.isnan(low) else f"{signed(low, 1)} to {signed(high, 1)}, "
    return f"{signed(effect.difference, 1)} ({ends}n = {effect.n})" if effect.n else "no pair"


def in_points(effect: Effect, share: float) -> str:
    """Return an effect with its interval of confidence 1 - ``share``, in words."""
    if not effect.n:
        return "no pair"
    said = f"{signed(effect.difference)} points"
    low, high = effect.interval(1 - share)
    if math.isnan(low):
        return f"{said} (n = {effect.n})"
    return f"{said} ({(1 - share) * 100:.4g}% interval {interval(low, high)}, n = {effect.n})"
