"""Run configs in the records of earlier versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resnet.config.changes import from_dict
from resnet.config.run_config import KINDS, RunConfig
from resnet.settings import ConfigError

FORMER: dict[str, dict[str, Any]] = {
    "model": {
        "blocks": [2, 4, 3, 3],
        "channels": [32, 32, 64, 128, 256],
        "stem_kernel": 3,
        "stage_kernels": [5, 5, 3, 3],
        "stem_stride": 1,
        "stage_strides": [1, 2, 2, 2],
        "maxpool": False,
        "stride_in_block": "first",
        "shortcut_kernel": 1,
        "convolutions_per_block": 2,
        "zero_init_residual": False,
        "enlarge": 1.0,
    },
    "optimizer": {"kernel_learning_rate": 0.02, "momentum": 0.0, "nesterov": False},
    "schedule": {"step_every": "batch", "t_max": None, "eta_min": 0.0, "warmup_fraction": 0.3},
}
"""Settings that all kinds of a group had in records up to commit 4f77428, and their defaults."""


def from_record(mapping: Mapping[str, Any]) -> RunConfig:
    """Return the config of a run record, including records of older versions.

    A setting that its kind no longer has is dropped if it has its former default, or if the kind
    has no settings: a constant learning rate never had a period.

    Raises
    ------
    ConfigError
        As in `changed`.
    """
    return from_dict(without_former(mapping))


def without_former(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's config without the settings that its kinds no longer have (`FORMER`)."""
    if not isinstance(mapping, Mapping):
        raise ConfigError("config", mapping, "allowed is a mapping of settings")
    found = dict(mapping)
    for group, former in FORMER.items():
        part = found.get(group)
        kind = KINDS[group].get(str(part.get("name"))) if isinstance(part, Mapping) else None
        if kind and isinstance(part, Mapping):
            known = kind.__struct_fields__
            found[group] = {
                key: value
                for key, value in part.items()
                if key in known or key not in former or (known and value != former[key])
            }
    return found
