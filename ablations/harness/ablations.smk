# What the study is made of: one target rule an ablation, and what the report knows of them.
import hashlib
import json
import os
import sys

# Jobs call `python`: the one that runs Snakemake, also where its environment isn't activated.
os.environ |= {
    "PATH": os.pathsep.join([os.path.dirname(sys.executable), *os.get_exec_path()]),
    # Jobs find this project's modules, also under PYTHONSAFEPATH or from another folder.
    "PYTHONPATH": os.pathsep.join(
        filter(None, [workflow.basedir, os.environ.get("PYTHONPATH", "")])
    ),
    "PYTHONUTF8": "1",
}
# Jobs ignore the caller's settings of warnings and of Matplotlib, which would change figures or stop a job.
for ambient in ("PYTHONWARNINGS", "MPLBACKEND", "MATPLOTLIBRC"):
    os.environ.pop(ambient, None)
if not any(map(os.environ.get, ("LOGNAME", "USER", "LNAME", "USERNAME"))):
    # Snakemake asks who calls; in containers a user's number may have no name.
    os.environ |= {"USER": str(os.getuid())}
sys.path.insert(0, workflow.basedir)

from ablations.harness.declarations.document import DeclarationError, read
from ablations.harness.options import CONFIG, ELSEWHERE, check_complete
from ablations.harness.resolve import check_memory, resolve
from ablations.harness.study import to_document
from resnet.config import to_json
from resnet.files import listed

# Only an executor elsewhere, as on a cluster, has a limit of jobs beside that of cores.
REMOTE = workflow.global_resources["_nodes"].value is not None

# Snakemake would let profiles/default, which is about this machine alone, win over it.
# (A flag or the variable SNAKEMAKE_PROFILE may name it, in many ways, so both are searched for the folder's name.)
said = f"{' '.join(sys.argv)} {os.environ.get('SNAKEMAKE_PROFILE', '')}"
if "profiles/slurm" in said and "--workflow-profile" not in said:
    sys.exit(
        "error: profiles/slurm belongs to this workflow, and with --profile profiles/default would "
        "win over it; say --workflow-profile profiles/slurm"
    )

if os.path.realpath(os.getcwd()) != os.path.realpath(workflow.basedir):
    sys.exit(
        f"error: works in the project's own folder: cd {workflow.basedir}, without --directory or -s;"
        " for results elsewhere, make `results` a link"
    )

try:
    # Snakemake takes the last of two equal keys without a word.
    read(CONFIG)
    check_complete(config)
    STUDY = resolve(config)
    if workflow.is_main_process:
        # The report reads the paper's facts and claims, after hours of training. (The import takes
        # a second, which jobs need not wait for.)
        from ablations.planning.claims import check_paper

        check_paper(STUDY)
        # What another machine trains has that machine's memory.
        if not REMOTE:
            check_memory(STUDY, config["gpu"])
except DeclarationError as error:
    # Not an exception, to which Snakemake would add the lines of this file.
    sys.exit(f"error: {error}")

# The folder of results: the scale, or another where data or length are not the scale's.
SCALE = STUDY.folder
DATASET = STUDY.scale.dataset
# The configs as text: a changed value replans its run alone.
RUNS = {run: to_json(run_config) for run, run_config in STUDY.runs.items()}

# Ablations that YAML can't say are rules of their own, that write run records of the same form.
for rules in listed(STUDY.home.ablations, "*.smk"):

    include: str(rules)


localrules:
    study,


rule study:
    output:
        "results/{scale}/study.json",
    log:
        "results/{scale}/logs/study.log",
    conda:
        "../../environment.yml"
    params:
        # What is written, so that a changed title or a new file rewrites it, and a comment doesn't.
        digest=hashlib.sha256(json.dumps(to_document(STUDY)).encode()).hexdigest()[:16],
        # What `auto` means was found out here, and where a job runs it might mean another.
        options=[
            f"{key}={json.dumps(value)}"
            for key, value in {**config, "scale": STUDY.scale.name}.items()
            if value is not None and key not in ELSEWHERE
        ],
    shell:
        "exec python -m ablations document --output {output:q} --config {params.options:q}"
        " > {log:q} 2>&1"
