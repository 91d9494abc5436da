"""List the commands that train a study without Snakemake: one for the images, one per run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ablations.harness.study import Study
from resnet.config import to_json
from resnet.images.datasets import DATASETS


def commands_of(
    study: Study, source: str, folder: str, threads: int, weights: str = "all"
) -> Iterator[str]:
    """Yield the commands that train the ablations of `all`, in order of priority.

    All seeds of an ablation come before the next ablation, in the study's order, so that the first
    effects are known early. A run that several ablations share is listed once.

    Parameters
    ----------
    study
        The study.
    source, folder
        The source of the images, as ``data_source`` and ``data_folder``.
    weights
        Which records keep their weights, as ``keep_weights``.
    threads
        Number of CPU threads of a run.
    """
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
                    *("--threads", str(threads), "--keep-weights", weights),
                ]
            )
