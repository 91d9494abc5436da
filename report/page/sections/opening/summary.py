"""The study in one page: scope, method, results, what was easy and difficult, what isn't said."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.judge.parts import DECIDED, UNDECIDED, UNTESTABLE
from report.judge.verdicts import Verdict
from report.page.sections.opening.verdicts import counted_sentence
from report.page.sections.record.limits import detectable, essential
from report.read.published import Published
from report.wording import count, duration, listed, number_of_seeds, plural, points

TITLE = "In one page"


def content(
    study: dict[str, Any],
    runs: pd.DataFrame,
    comparisons: pd.DataFrame,
    spreads: pd.DataFrame,
    gaps: pd.DataFrame,
    data: dict[str, Any],
    published: Published,
    verdicts: list[Verdict],
) -> dict[str, Any]:
    """Return the headings with their paragraphs."""
    limits = essential(study, runs, data, published)
    return {
        "items": [
            ("Scope", scope(study, data)),
            ("Method", method(study, runs, gaps)),
            ("Results", results(verdicts)),
            *([("What was easy", easy(verdicts))] if any(not v.trained for v in verdicts) else []),
            ("What was difficult", difficult(runs, comparisons, spreads, verdicts)),
            *([("Limits", " ".join(limits))] if limits else []),
            ("Words", WORDS),
            *_not_said(published),
        ]
    }


WORDS = (
    "A base is what arms start from; an arm changes it in what is asked about. A run is an arm, or "
    "a base, with one seed. An effect is the difference in accuracy between an arm and its base "
    "(on a ladder, the arm above it), in percentage points. Undecided (about N more seeds): so "
    "many would decide with 80% power, if effect and spread are as measured; how many will be "
    "trained has to be declared beforehand. Post hoc: a run of a decided claim began, or may have "
    "begun, before the claim's test was written."
)
"""What the words mean that verdicts are stated in."""


def _not_said(published: Published) -> list[tuple[str, str]]:
    said = published.facts.get("not_said")
    return [("What the paper doesn't say", " ".join(said))] if said else []


def scope(study: dict[str, Any], data: dict[str, Any]) -> str:
    """Return what was run, on which images."""
    titles = [str(ablation["title"]) for ablation in study["ablations"].values()]
    named = f": {listed(titles)}" if len(titles) <= 3 else ""
    about = study["scale"]["about"]
    return (
        f"{plural(len(titles), 'declared ablation')}{named}, experiments of the paper or about it. "
        f"Images: {data['dataset']} ({data['pixels']}). {about[:1].upper()}{about[1:]}."
    )


def method(study: dict[str, Any], runs: pd.DataFrame, gaps: pd.DataFrame) -> str:
    """Return how the runs were made and compared."""
    counts = runs.groupby("run")["seed"].nunique()
    devices = listed(runs["device"].drop_duplicates())
    how = f"trained in {duration(float(runs['seconds'].sum()))} on {devices}"
    if runs["imported"].notna().all():
        how = f"trained by others and read from {listed(runs['imported'].drop_duplicates())}"
    planned = f" of {len(runs) + len(gaps)} planned" if len(gaps) else ""
    return (
        f"{plural(len(runs), 'run')}{planned}, in {plural(len(counts), 'configuration')}, "
        f"{number_of_seeds(counts)} each, {how}. An arm changes its base in what "
        "is asked about; arms are compared with the same seeds, by the last epoch's accuracy on "
        "all test images."
    )


def results(verdicts: list[Verdict]) -> str:
    """Return the counts of verdicts, and the claims of training that were decided."""
    decided = [v for v in verdicts if v.verdict in DECIDED and v.trained]
    said = "; ".join(f"{v.says}: {v.short_label}" for v in decided)
    return f"{counted_sentence(verdicts)} {said}{'.' if said else ''}".strip()


def easy(verdicts: list[Verdict]) -> str:
    """Return what arithmetic from the declarations decides."""
    exact = [v for v in verdicts if not v.trained]
    held = sum(v.holds for v in exact)
    wrong = [v.says for v in exact if not v.holds]
    but = f" All but this one: {wrong[0]}." if len(wrong) == 1 else ""
    return (
        "Parameter counts, sizes and learning rates follow from the declarations, without "
        f"training: {held} of {plural(len(exact), 'such claim')} hold.{but}"
    )


def difficult(
    runs: pd.DataFrame, comparisons: pd.DataFrame, spreads: pd.DataFrame, verdicts: list[Verdict]
) -> str:
    """Return what keeps claims from being decided."""
    undecided = sum(v.verdict == UNDECIDED for v in verdicts)
    spread = spreads["seeds_points"].dropna()
    said = []
    if len(spread):
        said.append(
            f"Runs that differ only in the seed have a standard deviation of "
            f"{points(float(spread.median()))} points (median over "
            f"{plural(len(spread), 'configuration')} of several seeds)."
        )
    smallest = detectable(comparisons)
    if smallest is not None:
        said.append(
            f"Half of the comparisons would find an effect of {points(smallest)} points with 80% "
            "power at the level that decides, the others only larger ones."
        )
    if undecided:
        said.append(f"{plural(undecided, 'claim')} stayed undecided.")
    untestable = sum(v.verdict == UNTESTABLE for v in verdicts)
    if untestable:
        need = plural(untestable, "claim needs", "claims need")
        said.append(
            f"{need} other runs; the reason stands with {'it' if untestable == 1 else 'each'}."
        )
    diverged = int((runs["status"] == "diverged").sum())
    if diverged:
        said.append(f"{plural(diverged, 'run')} of {count(len(runs))} diverged.")
    return " ".join(said) or "Nothing that the records tell."
