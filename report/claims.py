"""A verdict for every claim of the paper, by the rule of its type, with the numbers behind it.

``python -m report.claims results/<scale>`` prints the table, and ends with an error if a claim
under ``must_hold`` doesn't hold.
"""

from __future__ import annotations

import argparse
import math
import operator
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from report.curves import RULES
from report.published import KINDS
from report.reading import RecordError
from report.statistics import Effect, holm, more_seeds, seeds_to_clear
from report.tables import Tables, read_tables, sizes_of_figure4
from report.verdicts import (
    NOT_RUN,
    REFUTED,
    SHOWN,
    SUPPORTED,
    UNDECIDED,
    UNTESTABLE,
    Part,
    Verdict,
    combine,
    direction,
    held,
    region,
    size,
)
from report.wording import count, interval, percent, signed
from report.writing import write_csv


class NotRun(Exception):  # noqa: N818 - nothing went wrong
    """An arm that this study doesn't train, by name."""


def judge(tables: Tables) -> list[Verdict]:
    """Return a verdict for every claim of the paper, in its order."""
    return _Judge(tables, tables.published.facts["claims"], tables.published.tests).verdicts()


def judge_own(tables: Tables) -> list[Verdict]:
    """Return a verdict for every claim in the ablations' own files: another Holm family."""
    ablations = tables.study["ablations"].values()
    claims = [claim for ablation in ablations for claim in ablation["own_claims"]]
    return _Judge(tables, claims, {claim["id"]: claim for claim in claims}).verdicts()


