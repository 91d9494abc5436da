# A run record of each run and seed, by training.


rule train:
    input:
        data=f"results/data/{DATASET}/data.json",
    output:
        config=f"{RECORD}/config.json",
        metrics=f"{RECORD}/metrics.csv",
        predictions=f"{RECORD}/predictions.npz",
        layers=f"{RECORD}/layers.csv",
        summary=f"{RECORD}/summary.json",
        checksums=f"{RECORD}/SHA256SUMS",
    log:
        "results/{scale}/logs/{run}/seed{seed}.log",
    # A GPU that fails may do better without CUDA graphs; the run goes on from its checkpoint. On a
    # cluster, where this wins over the profile's number, nodes fail, too. Within a job nothing is tried
    # again: only another job has more time and memory.
    retries: (3 if REMOTE else int(WANTS_GPU)) if workflow.is_main_process else 0
    group:
        # Has a meaning on a cluster alone.
        lambda wildcards: ESTIMATES[wildcards.run].group
    conda:
        "../environment.yml"
    threads: 1
    resources:
        gpu=int(WANTS_GPU),
        # What profiles/slurm has one of in a job, so that a group's runs take turns.
        turn=1,
        runtime=lambda wildcards, attempt: ESTIMATES[wildcards.run].runtime(attempt),
        mem_mb=lambda wildcards, attempt: ESTIMATES[wildcards.run].memory(attempt),
        # How to run, which changes no number: no param, for that would replan every run. After a
        # failure kernels are launched one by one.
        how=lambda wildcards, attempt: HOW.format(
            graphs=config["cuda_graphs"] if attempt == 1 else "never"
        ),
    params:
        # Not lookup(), which searches all runs for each one.
        config=lambda wildcards: named(wildcards.run, RUNS),
        # Only an edit that can change numbers changes these: not a comment, not a docstring.
        code=lambda wildcards: accepted(
            STUDY.runs[wildcards.run],
            training_digest(STUDY.runs[wildcards.run]),
            Path(RECORD.format(**wildcards)),
            KEPT,
        ),
        versions=versions_digest(*PACKAGES),
        data=subpath(input.data, parent=True),
        record=subpath(output.summary, parent=True),
        checkpoint="results/{scale}/checkpoints/{run}.seed{seed}.pt",
    shell:
        # PyTorch's idle threads stop busy-waiting early, and leave the cores to fast_cpu's threads.
        "exec env GOMP_SPINCOUNT=10000 python -m resnet.train --config {params.config:q}"
        " --seed {wildcards.seed} --run {wildcards.run} --data {params.data:q}"
        " --output {params.record:q} --checkpoint {params.checkpoint:q} --threads {threads} --log {log:q}"
        " {resources.how} --asked-minutes {resources.runtime}"
