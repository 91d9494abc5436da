"""An MLflow store: a folder ``mlruns``, or a database ``mlflow.db`` (``make trackers``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from resnet.imports.curves import CurveError, Point

MOST_RUNS = 50_000
"""The most runs of an experiment that MLflow gives at once."""


def read(path: Path) -> Iterator[Point]:
    """Yield the metrics' histories of all runs in all experiments, by the runs' names."""
    # MLflow refuses to write new runs to folders, which this doesn't do.
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    if not path.exists():
        raise CurveError(f"{path}: is missing; expected a folder such as mlruns, or a mlflow.db")
    try:
        client = MlflowClient(_uri(path.absolute()))
        for experiment in client.search_experiments():
            for run in client.search_runs([experiment.experiment_id], max_results=MOST_RUNS):
                for metric in run.data.metrics:
                    for it in client.get_metric_history(run.info.run_id, metric):
                        name, number = run.info.run_name or "", run.info.run_id
                        yield Point(name, it.step, metric, it.value, f"run {number}")
    except ModuleNotFoundError as error:
        raise CurveError(
            f"{path}: a database needs the whole of MLflow, and {error.name} isn't there: pip "
            "install mlflow"
        ) from None
    except MlflowException as error:
        raise CurveError(f"{path}: MLflow: {str(error).splitlines()[0]}") from None


def _uri(path: Path) -> str:
    return path.as_uri() if path.is_dir() else f"sqlite:///{path}"
