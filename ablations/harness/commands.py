"""What trains a study without Snakemake: a command for the images, then one for each run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ablations.harness.study import Study
from resnet.config import to_json
from resnet.images.datasets import DATASETS


def commands_of(study: Study, source: str, folder: str, threads: int) -> Iterator[str]:
    """Yield the commands that train what `all` covers, the most valuable first.

    Every seed of an ablation before the next ablation, in the study's order: the first effects are
    known early. A run that several ablations share comes once.

    Parameters
    ----------
    study
        The study.
    source, folder
        Where the images come from, as ``data_source`` and ``data_folder``.
    threads
        That a run takes on a CPU.
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
                    *("--threads", str(threads)),
                ]
            )
