"""The run config: name, type, default and legal values of every setting that changes a result.

This module doesn't import torch, because Snakemake imports it at every call. The settings of
networks, optimizers and schedules are defined in their own folders.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union

import msgspec
from msgspec import Meta, field

from resnet.images.dataset import Dataset
from resnet.images.datasets import DATASETS
from resnet.network.resnet import settings as resnet
from resnet.registry import kinds, modules
from resnet.settings import (
    ConfigError,
    Group,
    Share,
    hints,
    kind_of,
    nearest,
    parse,
)
from resnet.training.optimizers.sgd import settings as sgd
from resnet.training.schedules.constant import settings as constant

KINDS: dict[str, dict[str, type[Group]]] = {
    "model": kinds("resnet.network"),
    "optimizer": kinds("resnet.training.optimizers"),
    "schedule": kinds("resnet.training.schedules"),
}
"""The groups that have several kinds, and the settings class of each kind by name."""

TRANSFORMS = tuple(modules("resnet.images.augmentation.transforms"))

if TYPE_CHECKING:
    from resnet.network.settings import NetworkSettings as Network
    from resnet.training.optimizers.settings import OptimizerSettings as Optimizer
    from resnet.training.schedules.settings import ScheduleSettings as Schedule

    DatasetName: TypeAlias = str
    TransformName: TypeAlias = str
else:
    Network, Optimizer, Schedule = (
        Union[tuple(KINDS[group].values())]  # noqa: UP007 - made of what is registered
        for group in KINDS
    )
    DatasetName, TransformName = Literal[tuple(DATASETS)], Literal[TRANSFORMS]

Copy = Annotated[tuple[TransformName, ...], Meta(max_length=8)]


class Data(Group, frozen=True):
    """The data set, and how many of its training images are used (the first, in a fixed order)."""

    dataset: Annotated[DatasetName, Meta(title="data set")] = "cifar10"
    training_images: Annotated[int, Meta(ge=2, le=10_000_000, title="training images")] = 50_000
    # "half" maps [0, 255] to [-1, 1] (mean and deviation 0.5, the paper's); "channel" uses the
    # training images' own mean and deviation.
    normalization: Annotated[Literal["half", "channel"], Meta(title="normalisation")] = "half"


class Augmentation(Group, frozen=True):
    """The copies of the training set in an epoch, each with its transforms in order."""

    copies: Annotated[
        tuple[Copy, ...], Meta(min_length=1, max_length=16, title="copies in an epoch")
    ] = ((),)


class Evaluation(Group, frozen=True):
    """Which weights are evaluated, and on which views of each image.

    ``averaging_share`` is the time constant of an exponential moving average of the weights, as a
    share of the run. The averaged weights are evaluated and saved (Polyak & Juditsky 1992,
    doi:10.1137/0330046); 0 turns averaging off. ``flip`` averages the logits of an image and of its
    mirror image. ``shift`` adds the image moved by a pixel up and left, and down and right; the
    mean of these two has weight one half (Jordan 2024, arXiv:2404.00498).
    """

    averaging_share: Annotated[Share, Meta(title="weights averaged over this share of the run")] = (
        0.0
    )
    flip: Annotated[bool, Meta(title="mirror images scored too")] = False
    shift: Annotated[bool, Meta(title="moved images scored too")] = False


class Budget(Group, frozen=True):
    """How long a run trains: the number of training images seen, counting every copy."""

    images_seen: Annotated[int, Meta(ge=1, le=10_000_000_000, title="images seen")] = 500_000


class Selection(Group, frozen=True):
    """Training images held out of training for model selection; 0 holds none out."""

    held_out_images: Annotated[int, Meta(ge=0, le=49_000, title="held out of them")] = 0


class RunConfig(Group, frozen=True):
    """All settings that change a run's result.

    ``compile`` runs the network through ``torch.compile``, on a GPU as CUDA graphs. Compiling takes
    about a minute (benchmarks/results.md has the speedup).

    Raises
    ------
    ConfigError
        If two settings contradict each other.
    """

    model: Network = field(default_factory=resnet.Settings)
    data: Data = field(default_factory=Data)
    augmentation: Augmentation = field(default_factory=Augmentation)
    optimizer: Optimizer = field(default_factory=sgd.Settings)
    schedule: Schedule = field(default_factory=constant.Settings)
    evaluation: Evaluation = field(default_factory=Evaluation)
    budget: Budget = field(default_factory=Budget)
    selection: Selection = field(default_factory=Selection)
    batch_size: Annotated[int, Meta(ge=1, le=65_536, title="batch size")] = 128
    drop_last: Annotated[bool, Meta(title="last, smaller batch dropped")] = True
    label_smoothing: Annotated[float, Meta(ge=0, le=0.99, title="label smoothing")] = 0.0
    precision: Annotated[Literal["auto", "fp32", "bf16"], Meta(title="precision asked for")] = (
        "auto"
    )
    compile: Annotated[bool, Meta(title="compiled")] = False
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1, title="seed")] = 0

    def __post_init__(self) -> None:
        self.schedule.check(self.optimizer)
        _check_images(self)
        _check_batches(self)

    @property
    def dataset(self) -> Dataset:
        """The data set's fixed facts."""
        return DATASETS[self.data.dataset]

    @property
    def epoch_images(self) -> int:
        """Images in an epoch: the training images not held out, times the number of copies."""
        images = self.data.training_images - self.selection.held_out_images
        return images * len(self.augmentation.copies)


