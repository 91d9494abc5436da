"""The study's own answer: a sentence, three tiles, and a figure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.judge.parts import DECIDED, EXCEEDS, NOT_RUN, REFUTED, SAME, SUPPORTED
from report.judge.verdicts import Verdict
from report.page.findings import in_points
from report.page.picture import Picture
from report.page.records import Records
from report.read.arms import headline_runs, label_of, name_of
from report.read.published import METRICS, Published
from report.read.tables import setting_of
from report.wording import DASH, count, percent, plural, signed

TITLE = "The answer"

NOT_AS_PUBLISHED = "The paper\u2019s own training was not run at its published length."

FRACTIONS = {2: "half", 4: "a quarter", 8: "an eighth", 16: "a sixteenth"}


@dataclass(frozen=True)
class Tile:
    """A number of the paper beside the measured one; ``lines`` say what it is, ``link`` whence."""

    about: str
    measured: str
    lines: tuple[str, ...]
    link: str = ""


def content(
    study: dict[str, Any],
    runs: pd.DataFrame,
    comparisons: pd.DataFrame,
    published: Published,
    verdicts: list[Verdict],
    records: Records,
    opening: list[Picture],
) -> dict[str, Any]:
    """Return sentence, tiles and figure, and a warning if the images aren't the paper's."""
    real = study["scale"]["dataset"] == published.facts["dataset"]
    best = best_run(study, runs, published) if real else None
    largest = largest_effect(study, comparisons)
    only = next(iter(study["ablations"].values())) if len(study["ablations"]) == 1 else None
    tiles = [
        accuracy_tile(best, published, records.of(best.run)) if best else effect_tile(largest),
        parameters_tile(runs, published),
        claims_tile(verdicts),
    ]
    return {
        "sentence": headline_said(best, published)
        or (ladder_said(only, runs, largest) if only else "")
        or effect_said(largest)
        or tested_said(verdicts),
        "tiles": [tile for tile in tiles if tile],
        # A study of one ablation says what the paper claims of it.
        "claims": [v for v in verdicts if only and v.id in only["claims"]],
        "figures": opening,
        "warning": "" if real else _warning(study),
    }


def _warning(study: dict[str, Any]) -> str:
    scale = study["scale"]
    return (
        f"Scale {scale['name']} trains on {scale['about']}. Accuracies and effects on this page "
        "say nothing about the paper; parameter counts and layer sizes are the paper's at every "
        "scale."
    )


@dataclass(frozen=True)
class Best:
    """The run of the headline's network with the highest accuracy by the paper's metric.

    ``name`` is its own if it wasn't trained as the paper's; ``views`` says whether images were
    scored in several views, ``as_published`` whether a run of the paper's protocol is as long.
    """

    accuracy: float
    n: int
    images_seen: int
    run: str = ""
    name: str = ""
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
    config = study["runs"].get(run, {}).get("config") or {}
    return Best(
        accuracy=float(means.max()),
        n=len(chosen),
        images_seen=int(chosen["images_seen"].max()),
        run=run,
        name="" if bool(of_base[chosen.index[0]]) else name_of(study, run),
        views=any(setting_of(config, f"evaluation.{view}") for view in ("flip", "shift")),
        as_published=bool(
            (runs.loc[of_base, "images_seen"] >= 0.95 * headline["images_seen"]).any()
        ),
    )


def largest_effect(study: dict[str, Any], comparisons: pd.DataFrame) -> dict[str, Any] | None:
    """Return the row of the largest effect of several seeds, with its arm's label, if any.

    Effects whose interval leaves out zero come first; ``clear`` is how many these are, ``effects``
    how many there are in all.
    """
    every = comparisons.dropna(subset="difference_points")
    found = every[every["n"] > 1]
    if found.empty:
        return None
    clear = found[(found["low_points"] > 0) | (found["high_points"] < 0)]
    among = found if clear.empty else clear
    row: dict[str, Any] = dict(among.loc[among["difference_points"].abs().idxmax()])
    name = name_of(study, f"{row['ablation']}.{row['arm']}")
    return row | {"label": name, "effects": len(every), "clear": len(clear)}


def headline_said(best: Best | None, published: Published) -> str:
    """Return what the study has to say of the paper's headline accuracy, if it comes near it."""
    headline = published.facts["headline"]
    reported = float(headline["accuracy"])
    if best is None or best.accuracy <= reported - 0.01:
        return ""
    how = "trained by another recipe" if best.name else "trained as the paper did"
    own = "" if best.as_published else f"{NOT_AS_PUBLISHED} "
    return (
        f"{own}{_the_same(headline)}, {how}: {percent(best.accuracy, 1)} ({seeds_said(best.n)}) "
        f"against the published {percent(reported, 0)}{_share_of_images(best, headline)}."
    )


def _share_of_images(best: Best, headline: dict[str, Any]) -> str:
    """Return how many images a run has seen, as a share of the paper's, if they are fewer."""
    ratio = headline["images_seen"] / best.images_seen
    whole = round(ratio)
    said = FRACTIONS.get(whole, f"1/{whole}")
    if abs(ratio - whole) > 0.05 * ratio:
        said = percent(1 / ratio, 0)
    return f", after {said} as many images seen" if ratio > 1.05 else ""


