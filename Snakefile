# The whole study, in order: declarations, data and training, report.
from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"


include: "ablations/harness/ablations.smk"
include: "resnet/train.smk"
include: "report/report.smk"


rule all:
    default_target: True
    input:
        f"results/{SCALE}/report/index.html",
        [f"results/{SCALE}/report/report.pdf"] if engine() else [],