def _check_images(config: RunConfig) -> None:
    data, held_out = config.data, config.selection.held_out_images
    if data.training_images > config.dataset.training_images:
        raise ConfigError(
            "data.training_images",
            data.training_images,
            f"{data.dataset} has {config.dataset.training_images:,}",
        )
    if held_out >= data.training_images:
        raise ConfigError(
            "selection.held_out_images",
            held_out,
            f"must leave some of the {data.training_images:,} training images to train on",
        )


def _check_batches(config: RunConfig) -> None:
    images, size = config.epoch_images, config.batch_size
    if config.drop_last and size > images:
        raise ConfigError(
            "batch_size", size, f"an epoch has {images:,} images; with drop_last none would be left"
        )
    if size == 1 or (not config.drop_last and images % size == 1):
        raise ConfigError(
            "batch_size",
            size,
            f"leaves a batch of one of the {images:,} images, where batch norm sees one value; "
            "set drop_last: true or another size",
        )


# --- the settings by name -------------------------------------------------------------------


def _groups() -> dict[str, dict[str, type[Group]]]:
    """Return the kinds of every group by name; a group's only kind has the group's name."""
    defaults = RunConfig()
    parts = {name: getattr(defaults, name) for name in RunConfig.__struct_fields__}
    single = {name: {name: type(part)} for name, part in parts.items() if isinstance(part, Group)}
    return single | KINDS


GROUPS = _groups()
"""The groups of settings, each with its kinds: ``model``, ``data``, ..."""


def _owners() -> Iterator[tuple[str, type[Group]]]:
    for group, members in GROUPS.items():
        for kind in members.values():
            yield from ((f"{group}.{name}", kind) for name in kind.__struct_fields__)
    yield from ((n, RunConfig) for n in RunConfig.__struct_fields__ if n not in GROUPS)


def _settings() -> dict[str, tuple[type[Group], ...]]:
    found: dict[str, tuple[type[Group], ...]] = {f"{group}.name": () for group in KINDS}
    for key, owner in _owners():
        found[key] = (*found.get(key, ()), owner)
    return found


SETTINGS = _settings()
"""Every dotted key of a run config, with the settings classes that define it."""


def titles() -> dict[str, str]:
    """Return the title of every setting, as shown in the report, by dotted key."""
    found = {f"{group}.name": group.replace("model", "network") for group in KINDS}
    for key, owner in _owners():
        notes = getattr(hints(owner)[key.rpartition(".")[2]], "__metadata__", ())
        said = [meta.title for meta in notes if isinstance(meta, Meta) and meta.title]
        found.setdefault(key, said[-1] if said else key.rpartition(".")[2].replace("_", " "))
    return found


def parse_setting(key: str, value: Any) -> Any:
    """Return ``value`` converted to the type of the setting ``key`` in any kind that has it.

    Raises
    ------
    ConfigError
        If the key is unknown or the value isn't legal.
    """
    if key not in SETTINGS:
        near = nearest(key, SETTINGS)
        raise ConfigError(
            key, value, f"no such setting{near}" if near else "no such setting (see resnet/config)"
        )
    group, _, name = key.rpartition(".")
    if group in KINDS and name == "name":
        return _parse_kind(group, value)
    problems: list[ConfigError] = []
    for owner in SETTINGS[key]:
        try:
            return parse(owner, key, value)
        except ConfigError as error:
            problems.append(error)
    raise problems[0]


def _parse_kind(group: str, value: Any) -> str:
    if not isinstance(value, str) or value not in KINDS[group]:
        near = nearest(str(value), KINDS[group])
        allowed = f"allowed is one of: {', '.join(KINDS[group])}"
        raise ConfigError(f"{group}.name", value, allowed + near)
    return value