def ladder_said(
    ablation: dict[str, Any], runs: pd.DataFrame, largest: dict[str, Any] | None
) -> str:
    """Return from what to what the finished rungs of a ladder lead, if there are two."""
    accuracies = runs.dropna(subset="final_test_accuracy").groupby("run")["final_test_accuracy"]
    means, counts = accuracies.mean(), accuracies.count()
    rungs = [arm["run"] for arm in ablation["arms"] if arm["run"] in means.index]
    if ablation["design"] != "ladder" or len(rungs) < 2:
        return ""
    change = (means[rungs[-1]] - means[rungs[0]]) * 100
    labels = {arm["run"]: label_of(arm) for arm in ablation["arms"]}
    first, last = (
        f"{percent(means[run], 1)} ({labels[run]}, {seeds_said(counts[run])})"
        for run in rungs[:: len(rungs) - 1]
    )
    step = (
        f"; the largest step that can be told from chance: {largest['label']}, {in_points(largest)}"
        if largest and largest["clear"]
        else ""
    )
    missing = len(ablation["arms"]) - len(rungs)
    gaps = f". {missing} of {len(ablation['arms'])} rungs have no accuracy" if missing else ""
    return (
        f"{ablation['title']}: test accuracy from {first} to {last}, {signed(change, 1)} points"
        f"{step}{gaps}."
    )


def effect_said(largest: dict[str, Any] | None) -> str:
    """Return the largest effect in words, if there is one of several seeds."""
    if largest is None:
        return ""
    said = f"{largest['label']}, {in_points(largest, ' of test accuracy')}"
    if largest["effects"] == 1:
        chance = "" if largest["clear"] else ", which can't be told from chance with these seeds"
        return f"{said[:1].upper()}{said[1:]}{chance}."
    tried = f"Of {plural(largest['effects'], 'change')} that were tried"
    if largest["clear"]:
        return f"{tried}, one matters most: {said}."
    return f"{tried}, none can be told from chance with these seeds; the largest: {said}."


def tested_said(verdicts: list[Verdict]) -> str:
    """Return how many of the paper's claims were tested."""
    tested = [v for v in verdicts if v.verdict != NOT_RUN]
    return f"{len(tested)} of the paper's {len(verdicts)} claims were tested."


def _the_same(headline: dict[str, Any]) -> str:
    """Return the headline's network in words, by its parameters if the paper states them."""
    if "parameters" in headline:
        return f"The same {count(headline['parameters'])} parameters"
    name = str(headline["name"])
    return f"{name[:1].upper()}{name[1:]}"


def seeds_said(n: int) -> str:
    """Return ``one run, n = 1`` or ``n = 3``."""
    # With no-break spaces.
    return "one run, n\u00a0=\u00a01" if n == 1 else f"n\u00a0=\u00a0{n}"


def accuracy_tile(best: Best, published: Published, link: str | None = None) -> Tile:
    """Return the tile of the best accuracy of the headline's network."""
    headline = published.facts["headline"]
    reported = float(headline["accuracy"])
    views = ", scored in several views of an image" if best.views else ""
    # The name of a base at another length states it.
    share = "" if best.name.endswith("images seen") else _share_of_images(best, headline)
    # A run of the same size isn't the paper's network in everything.
    which = (
        f"with {count(headline['parameters'])} parameters"
        if best.name
        else f"of {headline['name']}"
    )
    return Tile(
        f"Best accuracy {which}",
        percent(best.accuracy, 1),
        (
            f"published {percent(reported, 0)}, "
            f"difference {signed((best.accuracy - reported) * 100, 1)} points, "
            f"{seeds_said(best.n)}",
            f"{best.name or 'its own protocol'}{share}{views}; "
            f"{METRICS[published.facts['metric']]}",
        ),
        link or "",
    )


def effect_tile(largest: dict[str, Any] | None) -> Tile | None:
    """Return the tile of the effects, if there is one of several seeds."""
    if largest is None:
        return None
    which = "the largest of these" if largest["clear"] else "the largest of all"
    return Tile(
        "Effects that can be told from chance",
        f"{largest['clear']} of {largest['effects']}",
        (f"{which}: {largest['label']}, {in_points(largest)}",),
    )


def parameters_tile(runs: pd.DataFrame, published: Published) -> Tile | None:
    """Return the tile of the headline network's number of parameters, if the paper states it."""
    headline = published.facts["headline"]
    if "parameters" not in headline:
        return None
    expected = int(headline["parameters"])
    there = bool((runs["parameters"] == expected).any())
    return Tile(
        f"Parameters of {headline['name']}",
        count(expected) if there else DASH,
        (
            f"published {count(expected)}{', difference 0' if there else ''}",
            "counted in the network that was trained" if there else "not run in this study",
        ),
    )


def claims_tile(verdicts: list[Verdict]) -> Tile:
    """Return the tile of the claims."""
    found = Counter(v.verdict for v in verdicts)
    hold, exceeded, missing = found[SUPPORTED], found[EXCEEDS], found[NOT_RUN]
    fail = found[REFUTED] + found[SAME]
    others = len(verdicts) - hold - exceeded - fail - missing
    told = [v for v in verdicts if v.verdict in DECIDED]
    trained = sum(v.type != "exact" for v in told)
    lines = [
        f"{missing} not run" if missing else "all run",
        f"{others} open or without a verdict" if others else "",
        f"{exceeded} exceeded" if exceeded else "",
    ]
    late = sum(bool(v.post_hoc) for v in told)
    how = f"{len(told) - trained} decided by arithmetic, {trained} by training"
    how += f" ({late} post hoc)" if late else ""
    return Tile(
        f"The paper's {plural(len(verdicts), 'claim')}",
        f"{hold} {'holds' if hold == 1 else 'hold'}, {fail} {'does' if fail == 1 else 'do'} not",
        (", ".join(filter(None, lines)), how),
    )
