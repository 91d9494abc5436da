COPIED = "results/{scale}/runs/copied.again/seed{seed}"


rule copied_records:
    input:
        "results/{scale}/runs/base.final/seed{seed}/summary.json",
    output:
        config=f"{COPIED}/config.json",
        metrics=f"{COPIED}/metrics.csv",
        predictions=f"{COPIED}/predictions.npz",
        layers=f"{COPIED}/layers.csv",
        summary=f"{COPIED}/summary.json",
    log:
        "results/{scale}/logs/copied.again/seed{seed}.log",
    conda:
        "../environment.yml"
    shell:
        "(cp $(dirname {input:q})/* $(dirname {output.config:q})/"
        " && sed -i s/base.final/copied.again/ {output.summary:q}"
        " && cd $(dirname {output.config:q}) && rm SHA256SUMS && sha256sum * > SHA256SUMS)"
        " 2> {log:q}"
