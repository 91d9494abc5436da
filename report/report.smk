# From run records to tables, figures, and the report: as a page, as LaTeX, and as PDF.
import shutil
from pathlib import Path

from report.pdf import NO_ENGINE, engine

# What `snakemake --report` says below each figure, and where it lists it.
FIGURES = {
    "figure1": ("The paper", "figure1"),
    "figure2": ("The paper", "figure2"),
    "effects": ("Effects", "effects"),
    "pareto": ("Effects", "pareto"),
    "optimism": ("Effects", "optimism"),
    "augmentation": ("Images", "augmentation"),
    "confusion": ("Images", "confusion"),
    "mistakes": ("Images", "mistakes"),
}
for name in STUDY.covered:
    FIGURES[f"ablation_{name}"] = ("Ablations", "ablation")
    design = STUDY.ablations[name].declaration.design
    if design in ("ladder", "grid"):
        FIGURES[f"{design}_{name}"] = ("Ablations", design)

COLLECTED = multiext(
    "results/{scale}/tables/",
    "runs.csv",
    "epochs.csv",
    "layers.csv",
    "gaps.csv",
    "confusion.csv",
    "mistakes.csv",
    "mistakes.npz",
)
TABLES = [
    *COLLECTED,
    *multiext(
        "results/{scale}/tables/",
        "rates.csv",
        "pictures.npz",
        "comparisons.csv",
        "spreads.csv",
    ),
]
PUBLISHED = multiext("paper/", "published.yaml", "claims.yaml", "logs.csv")
READING = [
    "report/collect.py",
    "report/mistakes.py",
    "report/published.py",
    "report/reading.py",
    "report/statistics.py",
    "report/tables.py",
    "report/verdicts.py",
    "report/wording.py",
    "report/writing.py",
]
JUDGING = ["report/claims.py", "report/curves.py"]
DRAWING = [
    "report/ablation_figures.py",
    "report/drawing.py",
    "report/figures.py",
    "report/image_figures.py",
    "report/paper_figures.py",
    "report/study_figures.py",
]
RENDERING = [
    "report/context.py",
    "report/findings.py",
    "report/html.py",
    "report/latex.py",
    "report/paper_tables.py",
    "report/pdf.py",
    "report/printed.py",
    "report/prose.py",
    "report/render.py",
    "report/study_tables.py",
]


# On a cluster these are a minute's work for the machine that submits.
localrules:
    collect,
    compare,
    claims,
    figures,
    report,
    pdf,


rule collect:
    input:
        study="results/{scale}/study.json",
        summaries=[
            f"results/{SCALE}/runs/{run}/seed{seed}/summary.json"
            for run, seed in STUDY.runs_of(*STUDY.covered)
        ],
    output:
        COLLECTED,
        hits="results/{scale}/tables/hits.npz",
    log:
        "results/{scale}/logs/collect.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest(
            "report/collect.py",
            "report/mistakes.py",
            "report/reading.py",
            "report/writing.py",
        ),
    shell:
        "exec python -m report.collect results/{wildcards.scale} > {log:q} 2>&1"


rule compare:
    input:
        study="results/{scale}/study.json",
        runs="results/{scale}/tables/runs.csv",
        hits="results/{scale}/tables/hits.npz",
    output:
        comparisons=report(
            "results/{scale}/tables/comparisons.csv",
            caption="captions/comparisons.rst",
            category="Tables",
        ),
        spreads="results/{scale}/tables/spreads.csv",
    log:
        "results/{scale}/logs/compare.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest(
            "report/statistics.py",
            "report/collect.py",
            "report/mistakes.py",
            "report/reading.py",
            "report/writing.py",
        ),
    shell:
        "exec python -m report.statistics results/{wildcards.scale} > {log:q} 2>&1"


rule claims:
    input:
        TABLES,
        study="results/{scale}/study.json",
        published=PUBLISHED,
    output:
        report(
            "results/{scale}/tables/claims.csv",
            caption="captions/claims.rst",
            category="Tables",
        ),
    log:
        "results/{scale}/logs/claims.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest(*JUDGING, *READING),
    shell:
        "exec python -m report.claims results/{wildcards.scale} --write-only > {log:q} 2>&1"


rule figures:
    input:
        TABLES,
        study="results/{scale}/study.json",
        published=PUBLISHED,
    output:
        [
            report(
                f"results/{{scale}}/figures/{figure}.svg",
                caption=f"captions/{caption}.rst",
                category=category,
                labels={"figure": figure},
            )
            for figure, (category, caption) in FIGURES.items()
        ],
        expand(
            "results/{{scale}}/figures/{figure}.{kind}",
            figure=FIGURES,
            kind=["narrow.svg", "pdf", "csv", "json"],
        ),
    log:
        "results/{scale}/logs/figures.log",
    conda:
        "../environment.yml"
    threads: 4
    params:
        code=code_digest(*DRAWING, *READING),
    shell:
        "exec python -m report.figures results/{wildcards.scale} --processes {threads}"
        " > {log:q} 2>&1"


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
            kind=["svg", "narrow.svg", "csv", "json"],
        ),
        templates=multiext("report/templates/report.", "html.j2", "tex.j2"),
        static=multiext("report/static/report.", "css", "js"),
    output:
        page=report(
            "results/{scale}/report/index.html",
            caption="captions/page.rst",
            category="Report",
        ),
        latex="results/{scale}/report/report.tex",
    log:
        "results/{scale}/logs/report.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest(*RENDERING, *DRAWING, *JUDGING, *READING),
    shell:
        "exec python -m report.render results/{wildcards.scale} > {log:q} 2>&1"


rule pdf:
    input:
        latex="results/{scale}/report/report.tex",
        figures=expand("results/{{scale}}/figures/{figure}.pdf", figure=FIGURES),
    output:
        report(
            "results/{scale}/report/report.pdf",
            caption="captions/pdf.rst",
            category="Report",
        ),
    log:
        "results/{scale}/logs/pdf.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest("report/pdf.py"),
    shell:
        "exec python -m report.pdf results/{wildcards.scale} > {log:q} 2>&1"


onsuccess:
    # Snakemake knows of every record now; what was kept of them beside is not needed.
    for kept in Path(f"results/{SCALE}/checkpoints").glob("*.done"):
        shutil.rmtree(kept)
    # Without an engine there is the page and report.tex, and a line that says so.
    if not engine():
        print(NO_ENGINE)
