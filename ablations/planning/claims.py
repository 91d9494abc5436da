"""Check the paper's facts and claims before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ablations.harness.declarations.document import DeclarationError, Document
from ablations.harness.study import Study
from report.claim_types.registry import claim_types
from report.read import published
from report.read.files import RecordError
from resnet.images.datasets import DATASETS
from resnet.settings import nearest


def check_paper(study: Study) -> None:
    """Raise an error if the paper's facts or claims are invalid, or name an arm that isn't there.

    The report reads both files after training; what is wrong with them is said before it.
    """
    paper = study.home.paper
    try:
        published.load(paper)
    except RecordError as error:
        path, _, problem = str(error).partition(": ")
        raise DeclarationError(Path(path), None, problem) from None
    arms = [
        f"{declaration.name}.{arm}"
        for declaration in study.declarations.values()
        for arm in ("base", *(arm.name for arm in declaration.arms))
    ]
    for document, claim, tests in _every_claim(study):
        dataset = (tests or {}).get("needs", {}).get("dataset", study.scale.dataset)
        if dataset not in DATASETS:
            there = ", ".join(DATASETS)
            problem = f"{claim}: needs: no data set {dataset!r}; there are {there}"
            raise document.error(problem, claim)
    for claim, tests in study.home.tests.items():
        for arm in _arms_in(tests or {}):
            if arm not in arms:
                near = nearest(arm, arms)
                raise study.home.claims.error(f"{claim}: no arm {arm!r}{near}", claim)


def _every_claim(study: Study) -> Iterator[tuple[Document, str, dict[str, Any]]]:
    """Yield the file, the id and the tests of each claim: the paper's, and the users' own."""
    for claim, tests in study.home.tests.items():
        yield study.home.claims, claim, tests
    for declaration in study.declarations.values():
        for own in declaration.own_claims:
            yield declaration.document, own["id"], own


def _arms_in(tests: dict[str, Any]) -> Iterator[str]:
    """Yield the arms that a claim's tests name, as ``ablation.arm``."""
    yield from tests.get("beside", [])
    if "control" in tests:
        yield tests["control"]["arm"]
    for key in {kind["tests"] for kind in claim_types().values()}:
        for test in tests.get(key, []):
            yield from (test[key] for key in ("arm", "over") if key in test)
