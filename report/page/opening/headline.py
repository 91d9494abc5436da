"""The best accuracy of the paper's headline network, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.read.arms import headline_runs, name_of
from report.read.published import Published
from report.read.tables import setting_of
from report.wording import count, percent, stated

NOT_AS_PUBLISHED = "The paper\u2019s own training was not run at its published length."

FRACTIONS = {2: "half", 4: "a quarter", 8: "an eighth", 16: "a sixteenth"}


@dataclass(frozen=True)
class Best:
    """The run of the headline's network with the highest accuracy by the paper's metric.

    ``n`` of ``planned`` seeds are there. ``name`` is its own if it wasn't trained as the paper's;
    ``work`` is its arithmetic for an image in units of the paper's network, ``views`` says whether
    images were scored in several views, ``as_published`` whether a run of the paper's protocol is
    as long.
    """

    accuracy: float
    n: int
    images_seen: int
    run: str = ""
    name: str = ""
    planned: int = 0
    work: float = 1.0
    views: bool = False
    as_published: bool = False


def best_run(study: dict[str, Any], runs: pd.DataFrame, published: Published) -> Best | None:
    """Return the best run of the paper's headline network, if any.

    Any run with as many parameters is one of that network; where the paper doesn't state their
    number, the runs of the headline's base are.
    """
    headline, metric = published.facts["headline"], published.facts["metric"]
    of_base = runs["run"].isin(headline_runs(study, runs["run"]))
    alike = runs["parameters"] == headline["parameters"] if "parameters" in headline else of_base
    mine = runs[alike].dropna(subset=metric)
    if mine.empty:
        return None
    means = mine.groupby("run")[metric].mean()
    run = str(means.idxmax())
    chosen = mine[mine["run"] == run]
    planned = study["runs"].get(run, {})
    config = planned.get("config") or {}
    flops = runs["flops_per_image"]
    return Best(
        accuracy=float(means.max()),
        n=len(chosen),
        images_seen=int(chosen["images_seen"].max()),
        run=run,
        name="" if bool(of_base[chosen.index[0]]) else name_of(study, run),
        planned=int(planned.get("seeds", 0)),
        work=float(flops[chosen.index[0]] / flops[of_base].min()) if of_base.any() else 1.0,
        views=any(setting_of(config, f"evaluation.{view}") for view in ("flip", "shift")),
        as_published=bool(
            (runs.loc[of_base, "images_seen"] >= 0.95 * headline["images_seen"]).any()
        ),
    )


def headline_said(best: Best | None, published: Published) -> str:
    """Return what the study has to say of the paper's headline accuracy, if it comes near it."""
    headline = published.facts["headline"]
    reported = float(headline["accuracy"])
    if best is None or best.accuracy <= reported - 0.01:
        return ""
    how = "trained by another recipe" if best.name else "trained as the paper did"
    own = "" if best.as_published else f"{NOT_AS_PUBLISHED} "
    return (
        f"{own}{_the_same(headline)}, {how}: {percent(best.accuracy, 1)} "
        f"({seeds_said(best.n, best.planned)}) against the published {stated(reported)}"
        f"{share_of_images(best, headline)}{work_said(best)}."
    )


def share_of_images(best: Best, headline: dict[str, Any]) -> str:
    """Return how many images a run has seen, as a share of the paper's, if they are fewer."""
    ratio = headline["images_seen"] / best.images_seen
    whole = round(ratio)
    said = FRACTIONS.get(whole, f"1/{whole}")
    if abs(ratio - whole) > 0.05 * ratio:
        said = percent(1 / ratio, 0)
    return f", after {said} as many images seen" if ratio > 1.05 else ""


def _the_same(headline: dict[str, Any]) -> str:
    """Return the headline's network in words, by its parameters if the paper states them."""
    if "parameters" in headline:
        return f"The same {count(headline['parameters'])} parameters"
    name = str(headline["name"])
    return f"{name[:1].upper()}{name[1:]}"


def work_said(best: Best) -> str:
    """Return how much more arithmetic an image takes than in the paper's network, if it does."""
    many = f"{best.work:.3g} times the arithmetic for an image"
    return f", with {many}" if best.work > 1.05 else ""


def seeds_said(n: int, planned: int = 0) -> str:
    """Return ``one run, n = 1``, ``n = 3``, or with more that are planned ``n = 3 of 5``."""
    # With no-break spaces.
    of = f" of {planned} planned" if planned > n else ""
    return f"{'one run, ' if n == 1 else ''}n\u00a0=\u00a0{n}{of}"