def flatten(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested groups with dotted keys: ``{"model": {"maxpool": x}}`` as ``model.maxpool``."""
    flat: dict[str, Any] = {}
    for name, value in mapping.items():
        key = f"{prefix}{name}"
        nested = key in GROUPS and isinstance(value, Mapping)
        inner = flatten(value, f"{key}.") if nested else {key: value}
        for twice in inner.keys() & flat.keys():
            raise ConfigError(twice, inner[twice], "said twice, dotted and in its group")
        flat |= inner
    return flat


def changed(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """Return ``config`` with the dotted keys in ``changes`` set.

    If a group's ``name`` changes to another kind, the settings that both kinds have are kept.

    Raises
    ------
    ConfigError
        If a key is unknown, a value isn't legal, or two settings contradict each other.
    """
    return _with(config, changes, keep=True)


def _with(config: RunConfig, changes: Mapping[str, Any], keep: bool) -> RunConfig:
    if not isinstance(changes, Mapping):
        raise ConfigError("config", changes, "allowed is a mapping of settings")
    groups: dict[str, dict[str, Any]] = {}
    top: dict[str, Any] = {}
    for key, value in flatten(changes).items():
        group, _, name = key.rpartition(".")
        (groups.setdefault(group, {}) if group else top)[name] = parse_setting(key, value)
    parts = {g: _with_settings(g, getattr(config, g), new, keep) for g, new in groups.items()}
    return msgspec.structs.replace(config, **parts, **top)


def _with_settings(group: str, old: Group, new: dict[str, Any], keep: bool) -> Group:
    if group not in KINDS:
        return msgspec.structs.replace(old, **new)
    name = new.pop("name", kind_of(old))
    kind = KINDS[group][name]
    for key, value in new.items():
        if key not in kind.__struct_fields__:
            has = ", ".join(kind.__struct_fields__) or "none"
            near = nearest(key, kind.__struct_fields__)
            raise ConfigError(
                f"{group}.{key}",
                value,
                f"the {group} {name} has no such setting; it has {has}{near}",
            )
    shared = kind.__struct_fields__ if keep or kind is type(old) else ()
    kept = {key: getattr(old, key) for key in shared if hasattr(old, key)}
    values = {k: parse(kind, f"{group}.{k}", _plain(v)) for k, v in (kept | new).items()}
    return kind(**values)


# --- reading and writing --------------------------------------------------------------------


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def to_dict(config: RunConfig) -> dict[str, Any]:
    """Return the config as nested plain data, including defaults."""
    plain: dict[str, Any] = json.loads(msgspec.json.encode(config))
    return plain


@cache
def to_json(config: RunConfig) -> str:
    """Return the config's identity: one line of JSON with the settings that differ from defaults.

    Equal configs give equal text, even after a new setting is added to the project.
    """
    return json.dumps(identity(config), sort_keys=True, separators=(",", ":"))


def identity(config: RunConfig) -> dict[str, Any]:
    """Return the settings that differ from their defaults, as nested plain data."""
    found: dict[str, Any] = {}
    for name, default in _values(RunConfig()).items():
        value = getattr(config, name)
        if isinstance(value, Group):
            inner = {k: v for k, v in _values(value).items() if v != _values(type(value)())[k]}
            if kind_of(value) != kind_of(default):
                inner["name"] = kind_of(value)
            if inner:
                found[name] = _plain(inner)
        elif value != default:
            found[name] = value
    return found


def _values(group: Group) -> dict[str, Any]:
    return {name: getattr(group, name) for name in group.__struct_fields__}


def work_of(config: RunConfig) -> dict[str, Any]:
    """Return the parts of a config that determine the computing time per image."""
    plain = to_dict(config)
    return {
        **{group: plain[group] for group in ("model", "augmentation", "evaluation")},
        "batch_size": config.batch_size,
        "image_size": config.dataset.image_size,
        "optimizer": kind_of(config.optimizer),
        "compile": config.compile,
    }


def defaults() -> dict[str, Any]:
    """Return every setting's default as plain data; groups with several kinds are keyed by kind."""
    plain = to_dict(RunConfig())
    for group, members in KINDS.items():
        plain[group] = {name: _plain(_values(kind())) for name, kind in members.items()}
    return plain


def from_dict(mapping: Mapping[str, Any]) -> RunConfig:
    """Return the config that ``mapping`` (nested or dotted keys) describes, with defaults added.

    Raises
    ------
    ConfigError
        As in `changed`.
    """
    return _with(RunConfig(), mapping, keep=False)


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

    A setting that its kind no longer has is dropped if it has its former default.

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
                if key in known or key not in former or value != former[key]
            }
    return found
