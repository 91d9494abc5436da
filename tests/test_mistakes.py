"""Confusions and the surest mistakes, by hand."""

import numpy as np
import pandas as pd
import pytest

from report.read import mistakes

PROBABILITIES = np.array(
    [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.05, 0.95], [np.nan, np.nan]], np.float32
)
LABELS = np.array([0, 0, 1, 0, 1])


def test_confusions_are_counted_by_seed():
    guesses = PROBABILITIES[:4].argmax(1)
    table = mistakes.confusion([(guesses, LABELS[:4]), (LABELS, LABELS)])
    assert table.values.tolist() == [
        [0, 0, 0, 1],
        [0, 0, 1, 2],
        [0, 1, 0, 1],
        [1, 0, 0, 3],
        [1, 1, 1, 2],
    ]


def test_the_surest_mistakes_come_first_and_what_is_not_finite_never():
    table = mistakes.confident(PROBABILITIES, LABELS)
    assert table["image"].tolist() == [3, 1, 2]
    assert table["probability"].tolist() == pytest.approx([0.95, 0.8, 0.7])
    assert len(mistakes.confident(PROBABILITIES, LABELS, most=1)) == 1


def test_the_final_model_at_its_longest_is_analysed_else_the_best():
    length, base = {"base.final": 10, "base.final_20": 20, "base.final_muon": 30}, "base.final_20"
    study = {
        "headline": "final",
        "runs": {run: {"config": {"budget": {"images_seen": n}}} for run, n in length.items()},
        "ablations": {
            "budget": {"base": "final", "arms": [{"run": base}]},
            # Another base, whose name begins alike.
            "muon": {"base": "final_muon", "arms": [{"run": "base.final_muon"}]},
        },
    }
    study["runs"]["a.b"] = {"config": None}
    runs = pd.DataFrame({"run": list(study["runs"]), "final_test_accuracy": [0.1, 0.2, 0.3, 0.9]})
    assert mistakes.analysed_run(study, runs) == base
    assert mistakes.analysed_run(study, runs.head(1)) == "base.final"
    assert mistakes.analysed_run(study, runs.tail(1)) == "a.b"


def test_pictures_are_those_of_the_images(tmp_path):
    images = np.arange(5 * 2 * 2 * 3, dtype=np.uint8).reshape(5, 2, 2, 3)
    np.save(tmp_path / "test_images.npy", images)
    table = pd.DataFrame({"image": [3, 0]})
    assert np.array_equal(mistakes.pictures(tmp_path, table), images[[3, 0]])
    assert mistakes.pictures(tmp_path / "nowhere", table) is None
    assert mistakes.pictures(tmp_path, pd.DataFrame({"image": [9]})) is None


def test_pictures_that_were_kept_are_those_of_the_mistakes(tmp_path):
    path, images = tmp_path / "mistakes.npz", np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    none = pd.DataFrame({"image": np.array([], dtype=int)})
    assert mistakes.kept(path, none) is None
    np.savez(path)
    assert mistakes.kept(path, none) is None
    np.savez(path, images=images, numbers=[7, 4])
    assert np.array_equal(mistakes.kept(path, pd.DataFrame({"image": [4]})), images[[1]])
    assert mistakes.kept(path, pd.DataFrame({"image": [4, 5]})) is None
    assert len(mistakes.kept(path, none)) == 0
