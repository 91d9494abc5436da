# From run records to tables, figures and the page.
FIGURES = [
    "figure1",
    "figure2",
    "effects",
    *(f"ablation_{name}" for name in STUDY.covered),
]
TABLES = multiext(
    "results/{scale}/tables/",
    "runs.csv",
    "epochs.csv",
    "layers.csv",
    "rates.csv",
    "comparisons.csv",
    "spreads.csv",
    "gaps.csv",
)
PUBLISHED = multiext("paper/", "published.yaml", "claims.yaml", "logs.csv")
READING = [
    "report/collect.py",
    "report/published.py",
    "report/statistics.py",
    "report/verdicts.py",
    "report/wording.py",
]


rule collect:
    input:
        study="results/{scale}/study.json",
        summaries=[
            f"results/{SCALE}/runs/{run}/seed{seed}/summary.json"
            for run, seed in STUDY.runs_of(*STUDY.covered)
        ],
    output:
        runs="results/{scale}/tables/runs.csv",
        epochs="results/{scale}/tables/epochs.csv",
        layers="results/{scale}/tables/layers.csv",
        gaps="results/{scale}/tables/gaps.csv",
        hits="results/{scale}/tables/hits.npz",
    log:
        "results/{scale}/logs/collect.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest("report/collect.py"),
    shell:
        "exec python -m report.collect results/{wildcards.scale} > {log:q} 2>&1"


rule compare:
    input:
        study="results/{scale}/study.json",
        runs="results/{scale}/tables/runs.csv",
        hits="results/{scale}/tables/hits.npz",
    output:
        comparisons="results/{scale}/tables/comparisons.csv",
        spreads="results/{scale}/tables/spreads.csv",
    log:
        "results/{scale}/logs/compare.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest("report/statistics.py"),
    shell:
        "exec python -m report.statistics results/{wildcards.scale} > {log:q} 2>&1"


rule claims:
    input:
        TABLES,
        study="results/{scale}/study.json",
        published=PUBLISHED,
    output:
        "results/{scale}/tables/claims.csv",
    log:
        "results/{scale}/logs/claims.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest(
            "report/claims.py", "report/curves.py", "report/tables.py", *READING
        ),
    shell:
        "exec python -m report.claims results/{wildcards.scale} --write-only > {log:q} 2>&1"


rule figures:
    input:
        TABLES,
        study="results/{scale}/study.json",
        published=PUBLISHED,
    output:
        expand(
            "results/{{scale}}/figures/{figure}.{kind}",
            figure=FIGURES,
            kind=["svg", "pdf", "txt"],
        ),
    log:
        "results/{scale}/logs/figures.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest("report/figures.py", "report/tables.py", *READING),
    shell:
        "exec python -m report.figures results/{wildcards.scale} > {log:q} 2>&1"


rule report:
    input:
        TABLES,
        study="results/{scale}/study.json",
        data=f"results/data/{DATASET}/data.json",
        published=PUBLISHED,
        claims="results/{scale}/tables/claims.csv",
        figures=expand(
            "results/{{scale}}/figures/{figure}.{kind}",
            figure=FIGURES,
            kind=["svg", "txt"],
        ),
        template="report/templates/report.html.j2",
        style="report/static/report.css",
    output:
        "results/{scale}/report/index.html",
    log:
        "results/{scale}/logs/report.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest(
            "report/render.py", "report/claims.py", "report/tables.py", *READING
        ),
    shell:
        "exec python -m report.render results/{wildcards.scale} > {log:q} 2>&1"
