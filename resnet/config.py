"""What decides a run's numbers: every setting's name, type, default and legal values.

Imports no torch: Snakemake reads this module at every call. The networks', optimizers' and
schedules' settings stand in the folders of these.
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
"""The groups that have several kinds, each with its kinds by name."""

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
    """Which images, and how many of the training set (the first ones of a fixed order)."""

    dataset: Annotated[DatasetName, Meta(title="data set")] = "cifar10"
    training_images: Annotated[int, Meta(ge=2, le=10_000_000, title="training images")] = 50_000
    # "half" maps [0, 255] to [-1, 1] (mean and deviation 0.5, the paper's); "channel" uses the
    # training images' own mean and deviation.
    normalization: Annotated[Literal["half", "channel"], Meta(title="normalisation")] = "half"


class Augmentation(Group, frozen=True):
    """The copies of the training set that make up an epoch, each with its transforms in order."""

    copies: Annotated[
        tuple[Copy, ...], Meta(min_length=1, max_length=16, title="copies in an epoch")
    ] = ((),)


class Evaluation(Group, frozen=True):
    """What is evaluated, and how.

    ``averaging_share`` is the time constant of an exponential moving average of the weights, as a
    share of the run: that average is evaluated and saved (Polyak & Juditsky 1992,
    doi:10.1137/0330046); 0 averages nothing. ``flip`` means the mean of the logits of an image and
    of its mirror image. ``shift`` means half of that and half of the mean over the image moved by a
    pixel up and left, and down and right (Jordan 2024, arXiv:2404.00498).
    """

    averaging_share: Annotated[Share, Meta(title="weights averaged over this share of the run")] = (
        0.0
    )
    flip: Annotated[bool, Meta(title="mirror images scored too")] = False
    shift: Annotated[bool, Meta(title="moved images scored too")] = False


class Budget(Group, frozen=True):
    """How long a run trains: training images seen, every copy counted."""

    images_seen: Annotated[int, Meta(ge=1, le=10_000_000_000, title="images seen")] = 500_000


class Selection(Group, frozen=True):
    """Training images kept out of training, to choose by; 0 chooses nothing."""

    held_out_images: Annotated[int, Meta(ge=0, le=49_000, title="held out of them")] = 0


class RunConfig(Group, frozen=True):
    """Everything that decides a run's numbers.

    ``compile`` runs the network through ``torch.compile``, on a GPU as CUDA graphs, after a minute
    of compiling (see benchmarks/results.md for what it gains).

    Raises
    ------
    ConfigError
        Where two settings contradict each other.
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
        """Images in an epoch: every copy of the images trained on."""
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
    """Return the kinds of every group by name; a group of one kind has it under its own name."""
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
"""Every dotted key of a run config, with the groups or kinds that have it."""


def titles() -> dict[str, str]:
    """Return every setting's name for readers, by its dotted key."""
    found = {f"{group}.name": group.replace("model", "network") for group in KINDS}
    for key, owner in _owners():
        notes = getattr(hints(owner)[key.rpartition(".")[2]], "__metadata__", ())
        said = [meta.title for meta in notes if isinstance(meta, Meta) and meta.title]
        found.setdefault(key, said[-1] if said else key.rpartition(".")[2].replace("_", " "))
    return found


def parse_setting(key: str, value: Any) -> Any:
    """Return ``value`` in the type of the setting ``key``, for any of the kinds that have it.

    Raises
    ------
    ConfigError
        Where the key is unknown or the value isn't legal.
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
    """Return nested groups as dotted keys: ``{"model": {"maxpool": x}}`` as ``model.maxpool``."""
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

    Where a group's ``name`` becomes another kind, the settings that both kinds have are kept.

    Raises
    ------
    ConfigError
        Where a key is unknown, a value isn't legal, or the result contradicts itself.
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
    """Return the config as nested plain data, no default left out."""
    plain: dict[str, Any] = json.loads(msgspec.json.encode(config))
    return plain


@cache
def to_json(config: RunConfig) -> str:
    """Return the config's identity: one line of JSON with what is not at its default.

    Equal configs give equal text, also when a setting is added.
    """
    return json.dumps(identity(config), sort_keys=True, separators=(",", ":"))


def identity(config: RunConfig) -> dict[str, Any]:
    """Return the settings that are not at their defaults, as nested plain data."""
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
    """Return what of a config decides how long an image takes."""
    plain = to_dict(config)
    return {
        **{group: plain[group] for group in ("model", "augmentation", "evaluation")},
        "batch_size": config.batch_size,
        "image_size": config.dataset.image_size,
        "optimizer": kind_of(config.optimizer),
        "compile": config.compile,
    }


def defaults() -> dict[str, Any]:
    """Return every setting's default as plain data: of a group with kinds, by kind."""
    plain = to_dict(RunConfig())
    for group, members in KINDS.items():
        plain[group] = {name: _plain(_values(kind())) for name, kind in members.items()}
    return plain


def from_dict(mapping: Mapping[str, Any]) -> RunConfig:
    """Return the config that ``mapping`` (nested or dotted) says, each kind's defaults filled in.

    Raises
    ------
    ConfigError
        As `changed`.
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
"""Settings that every kind of a group had in records up to commit 4f77428, with their defaults."""


def from_record(mapping: Mapping[str, Any]) -> RunConfig:
    """Return the config of a run record, also of an older one.

    A setting that its kind no longer has is dropped where it is at its former default.

    Raises
    ------
    ConfigError
        As `changed`.
    """
    return from_dict(without_former(mapping))


def without_former(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's config without settings that its kinds no longer have (see `FORMER`)."""
    if not isinstance(mapping, Mapping):
        raise ConfigError("config", mapping, "allowed is a mapping of settings")
    found = dict(mapping)
    for group, former in FORMER.items():
        part = found.get(group)
        kind = KINDS[group].get(part.get("name", "")) if isinstance(part, Mapping) else None
        if kind and isinstance(part, Mapping):
            known = kind.__struct_fields__
            found[group] = {
                key: value
                for key, value in part.items()
                if key in known or key not in former or value != former[key]
            }
    return found
