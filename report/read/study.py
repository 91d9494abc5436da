"""Read ``study.json``, which says what a study plans, and find where its data is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from report.claim_types.forms import problem_of
from report.read.arms import looks_of
from report.read.files import RecordError, read_json
from report.wording import listed


def read_study(folder: Path) -> dict[str, Any]:
    """Return the content of ``study.json``, after checking that all arms have a run.

    Raises
    ------
    RecordError
        If the file is missing or invalid.
    """
    path = folder / "study.json"
    if not path.is_file():
        raise RecordError(f"{folder}: no study.json: expected a study's folder{_those(folder)}")
    study = read_json(path, "study")
    for name, ablation in study["ablations"].items():
        unknown = [arm["run"] for arm in ablation["arms"] if arm["run"] not in study["runs"]]
        if unknown:
            raise RecordError(f"{path}: ablation {name} has arms whose runs are not in the study")
        if ablation["arms"][0]["name"] != "base":
            raise RecordError(f"{path}: ablation {name}: the first arm must be base")
        looks = list(looks_of(ablation))
        if looks != sorted(set(looks)):
            raise RecordError(f"{path}: ablation {name}: looks must ascend, got {looks}")
    for claim in study["own_claims"]:
        problem = problem_of(claim, claim)
        if problem:
            raise RecordError(f"{path}: {claim['id']}: {problem}")
    return study


def _those(folder: Path) -> str:
    """Return the studies beside a folder in words, or an empty text."""
    found = sorted(path.parent.name for path in folder.parent.glob("*/study.json"))
    return f"; those in {folder.parent} are {listed(found)}" if found else ""


def may_be_recompressed(data: dict[str, Any]) -> bool:
    """Return whether a ``data.json`` says that the pixels may have been compressed with loss."""
    return "recompressed" in data["pixels"]


def data_folder(folder: Path, study: dict[str, Any]) -> Path:
    """Return where the data of a study is: ``results/data/<dataset>``.

    A study that is kept without its images has their ``data.json`` beside ``study.json``. It takes
    images from ``results/data/<dataset>`` if these are the same.
    """
    own, shared = folder, folder.parent / "data" / str(study["scale"]["dataset"])
    paths = [place / "data.json" for place in (own, shared)]
    if not paths[0].is_file():
        return shared
    same = paths[1].is_file() and read_json(paths[0]) == read_json(paths[1])
    return shared if same else own