class _Judge:
    """One family of claims, and how each is tested."""

    def __init__(
        self, tables: Tables, claims: list[dict[str, Any]], tests: dict[str, dict[str, Any]]
    ) -> None:
        self.tables, self.claims, self.tests = tables, claims, tests
        self.scale = tables.study["scale"]
        self.adjusted = self._family()

    def verdicts(self) -> list[Verdict]:
        return [self._verdict(claim) for claim in self.claims]

    # The Holm family: every effect that one of its direction claims rests on, each once.
    def _family(self) -> dict[str, float]:
        directions = [claim["id"] for claim in self.claims if claim["type"] == "direction"]
        arms = dict.fromkeys(p["arm"] for i in directions for p in self.tests[i]["effects"])
        rows = {arm: row for arm in arms if (row := self._row(arm)) is not None}
        adjusted = holm(np.array([row["p"] for row in rows.values()], dtype=np.float64))
        return dict(zip(rows, adjusted.tolist(), strict=True))

    def _row(self, arm: str) -> dict[str, Any] | None:
        ablation, _, name = arm.partition(".")
        table = self.tables.comparisons
        found = table[(table["ablation"] == ablation) & (table["arm"] == name)]
        return None if found.empty else dict(found.iloc[0])

    def _verdict(self, claim: dict[str, Any]) -> Verdict:
        test = self.tests[claim["id"]]
        parts, how = self._parts(claim, test), test.get("combine", "all")
        missing = self._untestable(test)
        return Verdict(
            id=claim["id"],
            type=claim["type"],
            where=claim["where"],
            quote=claim["quote"],
            verdict=UNTESTABLE if missing else combine([part.verdict for part in parts], how),
            parts=(Part(UNTESTABLE, missing),) if missing else tuple(parts),
            logs=tuple(self._log(log) for log in test.get("logs", [])),
            # An accuracy from other images or another length is not the published one.
            here=tuple(parts) if missing and "values" not in test else (),
            combined=how,
        )

    def _parts(self, claim: dict[str, Any], test: dict[str, Any]) -> list[Part]:
        judges: dict[str, Callable[[dict[str, Any], dict[str, Any]], Part]] = {
            "direction": self._direction,
            "size": self._size,
            "choice": self._choice,
            "value": self._value,
            "exact": self._exact,
            "trend": self._trend,
        }
        parts = []
        for part in test[KINDS[claim["type"]]]:
            try:
                parts.append(judges[claim["type"]](claim, part))
            except NotRun as missing_arm:
                parts.append(Part(NOT_RUN, f"{missing_arm} was not run in this study."))
        return parts

    def _untestable(self, test: dict[str, Any]) -> str:
        needs = test.get("needs")
        if needs and self.scale["dataset"] != "cifar10":
            return f"This study trains on {self.scale['dataset']}, not on CIFAR-10."
        if needs == "paper" and self.scale["name"] != "paper":
            return f"It takes scale paper: {test['why']}."
        return ""

    # --- by type ----------------------------------------------------------------------------

    def _effect(self, arm: str) -> tuple[Effect, str]:
        row = self._row(arm)
        if row is None or row["n"] < 1:
            raise NotRun(arm)
        effect = Effect(
            n=int(row["n"]),
            difference=row["difference_points"],
            low=row["low_points"],
            high=row["high_points"],
            p=row["p"],
            deviation=row["deviation_points"],
            equivalence_p=row["equivalence_p"],
        )
        said = f"{arm} against {row['reference']}: {signed(effect.difference)} points"
        if not math.isnan(effect.low):
            said += f" (95% interval {interval(effect.low, effect.high)}"
        return effect, said + (f", n = {effect.n})" if "(" in said else f" (n = {effect.n})")

    def _direction(self, claim: dict[str, Any], part: dict[str, Any]) -> Part:
        effect, said = self._effect(part["arm"])
        p = self.adjusted[part["arm"]]
        verdict = direction(effect, p, part["sign"])
        sentence = f"{said}"
        if not math.isnan(p):
            sentence += f", Holm-adjusted p = {p:.3f}, equivalence p = {effect.equivalence_p:.3f}"
        needed = more_seeds(effect) if verdict == UNDECIDED else 0
        return Part(verdict, f"{sentence}.", part["arm"], needed)

    def _size(self, claim: dict[str, Any], part: dict[str, Any]) -> Part:
        effect, said = self._effect(part["arm"])
        low, high = region(part)
        bound = f"claimed is {signed(low, 0)} to {signed(high, 0)}" if low > -math.inf else ""
        bound = bound or f"claimed is below {signed(high, 0)}"
        verdict = size(effect, low, high)
        needed = seeds_to_clear(effect, (low, high)) if verdict == UNDECIDED else 0
        return Part(verdict, f"{said}; {bound} points.", part["arm"], needed)

    def _choice(self, claim: dict[str, Any], part: dict[str, Any]) -> Part:
        return Part(SHOWN, f"{self._effect(part['arm'])[1]}.", part["arm"])

    def _runs(self, arm: str) -> pd.DataFrame:
        ablation, _, name = arm.partition(".")
        known = self.tables.study["ablations"].get(ablation, {"arms": []})
        for member in known["arms"]:
            runs = self.tables.runs
            mine = runs[(runs["run"] == member["run"]) & (runs["seed"] < known.get("seeds", 0))]
            if member["name"] == name and len(mine):
                return mine
        raise NotRun(arm)

    def _value(self, claim: dict[str, Any], part: dict[str, Any]) -> Part:
        values = self._runs(part["arm"])["best_notebook_test_accuracy"]
        off = abs(values.mean() - claim["published"])
        sentence = (
            f"{part['arm']}: {percent(values.mean())} (n = {len(values)}) by the paper's metric, "
            f"published {percent(claim['published'])} with a tolerance of "
            f"{claim['tolerance'] * 100:g} points."
        )
        return Part(SUPPORTED if off <= claim["tolerance"] else REFUTED, sentence, part["arm"])

    def _exact(self, claim: dict[str, Any], part: dict[str, Any]) -> Part:
        if "rates" in part:
            return self._rates()
        if "sizes" in part:
            return self._sizes(part["arm"])
        value = int(self._runs(part["arm"])[part["column"]].iloc[0])
        said = f"{part['arm']}: {count(value)} {part['column']}"
        if "over" in part:
            other = int(self._runs(part["over"])[part["column"]].iloc[0])
            ratio = value / other
            holds = ratio > part["ratio_above"]
            said += f", {ratio:.2f} times those of {part['over']}."
            return Part(held(holds), said, part["arm"])
        checks = {"above": operator.gt, "below": operator.lt, "equals": operator.eq}
        asked = {word: part[word] for word in checks if word in part}
        holds = all(checks[word](value, bound) for word, bound in asked.items())
        bounds = " and ".join(f"{word} {count(bound)}" for word, bound in asked.items())
        return Part(held(holds), f"{said}; claimed: {bounds}.", part["arm"])

    def _rates(self) -> Part:
        figure = self.tables.published.facts["figure2"]
        ours = self.tables.rates.set_index("epoch")["printed_learning_rate"]
        equal = [
            ours[epoch] == printed
            for epoch, printed in zip(
                figure["epochs"], figure["learning_rate_printed"], strict=True
            )
        ]
        return Part(
            held(all(equal)),
            f"{sum(equal)} of {len(equal)} rates equal what get_lr() prints, to the last digit.",
            "Figure 2",
        )

    def _sizes(self, arm: str) -> Part:
        run = str(self._runs(arm)["run"].iloc[0])
        pairs = sizes_of_figure4(self.tables, run)
        wrong = [layer for layer, printed, real in pairs if printed != real]
        said = f"{len(wrong)} of {len(pairs)} printed output sizes differ from the model's"
        return Part(held(not wrong), f"{said}: {', '.join(wrong)}." if wrong else f"{said}.", arm)

    def _trend(self, claim: dict[str, Any], part: dict[str, Any]) -> Part:
        runs = self._runs(part["arm"])
        epochs = self.tables.epochs
        results = [
            RULES[part["rule"]](epochs[(epochs["run"] == run) & (epochs["seed"] == seed)], part)
            for run, seed in zip(runs["run"], runs["seed"], strict=True)
        ]
        short = next((said for holds, said in results if holds is None), None)
        if short:
            return Part(NOT_RUN, f"{part['arm']}: {short}.", part["arm"])
        held = sum(bool(holds) for holds, _ in results)
        verdict = SUPPORTED if held == len(results) else REFUTED if not held else UNDECIDED
        sentence = f"{part['arm']}: {results[0][1]} (seed 0); holds in {held} of {len(results)}."
        return Part(verdict, sentence, part["arm"])

    def _log(self, log: dict[str, Any]) -> Part:
        logs = self.tables.published.logs
        other = logs[logs["run"] == log["other"]] if "other" in log else None
        holds, said = RULES[log["rule"]](logs[logs["run"] == log["run"]], log, other)
        return Part(held(bool(holds)), f"Published log {log['run']}: {said}.", log["run"])


