# Records of runs that others trained, where the scale says so, instead of training.
import json
import os
from pathlib import Path

from resnet.job.provenance import files_digest, in_studies

IMPORTED = STUDY.scale.runs
IMPORTED_FROM = os.path.normpath(os.path.join(STUDY.home.place, IMPORTED["path"]))


localrules:
    imported,


rule imported:
    input:
        path=IMPORTED_FROM,
    output:
        config=f"{RECORD}/config.json",
        metrics=f"{RECORD}/metrics.csv",
        predictions=f"{RECORD}/predictions.npz",
        layers=f"{RECORD}/layers.csv",
        summary=f"{RECORD}/summary.json",
        checksums=f"{RECORD}/SHA256SUMS",
    log:
        "results/{scale}/logs/{run}/seed{seed}.log",
    conda:
        "../environment.yml"
    params:
        config=lambda wildcards: named(wildcards.run, RUNS),
        source=IMPORTED["from"],
        names=[f"--names={IMPORTED['names']}"] if "names" in IMPORTED else [],
        metrics=json.dumps(IMPORTED.get("metrics", {})),
        percent=["--percent"] if IMPORTED.get("percent") else [],
        # A folder's own date says nothing of the files within it.
        files=files_digest(Path(IMPORTED_FROM)),
        code=code_digest(
            "resnet/imports", "resnet/costs", "resnet/network", *in_studies("networks")
        ),
        record=subpath(output.summary, parent=True),
    shell:
        "exec python -m resnet.imports --from {params.source:q} --path {input.path:q}"
        " {params.names:q} --metrics {params.metrics:q} {params.percent} --config {params.config:q}"
        " --run {wildcards.run} --seed {wildcards.seed} --output {params.record:q} > {log:q} 2>&1"
