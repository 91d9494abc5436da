# The data, once for every scale, and a run record for each run and seed.
import math
import os
import sys
from pathlib import Path

from ablations.harness import resources
from ablations.harness.declared import (
    declared_networks,
    epochs_with_rates,
    headline_base,
)
from ablations.harness.options import gpu_visible
from ablations.harness.study import named
from resnet.config import to_dict
from resnet.costs import limits
from resnet.images.datasets import DATASETS
from resnet.images.moved import why_not_read
from resnet.job.kept import accepted, read_kept
from resnet.job.provenance import (
    DATA_PACKAGES,
    LOWER_FLOAT32,
    PACKAGES,
    code_digest,
    in_studies,
    training_digest,
    versions_digest,
)
from resnet.job.resume import why_locked

# As Snakemake's caller may not know of them, jobs go without these; by itself a run refuses them.
for variable in LOWER_FLOAT32:
    os.environ.pop(variable, None)

WANTS_GPU = {
    "auto": gpu_visible() or REMOTE and STUDY.scale.name == "paper",
    "always": True,
    "never": False,
}[config["gpu"]]
DEVICE = "cuda" if WANTS_GPU else "cpu"

HOW = (
    f"--gpu {config['gpu']} --runs-per-gpu {config['runs_per_gpu']}"
    f" --cuda-graphs {{graphs}} --keep-weights {config['keep_weights']}"
)

# Snakemake reads neither the memory of this machine nor a container's limits.
if workflow.is_main_process and not REMOTE:
    if not {"mem", "mem_mb", "mem_mib"} & {*workflow.global_resources}:
        workflow.register_resource("mem_mb", limits.memory_bytes() // 10**6)
    allowed = limits.cpus()
    if allowed and not workflow.dryrun and workflow.cores > max(allowed, 1):
        print(
            f"This container has the time of {allowed:g} CPUs for {workflow.cores} jobs at "
            f"once: --cores {math.ceil(allowed)}",
            file=sys.stderr,
        )

# What a scheduler needs to know of each run beforehand; see docs/cluster.md.
MEASURED = resources.read_measured(Path("results/calibration.json"))
ESTIMATES = {
    run: resources.estimate(run_config, DEVICE, MEASURED)
    for run, run_config in STUDY.runs.items()
}

# Snakemake refuses a study that another call holds; this says what to do about it.
if workflow.is_main_process and not workflow.dryrun:
    hint = why_locked(Path.cwd(), SCALE, DATASET)
    if hint:
        print(hint, file=sys.stderr)

# A data set with one source needs no choice.
SOURCES = DATASETS[DATASET].sources
DATA_SOURCE = SOURCES[0] if len(SOURCES) == 1 else config["data_source"]
DATA_FOLDER = os.path.expanduser(config["data_folder"])
if workflow.is_main_process:
    notice = why_not_read(
        Path(f"results/data/{DATASET}"), DATA_SOURCE, Path(DATA_FOLDER)
    )
    if notice:
        print(notice, file=sys.stderr)

# Records of other code that was found to train as today's does.
try:
    KEPT = read_kept(Path(f"results/{SCALE}"))
except ValueError as error:
    sys.exit(f"error: {error}")

RECORD = "results/{scale}/runs/{run}/seed{seed}"


wildcard_constraints:
    scale=SCALE,
    # Exact names, thousands of them, would be searched for wildcards for every file of every run.
    run=rf"(?:{'|'.join(sorted({run.partition('.')[0] for run in RUNS}))})\.[a-z0-9_]+",
    seed=r"\d+",
    dataset=r"[a-z][a-z0-9_]*",


localrules:
    all,
    data,
    rates,
    networks,
    pictures,


rule data:
    output:
        facts="results/data/{dataset}/data.json",
        train_images="results/data/{dataset}/train_images.npy",
        train_labels="results/data/{dataset}/train_labels.npy",
        test_images="results/data/{dataset}/test_images.npy",
        test_labels="results/data/{dataset}/test_labels.npy",
    log:
        "results/logs/data_{dataset}.log",
    conda:
        "../environment.yml"
    resources:
        # No param, for the same files elsewhere are no reason to train every run again.
        folder=DATA_FOLDER,
    params:
        source=DATA_SOURCE,
        code=code_digest("resnet/images/sources", f"resnet/images/datasets/{DATASET}"),
        versions=versions_digest(*DATA_PACKAGES),
        into=subpath(output.facts, parent=True),
    shell:
        "exec python -m resnet.images.sources.prepare --dataset {wildcards.dataset} --source {params.source:q}"
        " --folder {resources.folder:q} --output {params.into:q} --log {log:q}"


# Where others' runs aren't found, nothing is trained in their place.
if STUDY.scale.runs:

    include: "imports.smk"

else:

    include: "run.smk"


rule rates:
    output:
        "results/{scale}/tables/rates.csv",
    log:
        "results/{scale}/logs/rates.log",
    conda:
        "../environment.yml"
    params:
        # The published protocol at its full length, whatever the scale.
        config=json.dumps(to_dict(headline_base(STUDY))),
        epochs=epochs_with_rates(STUDY),
        code=code_digest(
            "resnet/training",
            *in_studies("schedules"),
            "resnet/job/declared/rates.py",
        ),
        versions=versions_digest("torch"),
    shell:
        "exec python -m resnet.job.declared.rates --config {params.config:q} --epochs {params.epochs}"
        " --output {output:q} > {log:q} 2>&1"


rule networks:
    output:
        "results/{scale}/tables/networks.csv",
    log:
        "results/{scale}/logs/networks.log",
    conda:
        "../environment.yml"
    params:
        # What claims of arithmetic rest on: no training is needed for it.
        networks=json.dumps(declared_networks(STUDY)),
        code=code_digest(
            "resnet/network",
            *in_studies("networks"),
            "resnet/costs",
            "resnet/job/declared/networks.py",
        ),
        versions=versions_digest("torch"),
    shell:
        "exec python -m resnet.job.declared.networks --networks {params.networks:q} --output {output:q}"
        " > {log:q} 2>&1"


rule pictures:
    input:
        data=f"results/data/{DATASET}/data.json",
        images=f"results/data/{DATASET}/train_images.npy",
    output:
        "results/{scale}/tables/pictures.npz",
    log:
        "results/{scale}/logs/pictures.log",
    conda:
        "../environment.yml"
    params:
        # The copies that the paper's headline network was trained on.
        copies=json.dumps(headline_base(STUDY).augmentation.copies),
        code=code_digest(
            "resnet/images/pictures.py",
            "resnet/images/augmentation",
            *in_studies("transforms"),
        ),
        versions=versions_digest(*PACKAGES),
        data=subpath(input.data, parent=True),
    shell:
        "exec python -m resnet.images.pictures --data {params.data:q} --copies {params.copies:q}"
        " --output {output:q} > {log:q} 2>&1"


for ablation, resolved in STUDY.ablations.items():
    SUMMARIES = {
        f"results/{SCALE}/runs/{run}/seed{seed}/summary.json": run
        for run, seed in STUDY.runs_of(ablation)
    }
    # Runs without a config are those of an ablation's own rules.
    for summary, run in SUMMARIES.items():
        if run not in RUNS and not any(
            made.is_producer(summary) for made in workflow.rules
        ):
            document = resolved.declaration.document
            sys.exit(
                f"error: {document.error(f'no rule in {ablation}.smk writes {summary}', 'records')}"
            )

    rule:
        name:
            ablation
        input:
            list(SUMMARIES),
