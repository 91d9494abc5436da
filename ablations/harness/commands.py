"""List the commands that train a study without Snakemake: one for the images, one per run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ablations.harness.study import Study
from resnet.config import to_json
from resnet.images.datasets import DATASETS

PASSED = ("keep_weights", "gpu", "runs_per_gpu", "cuda_graphs")
"""Settings that each run's command gets as options of the same name."""


def commands_of(study: Study, settings: Mapping[str, Any], threads: int) -> Iterator[str]:
    """Yield the commands that train the ablations of `all`, in order of priority.

    All seeds of an ablation come before the next ablation, in the study's order, so that the first
    effects are known early. A run that several ablations share is listed once.

    Parameters
    ----------
    study
        The study.
    settings
        The content of ``config/config.yaml``.
    threads
        Number of CPU threads of a run.
    """
    source, folder = str(settings["data_source"]), str(Path(settings["data_folder"]).expanduser())
    how = [text for key in PASSED for text in (f"--{key.replace('_', '-')}", str(settings[key]))]
    dataset = study.scale.dataset
    sources = DATASETS[dataset].sources
    data = f"results/data/{dataset}"
    yield shlex.join(
        [
            *("python", "-m", "resnet.images.sources.prepare", "--dataset", dataset),
            *("--source", sources[0] if len(sources) == 1 else source, "--folder", folder),
            *("--output", data),
        ]
    )
    for run, seed in study.runs_of(*study.covered):
        if run in study.runs:
            yield shlex.join(
                [
                    *("python", "-m", "resnet.train", "--config", to_json(study.runs[run])),
                    *("--seed", str(seed), "--run", run, "--data", data),
                    *("--output", f"results/{study.folder}/runs/{run}/seed{seed}"),
                    *("--checkpoint", f"results/{study.folder}/checkpoints/{run}.seed{seed}.pt"),
                    *("--threads", str(threads), *how),
                ]
            )
