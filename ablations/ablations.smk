# What the study is made of: one target rule an ablation, and what the report knows of them.
import os
import sys

from snakemake.exceptions import WorkflowError

# Jobs call `python`: the one that runs Snakemake, also where its environment isn't activated.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
sys.path.insert(0, workflow.basedir)

from ablations.document import DeclarationError
from ablations.registry import resolve, to_document
from resnet.config import to_json

try:
    STUDY = resolve(config)
except DeclarationError as error:
    raise WorkflowError(error) from None

SCALE = STUDY.scale.name
DATASET = STUDY.scale.dataset
# The configs as text: a changed value replans its run alone.
RUNS = {run: to_json(run_config) for run, run_config in STUDY.runs.items()}
