"""Judge every claim by the rule of its type, and collect the numbers behind each verdict."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pandas as pd

from report.judge.evidence import Evidence, NotRun, adjusted_p
from report.judge.trends import RULES
from report.judge.verdicts import NOT_RUN, UNTESTABLE, Part, Verdict, combine, held
from report.read.claim_types import key_of_tests
from report.read.tables import Tables


def judge(tables: Tables) -> list[Verdict]:
    """Return a verdict for every claim of the paper, in the paper's order."""
    return _Judge(tables, tables.published.facts["claims"], tables.published.tests).verdicts()


def judge_own(tables: Tables) -> list[Verdict]:
    """Return a verdict for every user claim in the ablations' files, as a separate Holm family."""
    ablations = tables.study["ablations"].values()
    claims = [claim for ablation in ablations for claim in ablation["own_claims"]]
    return _Judge(tables, claims, {claim["id"]: claim for claim in claims}).verdicts()


def _judge_of(kind: str) -> Callable[[Evidence, dict[str, Any], dict[str, Any]], Part]:
    """Return the function that judges one test of a claim of type ``kind``."""
    module = importlib.import_module(f"report.judge.claim_types.{kind}")
    found: Callable[[Evidence, dict[str, Any], dict[str, Any]], Part] = module.judge
    return found


class _Judge:
    """Judges one family of claims."""

    def __init__(
        self, tables: Tables, claims: list[dict[str, Any]], tests: dict[str, dict[str, Any]]
    ) -> None:
        self.tables, self.claims, self.tests = tables, claims, tests
        self.scale = tables.study["scale"]
        self.evidence = Evidence(tables, adjusted_p(tables, claims, tests))

    def verdicts(self) -> list[Verdict]:
        return [self._verdict(claim) for claim in self.claims]

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
            # An accuracy with other images or another length can't be compared with the paper's.
            here=tuple(parts) if missing and "values" not in test else (),
            combined=how,
        )

    def _parts(self, claim: dict[str, Any], test: dict[str, Any]) -> list[Part]:
        judge_part = _judge_of(claim["type"])
        parts = []
        for part in test[key_of_tests(claim["type"])]:
            try:
                parts.append(judge_part(self.evidence, claim, part))
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

    def _log(self, log: dict[str, Any]) -> Part:
        logs = self.tables.published.logs
        other = logs[logs["run"] == log["other"]] if "other" in log else None
        holds, said = RULES[log["rule"]](logs[logs["run"] == log["run"]], log, other)
        return Part(held(bool(holds)), f"Published log {log['run']}: {said}.", log["run"])


# --- the table ------------------------------------------------------------------------------


def to_table(verdicts: list[Verdict]) -> pd.DataFrame:
    """Return the table ``claims.csv``: a row for each claim, with its sentences."""
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
