"""Runs that others trained: each source gives the same records, and a report with verdicts."""

import csv
import json
import math
import os

import pandas as pd
import pytest

from ablations import new
from ablations.harness.declarations import home
from ablations.harness.declarations.document import DeclarationError
from ablations.harness.declared import declared_networks, headline_base
from ablations.harness.resolve import resolve
from ablations.harness.study import to_document
from benchmarks import synthetic
from report import claims
from report.read import published
from report.read.tables import read_tables
from resnet.config import to_json
from resnet.imports import __main__ as command
from resnet.imports.curves import NAMES, CurveError, Point, curve_of
from resnet.imports.sources import mlflow, wandb
from resnet.job.declared import networks, rates
from resnet.job.provenance import files_digest
from tests.conftest import report_on

SEEDS, EPOCHS = 5, 4
LEVELS = {"base.network": 0.80, "width.twice": 0.84}
"""The test accuracy of each run at the end, but for its seed's part."""


def accuracy(run, seed, epoch):
    """A curve that rises to the run's level; seeds differ by half a point, arms alike."""
    return round(LEVELS[run] + 0.005 * seed - 0.1 * (EPOCHS - 1 - epoch), 6)


def rows():
    for run in LEVELS:
        for seed in range(SEEDS):
            for epoch in range(EPOCHS):
                value = accuracy(run, seed, epoch)
                yield run, seed, epoch, {"val_acc": value, "train_loss": 2 - 0.3 * epoch}


def write_table(folder):
    path = folder / "runs.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["run", "seed", "epoch", "val_acc", "train_loss"])
        table.writerows([run, seed, epoch, *values.values()] for run, seed, epoch, values in rows())
    return path


def write_wandb(folder):
    """One export a metric, as the button of a chart makes them."""
    path = folder / "exported"
    path.mkdir()
    for metric in ("val_acc", "train_loss"):
        names = [f"{run} seed{seed}" for run in LEVELS for seed in range(SEEDS)]
        found = {(f"{r} seed{s}", e): values[metric] for r, s, e, values in rows()}
        heads = [f"{name} - {metric}{end}" for name in names for end in ("", "__MIN", "__MAX")]
        with (path / f"{metric}.csv").open("w", newline="") as file:
            table = csv.writer(file, quoting=csv.QUOTE_ALL)
            table.writerow(["Step", *heads])
            for epoch in range(EPOCHS):
                values = [found[name, epoch] for name in names for _ in range(3)]
                table.writerow([epoch * 10, *values])
    return path