# --- the table ------------------------------------------------------------------------------


def to_table(verdicts: list[Verdict]) -> pd.DataFrame:
    """Return ``claims.csv``: a row a claim, with its sentences."""
    return pd.DataFrame(
        [
            {
                "claim": v.id,
                "type": v.type,
                "where": v.where,
                "verdict": v.verdict,
                "label": v.label,
                "evidence": " ".join(part.sentence for part in v.parts),
                "label_here": v.label_here,
                "evidence_here": " ".join(part.sentence for part in v.here),
                "published_logs": " ".join(f"{p.sentence} {p.verdict}" for p in v.logs),
            }
            for v in verdicts
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Judge every claim, write ``tables/claims.csv`` and print it."""
    parser = argparse.ArgumentParser(prog="python -m report.claims", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument(
        "--write-only", action="store_true", help="print nothing and hold nobody to anything"
    )
    args = parser.parse_args(argv)
    try:
        tables = read_tables(args.folder)
        verdicts = [*judge(tables), *judge_own(tables)]
        write_csv(to_table(verdicts), args.folder / "tables" / "claims.csv")
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if args.write_only:
        return 0
    width = max(len(v.id) for v in verdicts)
    for v in verdicts:
        print(f"{v.id:{width}}  {v.label}")
        for part in (*v.parts, *v.here, *v.logs):
            print(f"{'':{width}}    {part.sentence}")
        if v.label_here:
            print(f"{'':{width}}    by themselves these runs would say: {v.label_here}")
    broken = [v for v in verdicts if v.id in tables.study["must_hold"] and not v.holds]
    for v in broken:
        print(f"error: {v.id} must hold, and is {v.label}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
