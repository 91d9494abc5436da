import json
import shutil

import numpy as np
import pandas as pd
import pytest

from report.page.sections.record import reproducibility
from report.read.records import collect, main


def a_record(study):
    return study / "runs" / "base.design" / "seed1"


def test_every_planned_run_is_a_row(study):
    tables = collect(study).tables
    assert len(tables["runs"]) == 6
    assert set(tables["runs"]["run"]) == {
        "base.design",
        "maxpool.with_maxpool",
        "stride_position.second",
    }
    assert tables["epochs"].groupby(["run", "seed"]).size().tolist() == [2] * 6
    assert tables["layers"].groupby("run").size().tolist() == [11] * 3


def test_records_that_were_not_planned_are_left_out(study):
    planned = json.loads((study / "study.json").read_text())
    planned["runs"]["base.design"] |= {"seeds": 1, "most": 1}
    (study / "study.json").write_text(json.dumps(planned))
    assert len(collect(study).tables["runs"]) == 5


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def spoil_missing(record):
    (record / "summary.json").unlink()


def spoil_half(record):
    path = record / "summary.json"
    path.write_text(path.read_text()[:50])


def spoil_list(record):
    (record / "config.json").write_text("[]")


def spoil_run(record):
    edit(record / "summary.json", run="stride_position.second")


def spoil_seed(record):
    edit(record / "summary.json", seed=7)


def spoil_config(record):
    edit(record / "config.json", batch_size=7)


def spoil_rows(record):
    path = record / "metrics.csv"
    pd.read_csv(path).head(1).to_csv(path, index=False)


def spoil_predictions(record):
    (record / "predictions.npz").write_bytes(b"PK nonsense")


def spoil_accuracy(record):
    edit(record / "summary.json", final_test_accuracy=0.99)


def spoil_labels(record):
    arrays = dict(np.load(record / "predictions.npz"))
    np.savez(record / "predictions.npz", **(arrays | {"labels": arrays["labels"] + 10}))


def spoil_images(record):
    arrays = np.load(record / "predictions.npz")
    np.savez(record / "predictions.npz", **{name: arrays[name][::2] for name in arrays})


def spoil_probabilities(record):
    arrays = dict(np.load(record / "predictions.npz"))
    turned = np.roll(arrays["probabilities"], 1, axis=1)
    np.savez(record / "predictions.npz", **(arrays | {"probabilities": turned}))


def spoil_type(record):
    edit(record / "summary.json", parameters="many")


def spoil_columns(record):
    path = record / "metrics.csv"
    pd.read_csv(path).assign(seed=1).to_csv(path, index=False)


def spoil_metrics(record):
    (record / "metrics.csv").write_text("")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_missing, "summary.json: can't be read"),
        (spoil_half, "summary.json: can't be read"),
        (spoil_list, "config.json: expected an object"),
        (spoil_run, "holds run stride_position.second"),
        (spoil_seed, "seed 7"),
        (spoil_config, "another config: batch_size"),
        (spoil_rows, "lacks epochs"),
        (spoil_accuracy, "differ in final_test_accuracy"),
        (spoil_labels, "labels beyond the 10 classes"),
        (spoil_probabilities, "test accuracy 0.0000 by predictions.npz, 0.5100 by summary.json"),
        (spoil_images, "other images than"),
        (spoil_type, "parameters must be integer"),
        (spoil_metrics, "metrics.csv: can't be read"),
        (spoil_columns, "metrics.csv: run and seed can't be columns"),
        (spoil_predictions, "predictions.npz: can't be read"),
    ],
)
def test_a_record_whose_parts_disagree_is_refused_by_name(study, spoil, said, capsys):
    spoil(a_record(study))
    assert main([str(study)]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.endswith(f"Remove {a_record(study)}, and the next call trains the run again\n")
    assert "Traceback" not in error
    assert not (study / "tables" / "runs.csv").exists()


def test_versions_are_equal_whatever_their_order(study):
    versions = {"numpy": "2.4", "torch": "2.0"}
    for path in study.glob("runs/*/seed*/summary.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"versions": versions}))
    path = a_record(study) / "summary.json"
    other = {"versions": dict(reversed(versions.items()))}
    path.write_text(json.dumps(json.loads(path.read_text()) | other))
    assert set(collect(study).tables["runs"]["versions"]) == {"numpy 2.4, torch 2.0"}


def test_a_folder_that_is_no_study_is_refused_with_those_there_are(study, capsys):
    assert main([str(study.parent / "smok")]) == 1
    said = capsys.readouterr().err
    assert "smok: no study.json: expected a study's folder; those in " in said
    assert said.endswith(f"{study.parent} are {study.name}\n")


def test_a_partial_collection_names_its_gaps(study):
    spoil_half(a_record(study))
    collected = collect(study, partial=True)
    gaps = collected.tables["gaps"].to_dict("records")
    assert [(gap["run"], gap["seed"]) for gap in gaps] == [("base.design", 1)]
    assert "summary.json" in gaps[0]["reason"]
    shutil.rmtree(a_record(study))
    gaps = collect(study, partial=True).tables["gaps"]
    assert gaps.values.tolist() == [["base.design", 1, "not run"]]
    assert reproducibility.gaps_of(gaps) == [("base.design", "seed 1", "")]
    assert len(collected.tables["runs"]) == 5


def test_a_first_record_of_other_images_is_the_one_that_is_refused(study):
    first = study / "runs" / "base.design" / "seed0"
    whole = collect(study).tables
    spoil_images(first)
    tables = collect(study, partial=True).tables
    reason = f"{first}: tested on other images than {a_record(study)}"
    assert tables["gaps"].values.tolist() == [["base.design", 0, reason]]
    pd.testing.assert_frame_equal(
        tables["runs"], whole["runs"].drop(0).reset_index(drop=True), check_dtype=False
    )
    pd.testing.assert_frame_equal(tables["layers"], whole["layers"])


def test_the_answers_are_those_of_the_predictions(study):
    hits = collect(study).hits
    runs = json.loads((study / "study.json").read_text())["runs"]
    assert set(hits) == {f"{run}/seed{seed}" for run in runs for seed in (0, 1)}
    assert hits["base.design/seed0"].tolist() == [True] * 50 + [False] * 50


def test_a_refused_record_is_in_no_table(study):
    first = study / "runs" / "base.design" / "seed0"
    (first / "layers.csv").write_text("name\n")
    found = collect(study, partial=True)
    assert "base.design/seed0" not in found.hits
    assert len(found.hits) == len(found.tables["runs"]) == 5
    assert found.tables["gaps"]["seed"].tolist() == [0]