def write_tensorboard(folder):
    pytest.importorskip("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util.tensor_util import make_tensor_proto

    path = folder / "logs"
    writers = {}
    for run, seed, epoch, values in rows():
        place = path / run / f"seed{seed}"
        writer = writers.setdefault(place, EventFileWriter(str(place)))
        for tag, value in values.items():
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            writer.add_event(Event(step=epoch, summary=summary))
        # As `add_text` writes it, and TensorFlow 2 its scalars.
        text = Summary.Value(tag="hparams", tensor=make_tensor_proto([b"|a|table|"]))
        scalar = Summary.Value(tag="epoch", tensor=make_tensor_proto(float(epoch)))
        writer.add_event(Event(step=epoch, summary=Summary(value=[text, scalar])))
    for writer in writers.values():
        writer.close()
    return path


def write_mlflow(folder):
    pytest.importorskip("mlflow")
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

    path = folder / "mlruns"
    client = MlflowClient(path.as_uri())
    experiment = client.create_experiment("width")
    logged = {}
    for run, seed, epoch, values in rows():
        metrics = [Metric(key, value, 0, epoch) for key, value in values.items()]
        logged.setdefault((run, seed), []).extend(metrics)
    for (run, seed), metrics in logged.items():
        made = client.create_run(experiment, run_name=f"{run} seed{seed}")
        client.log_batch(made.info.run_id, metrics)
        client.set_terminated(made.info.run_id)
    return path


WRITERS = {
    "table": write_table,
    "wandb": write_wandb,
    "tensorboard": write_tensorboard,
    "mlflow": write_mlflow,
}
SCALE = """about: what others trained
dataset: digits
training_images: 1408
images_seen: 16128
seeds: 5
all: every ablation
runs: {{from: {source}, path: {path}, metrics: {{test_accuracy: val_acc}}}}
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A function that makes a study whose runs others trained, and returns it with its folder."""

    def make(source):
        for module in (home, published):
            monkeypatch.setattr(module, "ROOT", tmp_path)
        folder = new.new_study("theirs", tmp_path)
        path = WRITERS[source](folder)
        text = SCALE.format(source=source, path=path.name)
        (folder / "config" / "scales" / "given.yaml").write_text(text)
        return resolve({"study": "theirs", "scale": "given"})

    return make


def imported(study, tmp_path, run, seed):
    """Write a record as the workflow's rule does, and return its folder."""
    output = tmp_path / "results" / study.folder / "runs" / run / f"seed{seed}"
    runs = study.scale.runs
    argv = ["--from", runs["from"], "--path", str(study.home.folder / runs["path"])]
    argv += ["--metrics", json.dumps(runs["metrics"]), "--config", to_json(study.runs[run])]
    argv += ["--run", run, "--seed", str(seed), "--output", str(output)]
    assert command.main(argv) == 0
    return output


@pytest.mark.parametrize("source", WRITERS)
@pytest.mark.filterwarnings("ignore")  # of the trackers' own
def test_every_source_gives_the_same_record(study, tmp_path, source):
    record = imported(study(source), tmp_path, "width.twice", 3)
    with (record / "metrics.csv").open() as file:
        found = list(csv.DictReader(file))
    expected = [accuracy("width.twice", 3, epoch) for epoch in range(EPOCHS)]
    assert [float(row["test_accuracy"]) for row in found] == pytest.approx(expected, abs=1e-6)
    losses = [2 - 0.3 * epoch for epoch in range(EPOCHS)]
    assert [float(row["train_loss"]) for row in found] == pytest.approx(losses, abs=1e-6)
    assert [int(row["images_seen"]) for row in found] == [4032, 8064, 12096, 16128]
    summary = json.loads((record / "summary.json").read_text())
    assert summary["final_test_accuracy"] == pytest.approx(expected[-1], abs=1e-6)
    assert (summary["best_epoch"], summary["final_train_accuracy"]) == (EPOCHS - 1, None)
    assert summary["imported"].startswith(source)
    assert (summary["threads"], summary["peak_memory_mib"]) == (None, None)


def test_runs_of_others_get_verdicts_and_a_report(study, tmp_path, capsys):
    made = study("table")
    folder = tmp_path / "results" / made.folder
    for run in LEVELS:
        for seed in range(SEEDS):
            imported(made, tmp_path, run, seed)
    (folder / "study.json").write_text(json.dumps(to_document(made)))
    (folder / "tables").mkdir()
    tables = {
        "networks": networks.rows_of(declared_networks(made)),
        "rates": rates.by_epoch(headline_base(made), 1),
    }
    for name, content in tables.items():
        pd.DataFrame(content).to_csv(folder / "tables" / f"{name}.csv", index=False)
    data = synthetic.write_data(folder.parent / "data", "digits", 200)
    assert data.is_dir()
    report_on(folder)
    tables = read_tables(folder)
    effect = tables.comparisons.set_index("arm").loc["twice"]
    # Every seed gains the same four points.
    assert effect["n"] == SEEDS
    assert effect["difference_points"] == pytest.approx(4)
    assert tables.confusion.empty
    claims.main([str(folder)])
    assert "twice the channels against the base network: +4.00 points" in capsys.readouterr().out
    page = (folder / "report" / "index.html").read_text()
    assert "twice the channels" in page
    unknown = page.count("<td>not recorded</td>") + page.count("<dd>not recorded</dd>")
    assert unknown >= 2, "threads and memory"
    assert 'id="errors"' not in page
    assert "5 seeds an arm, unknown time of training" in page
    assert "answers to single images aren" in page
    # What wasn't recorded has its column, and no curve to choose.
    assert tables.epochs["printed_learning_rate"].isna().all()
    assert tables.epochs["train_accuracy"].isna().all()
    assert '"train_accuracy":' not in page


def test_names_and_metrics_of_a_tracker_are_matched():
    points = [
        Point("wide-s1", 10, "acc", 71.5),
        Point("wide-s1", 20, "acc", 80.0),
        Point("wide-s2", 10, "acc", 101.0),
        Point("notes", 10, "acc", 1.0),
        Point("wide-s1", 10, "other", 5.0),
    ]
    names, metrics = r"(?P<run>\w+)-s(?P<seed>\d)", {"test_accuracy": "acc"}
    found = curve_of(points, "wide", 1, names, metrics, percent=True)
    assert found == {10: {"test_accuracy": 0.715}, 20: {"test_accuracy": 0.8}}
    with pytest.raises(CurveError, match=r"acc is 71.5 at step 10; accuracies are from 0 to 1"):
        curve_of(points, "wide", 1, names, metrics, percent=False)
    with pytest.raises(CurveError, match="has no wide seed 3; there are wide seed 1, wide seed 2"):
        curve_of(points, "wide", 3, names, metrics)


def test_a_curve_may_lie_in_several_places_that_agree():
    """A run's continuation, its evaluation, and a chart that was exported twice."""
    points = [
        Point("width.twice/seed0", 0, "test_accuracy", 0.5),
        Point("width.twice/seed0/version_1", 1, "test_accuracy", 0.6),
        Point("width.twice/seed0/eval", 0, "test_loss", math.nan),
        Point("width.twice/seed0/again", 0, "test_loss", math.nan),
        # A restart in the same place: the last value counts.
        Point("width.twice/seed0/version_1", 1, "test_accuracy", 0.7),
    ]
    found = curve_of(points, "width.twice", 0, NAMES + ".*")
    assert found[1] == {"test_accuracy": 0.7}
    assert found[0]["test_accuracy"] == 0.5
    assert math.isnan(found[0]["test_loss"])


def test_two_values_of_one_point_are_refused():
    retried = [
        Point("width.twice/seed0", 3, "test_accuracy", 0.5),
        Point("width.twice/seed0 (2)", 3, "test_accuracy", 0.6),
    ]
    said = r"at step 3 is 0.5 in 'width.twice/seed0' and 0.6 in 'width.twice/seed0 \(2\)': rename"
    with pytest.raises(CurveError, match=said):
        curve_of(retried, "width.twice", 0, NAMES + ".*")
    # Other runs are none of its business.
    other = Point("width.twice/seed1", 3, "test_accuracy", 0.4)
    assert curve_of([*retried, other], "width.twice", 1, NAMES + ".*") == {
        3: {"test_accuracy": 0.4}
    }


@pytest.mark.filterwarnings("ignore")
def test_mlflow_runs_of_one_name_are_told_apart(tmp_path):
    path = write_mlflow(tmp_path)
    from mlflow.tracking import MlflowClient

    client = MlflowClient(path.as_uri())
    found = client.search_experiments(filter_string="name = 'width'")[0]
    again = client.create_run(found.experiment_id, run_name="width.twice seed3")
    client.log_metric(again.info.run_id, "val_acc", 0.1, step=0)
    metrics = {"test_accuracy": "val_acc"}
    with pytest.raises(CurveError, match=rf"run {again.info.run_id}"):
        curve_of(mlflow.read(path), "width.twice", 3, metrics=metrics)
    assert len(curve_of(mlflow.read(path), "width.twice", 2, metrics=metrics)) == EPOCHS


def test_an_export_with_two_runs_of_one_name_is_refused(tmp_path):
    path = tmp_path / "chart.csv"
    path.write_text("Step,a.b seed0 - acc,a.b seed0 - acc,a.b seed1 - acc\n0,0.5,0.6,0.7\n")
    metrics = {"test_accuracy": "acc"}
    with pytest.raises(CurveError, match=r"chart.csv, column 2\) and 0.6 in .*, column 3"):
        curve_of(wandb.read(path), "a.b", 0, metrics=metrics)
    assert curve_of(wandb.read(path), "a.b", 1, metrics=metrics) == {0: {"test_accuracy": 0.7}}


def test_a_file_that_changes_in_a_folder_changes_its_digest(tmp_path):
    folder, within = tmp_path / "logs", tmp_path / "logs" / "run" / "events"
    assert files_digest(folder) == ""
    within.parent.mkdir(parents=True)
    within.write_text("one")
    os.utime(within, ns=(1, 1))
    found = {files_digest(folder)}
    within.write_text("two")
    os.utime(within, ns=(2, 2))
    found.add(files_digest(folder))
    within.rename(within.with_name("other"))
    found.add(files_digest(folder))
    assert len(found) == 3
    # Of a single file Snakemake looks at the date itself.
    assert files_digest(within.with_name("other")) == ""


def test_the_default_names_are_those_of_records():
    points = [Point("base.network/seed4", 0, "test_accuracy", 0.5)]
    assert curve_of(points, "base.network", 4) == {0: {"test_accuracy": 0.5}}


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ("5", "runs: expected from and path"),
        ("{from: table}", "runs: expected from and path"),
        ("{from: tabel, path: a}", "did you mean table"),
        ("{from: table, path: 5}", "path: expected one from the study's folder"),
        ("{from: table, path: a, nmaes: b}", "did you mean names"),
        ("{from: table, path: a, names: '('}", "is no regular expression"),
        ("{from: table, path: a, names: 'x'}", "the groups run and seed"),
        ("{from: table, path: a, metrics: {acc: test}}", "metrics: no 'acc'; ours are test_accura"),
        ("{from: table, path: a, metrics: [x]}", "metrics: expected our name: theirs"),
        ("{from: table, path: a, percent: 3}", "percent: allowed are true and false"),
    ],
)
def test_a_mistake_in_where_runs_are_is_one_line(study, runs, said):
    made = study("table")
    scale = made.home.scales / "given.yaml"
    text = scale.read_text()
    scale.write_text(f"{text[: text.index('runs:')]}runs: {runs}\n")
    with pytest.raises(DeclarationError, match=r"given.yaml:7: runs: ") as error:
        resolve({"study": "theirs", "scale": "given"})
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("run,epoch\n", "lacks the column seed; needed are run, seed, epoch"),
        ("run,seed,epoch,val_acc\nwidth.twice,0,x,0.5\n", "runs.csv:2: seed and epoch are whole"),
        ("run,seed,epoch,val_acc\nwidth.other,0,0,0.5\n", "there are width.other seed 0"),
        ("run,seed,epoch,val_acc\n", "no runs whose names match"),
        (
            "run,seed,epoch,val_acc\nwidth.twice,0,1,0.5\nwidth.twice,0,1,0.6\n",
            "runs.csv: val_acc at step 1 is 0.5 in 'width.twice/seed0' (line 2) and 0.6 in",
        ),
        ("run,seed,epoch,acc\nwidth.twice,0,0,0.5\nwidth.twice,0,1,\n", "there are"),
        ("run,seed,epoch,train_loss\nwidth.twice,0,0,0.5\n", "has no test_accuracy"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_line(study, tmp_path, content, said, capsys):
    made = study("table")
    path = made.home.folder / "runs.csv"
    path.write_text(content)
    argv = ["--from", "table", "--path", str(path), "--metrics", '{"test_accuracy": "val_acc"}']
    argv += ["--config", to_json(made.runs["width.twice"]), "--run", "width.twice"]
    assert command.main([*argv, "--seed", "0", "--output", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert said in error
    assert not (tmp_path / "out").exists()
