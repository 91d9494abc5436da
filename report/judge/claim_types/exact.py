"""Claims that are checked by arithmetic on the declarations, without training."""

from __future__ import annotations

import operator
from typing import Any

from report.judge.evidence import Evidence, Untestable
from report.judge.parts import Part, decided
from report.read.tables import Tables, pixels_of
from report.wording import count, plural

CHECKS = {"above": operator.gt, "below": operator.lt, "equals": operator.eq}


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return whether an arithmetic claim holds."""
    if "rates" in test:
        return _rates(evidence.tables, test["rates"])
    if "sizes" in test:
        return _sizes(evidence, test)
    value = _total(evidence, test["arm"], test["column"])
    said = f"{evidence.name(test['arm'])}: {count(value)} {test['column'].replace('_', ' ')}"
    if "over" in test:
        return _ratio(evidence, test, value, said)
    asked = {word: test[word] for word in CHECKS if word in test}
    holds = all(CHECKS[word](value, bound) for word, bound in asked.items())
    bounds = " and ".join(f"{word} {count(bound)}" for word, bound in asked.items())
    claimed = bounds.removeprefix("equals ")
    return decided(holds, f"{said}; claimed: {bounds}.", test["arm"], claimed, count(value))


def _ratio(evidence: Evidence, test: dict[str, Any], value: int, said: str) -> Part:
    """Compare a quantity of an arm with that of another."""
    ratio = value / _total(evidence, test["over"], test["column"])
    asked = {word: test[f"ratio_{word}"] for word in CHECKS if f"ratio_{word}" in test}
    holds = all(CHECKS[word](ratio, bound) for word, bound in asked.items())
    claimed = " and ".join(
        _times(bound) if word == "equals" else f"{word} {bound:g} times"
        for word, bound in asked.items()
    )
    other = evidence.name(test["over"])
    sentence = f"{said}, {ratio:.4g} times those of {other}."
    if ratio == 1:
        sentence = f"{said}, as many as {other}."
    return decided(holds, sentence, test["arm"], claimed, _times(ratio))


def _times(ratio: float) -> str:
    return "as many" if ratio == 1 else f"{ratio:.4g} times"


COLUMNS = {"parameters": "parameters", "flops_per_image": "flops"}
"""The column of ``networks.csv`` for each quantity that a claim can name."""


def _total(evidence: Evidence, arm: str, column: str) -> int:
    return int(evidence.network(arm)[COLUMNS[column]].iloc[0])


def _rates(tables: Tables, figure: str) -> Part:
    """Compare the learning rates that a figure prints with those of the declared schedule."""
    facts = tables.published.facts[figure]
    ours = tables.rates.set_index("epoch")["printed_learning_rate"]
    lacking = sorted(set(facts["epochs"]) - set(ours.index))
    if lacking:
        raise Untestable(
            f"tables/rates.csv lacks epoch {lacking[0]}, which {figure} prints; `snakemake` with "
            "the path of that file writes it anew."
        )
    printed = zip(facts["epochs"], facts["learning_rate_printed"], strict=True)
    equal = [ours[epoch] == rate for epoch, rate in printed]
    return decided(
        all(equal),
        f"{sum(equal)} of {len(equal)} rates equal what get_lr() prints, to the last digit.",
        figure,
        plural(len(equal), "rate"),
        f"{sum(equal)} equal",
    )


def _sizes(evidence: Evidence, test: dict[str, Any]) -> Part:
    """Compare the output sizes that a figure prints with those of the declared network."""
    named = evidence.network(test["arm"]).drop_duplicates("name").set_index("name")
    rows = evidence.tables.published.facts[test["sizes"]]["rows"]
    wrong = [
        row["layer"]
        for row in rows
        if str(row["output"]) != pixels_of(named, test["modules"][row["layer"]])
    ]
    said = f"{len(wrong)} of {len(rows)} printed output sizes differ from the model's"
    sentence = f"{said}: {', '.join(wrong)}." if wrong else f"{said}."
    equal = f"{len(rows) - len(wrong)} equal"
    return decided(not wrong, sentence, test["arm"], plural(len(rows), "size"), equal)
