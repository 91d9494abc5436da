"""The run config: every setting that changes a result.

This package doesn't import torch, because Snakemake imports it at every call.
"""

from resnet.config.changes import changed, from_dict
from resnet.config.former import FORMER, from_record
from resnet.config.names import GROUPS, SETTINGS, flatten, parse_setting, titles
from resnet.config.plain import defaults, to_dict, to_json, work_of
from resnet.config.run_config import KINDS, RunConfig

__all__ = [
    "FORMER",
    "GROUPS",
    "KINDS",
    "SETTINGS",
    "RunConfig",
    "changed",
    "defaults",
    "flatten",
    "from_dict",
    "from_record",
    "parse_setting",
    "titles",
    "to_dict",
    "to_json",
    "work_of",
]
