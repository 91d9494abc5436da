# From run records to tables, figures, and the report: as a page, as LaTeX, and as PDF.
import shutil
import sys
import time
from pathlib import Path

from report.draw.registry import EntryError, figures_of
from report.completion import summary_lines
from report.page.pdf import NO_ENGINE, engine
from resnet.files import listed

STARTED = time.time()

# Every figure that is registered, of this study's ablations.
DESIGNS = {name: STUDY.ablations[name].declaration.design for name in STUDY.covered}
try:
    FIGURES = {
        figure.name: figure.entry for figure in figures_of(DESIGNS, STUDY.home.paper)
    }
except EntryError as error:
    sys.exit(f"error: {error}")

PLANNED = STUDY.runs_of(*STUDY.covered)
LATER = sorted({*STUDY.runs_of(*STUDY.covered, later=True)} - {*PLANNED})

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
        "networks.csv",
        "pictures.npz",
        "comparisons.csv",
        "spreads.csv",
    ),
]
# The study's paper: what was published, and what only its report has.
PAPER = STUDY.home.paper.relative_to(workflow.basedir).as_posix()
PUBLISHED = [
    *map(
        str,
        [path for kind in ("yaml", "csv") for path in listed(Path(PAPER), f"*.{kind}")],
    ),
    *map(str, listed(Path("report/claim_types"), "*.yaml")),
]
# What each step runs is covered by folder, so that a module that is added is covered, too.
READING = [
    "report/claim_types",
    "report/read",
    "report/wording.py",
    "report/writing.py",
]
JUDGING = ["report/judge", *READING]
DRAWING = ["report/draw", PAPER, *JUDGING]
RENDERING = ["report/page", "report/share", "report/render.py", *DRAWING]


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
            for run, seed in PLANNED
        ],
        # Seeds of later looks, as far as they were trained.
        later=[
            summary
            for run, seed in LATER
            if Path(
                summary := f"results/{SCALE}/runs/{run}/seed{seed}/summary.json"
            ).is_file()
        ],
    output:
        COLLECTED,
        hits="results/{scale}/tables/hits.npz",
    log:
        "results/{scale}/logs/collect.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest(*READING),
    shell:
        "exec python -m report.read.records results/{wildcards.scale} > {log:q} 2>&1"


rule compare:
    input:
        study="results/{scale}/study.json",
        runs="results/{scale}/tables/runs.csv",
        hits="results/{scale}/tables/hits.npz",
        # A claim's family decides at which level an effect is found.
        published=PUBLISHED,
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
        code=code_digest(*JUDGING),
    shell:
        "exec python -m report.judge.comparisons results/{wildcards.scale} > {log:q} 2>&1"


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
        code=code_digest("report/claims.py", *JUDGING),
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
                caption="captions/figure.rst",
                category="Figures",
                labels={"figure": figure, "shows": entry.about},
            )
            for figure, entry in FIGURES.items()
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
        code=code_digest(*DRAWING),
    shell:
        "exec python -m report.draw.all_figures results/{wildcards.scale} --processes {threads}"
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
        # What `python -m resnet.verify` found, where it was called.
        receipts=[
            receipt
            for receipt in multiext(
                f"results/{SCALE}/", "verification.json", "kept.json"
            )
            if Path(receipt).is_file()
        ],
        templates=[
            str(path)
            for place in ("report/page", f"{PAPER}/sections")
            for path in listed(Path(place), "**/*.j2")
        ],
        static=multiext("report/page/static/report.", "css", "js"),
    output:
        page=report(
            "results/{scale}/report/index.html",
            caption="captions/page.rst",
            category="Report",
        ),
        latex="results/{scale}/report/report.tex",
        given=multiext(
            "results/{scale}/report/",
            *("share.png", "summary.md", "table.tex", "checklist.md", "model_card.md"),
        ),
        crate="results/{scale}/ro-crate-metadata.json",
    log:
        "results/{scale}/logs/report.log",
    conda:
        "../environment.yml"
    params:
        code=code_digest(*RENDERING),
        # The page leads to the PDF.
        pdf=bool(engine()),
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
        code=code_digest("report/page/pdf.py"),
    shell:
        "exec python -m report.page.pdf results/{wildcards.scale} > {log:q} 2>&1"


onsuccess:
    # Snakemake knows of the records of this call now; what was kept of them beside is not needed. Nor is
    # what an earlier call left, unless Snakemake holds some output for incomplete, and will make it again.
    unsure = any(
        path.is_file() for path in Path(".snakemake/incomplete").rglob("*")
    )
    for kept in Path(f"results/{SCALE}/checkpoints").glob(".*.seed*.pt.*.done"):
        run, _, seed = kept.name[1:].partition(".pt.")[0].rpartition(".")
        known = Path(f"results/{SCALE}/runs/{run}/{seed}/SHA256SUMS").is_file()
        if kept.stat().st_mtime >= STARTED or known and not unsure:
            shutil.rmtree(kept)
    print(
        *summary_lines(Path(f"results/{SCALE}"), STARTED), sep="\n", file=sys.stderr
    )
    # Without an engine there is the page and report.tex, and a line that says so.
    if not engine():
        print(NO_ENGINE, file=sys.stderr)


onerror:
    print(
        "What is finished is kept: the same call goes on from there, and `make partial-report`"
        " with the same SCALE and CONFIG shows it.",
        file=sys.stderr,
    )
