"""The tiles under the answer: a number of the paper beside the measured one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.judge.parts import DECIDED, EXCEEDS, NOT_RUN, REFUTED, SAME, SUPPORTED
from report.judge.verdicts import Verdict
from report.page.findings import effect_in_points
from report.page.opening.headline import Best, seeds_said, share_of_images
from report.read.published import METRICS, Published
from report.wording import DASH, count, percent, plural, signed, stated


@dataclass(frozen=True)
class Tile:
    """A number of the paper beside the measured one; ``lines`` say what it is, ``link`` whence."""

    about: str
    measured: str
    lines: tuple[str, ...]
    link: str = ""


def accuracy_tile(best: Best, published: Published, link: str | None = None) -> Tile:
    """Return the tile of the best accuracy of the headline's network."""
    headline = published.facts["headline"]
    reported = float(headline["accuracy"])
    views = ", scored in several views of an image" if best.views else ""
    # The name of a base at another length states it.
    share = "" if " images" in best.name else share_of_images(best, headline)
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
            f"published {stated(reported)}, "
            f"difference {signed((best.accuracy - reported) * 100, 1)} points, "
            f"{seeds_said(best.n, best.planned)}",
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
    single = largest["tried"] - largest["effects"]
    further = (f"not counted: {plural(single, 'change')} tried with one seed",) if single else ()
    return Tile(
        "Effects that can be told from chance",
        f"{largest['clear']} of {largest['effects']}",
        (f"{which}: {largest['label']}, {effect_in_points(largest)}", *further),
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


def claims_tile(verdicts: list[Verdict]) -> Tile | None:
    """Return the tile of the claims, if the paper makes any."""
    if not verdicts:
        return None
    found = Counter(v.verdict for v in verdicts)
    hold, exceeded, missing = found[SUPPORTED], found[EXCEEDS], found[NOT_RUN]
    fail = found[REFUTED] + found[SAME]
    others = len(verdicts) - hold - exceeded - fail - missing
    decided = [v for v in verdicts if v.verdict in DECIDED]
    trained = sum(v.trained for v in decided)
    lines = [
        f"{missing} not run" if missing else "all run",
        f"{others} open or without a verdict" if others else "",
        f"{exceeded} exceeded" if exceeded else "",
    ]
    late = sum(bool(v.post_hoc) for v in decided)
    how = f"{len(decided) - trained} decided by arithmetic, {trained} by training"
    how += f" ({late} post hoc)" if late else ""
    return Tile(
        f"The paper's {plural(len(verdicts), 'claim')}",
        f"{hold} {'holds' if hold == 1 else 'hold'}, {fail} {'does' if fail == 1 else 'do'} not",
        (", ".join(filter(None, lines)), how),
    )
