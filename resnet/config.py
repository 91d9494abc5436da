"""What decides a run's numbers: every setting's name, type, default and legal values.

Imports no torch: Snakemake reads this module at every call.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from resnet.settings import (
    UNSET,
    Allowed,
    choice,
    copies,
    flag,
    integer,
    listing,
    odd,
    optional,
    real,
    setting,
)


@dataclass(frozen=True)
class Dataset:
    """A data set's fixed facts: images are square, RGB, uint8."""

    classes: tuple[str, ...]
    image_size: int
    training_images: int
    test_images: int


DATASETS = {
    # Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images.
    "cifar10": Dataset(
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        32,
        50_000,
        10_000,
    ),
    # scikit-learn's bundled digits: 1,797 grey images of 8x8, repeated to three channels.
    "digits": Dataset(tuple("0123456789"), 8, 1_437, 360),
}

TRANSFORMS = (
    "random_resized_crop",
    "random_crop",
    "horizontal_flip",
    "random_horizontal_flip",
    "vertical_flip",
    "random_rotation",
    "cutout",
)


class ConfigError(ValueError):
    """A setting that can't be: which, what was given, what is allowed."""

    def __init__(self, key: str, value: Any, allowed: str) -> None:
        self.key, self.value, self.allowed = key, value, allowed
        named = key if key.replace(".", "_").isidentifier() else json.dumps(key)
        super().__init__(
            f"{_short(named)}: got {_short(json.dumps(value, default=str))}; {allowed}"
        )


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


# --- the settings ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """The network; the defaults are the paper's final model of 4,978,730 parameters.

    Channels list the stem first, then the four stages (He et al. 2016, arXiv:1512.03385); images'
    sides grow by ``enlarge`` before the stem. ``torchvision_resnet18`` is torchvision's
    own network as it comes: the rest then stays at its defaults, whatever a change starts from.
    """

    name: str = setting("resnet", choice("resnet", "torchvision_resnet18"))
    blocks: tuple[int, ...] = setting((2, 4, 3, 3), listing(4, integer(1, 64)))
    channels: tuple[int, ...] = setting((32, 32, 64, 128, 256), listing(5, integer(1, 4096)))
    stem_kernel: int = setting(3, odd(1, 15))
    stage_kernels: tuple[int, ...] = setting((5, 5, 3, 3), listing(4, odd(1, 15)))
    stem_stride: int = setting(1, integer(1, 8))
    stage_strides: tuple[int, ...] = setting((1, 2, 2, 2), listing(4, integer(1, 8)))
    maxpool: bool = setting(False, flag())
    stride_in_block: str = setting("first", choice("first", "second"))
    shortcut_kernel: int = setting(1, odd(1, 15))
    convolutions_per_block: int = setting(2, integer(1, 8))
    # Every block starts as its shortcut alone (Goyal et al. 2017, arXiv:1706.02677, section 5.1).
    zero_init_residual: bool = setting(False, flag())
    enlarge: float = setting(1.0, real(1.0, 8.0))


@dataclass(frozen=True)
class Data:
    """Which images, and how many of the training set (the first ones of a fixed order)."""

    dataset: str = setting("cifar10", choice(*DATASETS))
    training_images: int = setting(50_000, integer(2, 50_000))
    # "half" maps [0, 255] to [-1, 1] (mean and deviation 0.5, the paper's); "channel" uses the
    # training images' own mean and deviation.
    normalization: str = setting("half", choice("half", "channel"))


@dataclass(frozen=True)
class Augmentation:
    """The copies of the training set that make up an epoch, each with its transforms in order."""

    copies: tuple[tuple[str, ...], ...] = setting(((),), copies(TRANSFORMS))


@dataclass(frozen=True)
class Optimizer:
    """The optimizer and its constants; momentum and nesterov are SGD's and Muon's.

    ``muon`` (see `resnet.muon`) moves the kernels of convolutions at ``kernel_learning_rate``, and
    the rest as SGD does.
    """

    name: str = setting("sgd", choice("sgd", "adam", "adamw", "muon"))
    learning_rate: float = setting(0.1, real(1e-8, 100.0))
    kernel_learning_rate: float = setting(0.02, real(1e-8, 100.0))
    momentum: float = setting(0.0, real(0.0, 0.9999))
    nesterov: bool = setting(False, flag())
    weight_decay: float = setting(0.0, real(0.0, 10.0))
    # Whether weight decay pulls at norms and biases, too (He et al. 2019, arXiv:1812.01187, section
    # 3.1, leave them out).
    decay_norms: bool = setting(True, flag())


@dataclass(frozen=True)
class Schedule:
    """The learning rate over the run.

    ``cosine`` is Loshchilov & Hutter's (2017, arXiv:1608.03983) without restarts: beyond
    ``t_max`` steps it rises again, with period 2 ``t_max``; null is the whole run. ``one_cycle``
    (Smith & Topin 2019, arXiv:1708.07120) rises over ``warmup_fraction`` of the run, then falls.
    """

    name: str = setting("constant", choice("constant", "cosine", "one_cycle"))
    step_every: str = setting("batch", choice("batch", "epoch"))
    t_max: int | None = setting(None, optional(integer(1, 10_000_000)))
    eta_min: float = setting(0.0, real(0.0, 100.0))
    warmup_fraction: float = setting(0.3, real(0.0, 0.99))


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated, and how.

    ``averaging_share`` is the time constant of an exponential moving average of the weights, as a
    share of the run: that average is evaluated and saved (Polyak & Juditsky 1992,
    doi:10.1137/0330046); 0 averages nothing. ``flip`` means the mean of the logits of an image and
    of its mirror image. ``shift`` means half of that and half of the mean over the image moved by a
    pixel up and left, and down and right (Jordan 2024, arXiv:2404.00498).
    """

    averaging_share: float = setting(0.0, real(0.0, 1.0))
    flip: bool = setting(False, flag())
    shift: bool = setting(False, flag())


@dataclass(frozen=True)
class Budget:
    """How long a run trains: training images seen, every copy counted."""

    images_seen: int = setting(500_000, integer(1, 10_000_000_000))


@dataclass(frozen=True)
class Selection:
    """Training images kept out of training, to choose by; 0 chooses nothing."""

    held_out_images: int = setting(0, integer(0, 49_000))


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's numbers.

    ``compile`` runs the network through ``torch.compile``, on a GPU as CUDA graphs, after a minute
    of compiling (see benchmarks/results.md for what it gains).

    Raises
    ------
    ConfigError
        Where two settings contradict each other.
    """

    model: Model = field(default_factory=Model)
    data: Data = field(default_factory=Data)
    augmentation: Augmentation = field(default_factory=Augmentation)
    optimizer: Optimizer = field(default_factory=Optimizer)
    schedule: Schedule = field(default_factory=Schedule)
    evaluation: Evaluation = field(default_factory=Evaluation)
    budget: Budget = field(default_factory=Budget)
    selection: Selection = field(default_factory=Selection)
    batch_size: int = setting(128, integer(1, 65_536))
    drop_last: bool = setting(True, flag())
    label_smoothing: float = setting(0.0, real(0.0, 0.99))
    precision: str = setting("auto", choice("auto", "fp32", "bf16"))
    compile: bool = setting(False, flag())
    seed: int = setting(0, integer(0, 2**31 - 1))

    def __post_init__(self) -> None:
        _check_together(self)

    @property
    def epoch_images(self) -> int:
        """Images in an epoch: every copy of the images trained on."""
        images = self.data.training_images - self.selection.held_out_images
        return images * len(self.augmentation.copies)

    @property
    def image_size(self) -> int:
        """Width and height of an image, in pixels."""
        return DATASETS[self.data.dataset].image_size


def _check_together(config: RunConfig) -> None:
    model, data, held_out = config.model, config.data, config.selection.held_out_images
    if model.name != "resnet" and model != Model(name=model.name):
        raise ConfigError(
            "model.name", model.name, "it comes as it is: leave out the other model settings"
        )
    if model.stride_in_block == "second" and model.convolutions_per_block == 1:
        raise ConfigError(
            "model.stride_in_block", "second", "a block of one convolution has no second"
        )
    available = DATASETS[data.dataset].training_images
    if data.training_images > available:
        raise ConfigError(
            "data.training_images", data.training_images, f"{data.dataset} has {available:,}"
        )
    if held_out >= data.training_images:
        raise ConfigError(
            "selection.held_out_images",
            held_out,
            f"must leave some of the {data.training_images:,} training images to train on",
        )
    if config.optimizer.nesterov and config.optimizer.momentum == 0:
        raise ConfigError("optimizer.nesterov", True, "needs optimizer.momentum above 0")
    if config.optimizer.name in ("adam", "adamw") and config.optimizer.momentum:
        raise ConfigError(
            "optimizer.momentum",
            config.optimizer.momentum,
            "only sgd and muon have momentum; leave it 0",
        )
    if config.schedule.eta_min > config.optimizer.learning_rate:
        raise ConfigError(
            "schedule.eta_min",
            config.schedule.eta_min,
            f"must not exceed optimizer.learning_rate ({config.optimizer.learning_rate:g})",
        )
    _check_batches(config)


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


# --- size -----------------------------------------------------------------------------------


def estimate_memory(config: RunConfig) -> int:
    """Return about how many bytes training takes: an estimate made before anything is allocated.

    Weights in float32 are held four times (with their gradient and an optimizer's two averages);
    of each convolution's output a batch keeps three float32 copies (itself, normalised, and its
    gradient).
    """
    outputs = sum(width * pixels**2 * count for _, width, _, pixels, count in _convolutions(config))
    return 4 * (4 * estimate_parameters(config) + 3 * outputs * config.batch_size)


def estimate_flops(config: RunConfig) -> int:
    """Return about how many FLOPs an image takes forward: convolutions, a multiply-add as two."""
    return sum(
        2 * inputs * width * k**2 * pixels**2 * n
        for inputs, width, k, pixels, n in _convolutions(config)
    )


def memory_problem(config: RunConfig) -> str | None:
    """Return why this machine can't hold a run, or None where it can."""
    needed = estimate_memory(config)
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed <= there:
        return None
    return (
        f"would take about {needed / 2**30:,.0f} GiB of memory, and this machine has "
        f"{there / 2**30:,.0f}; allowed is a smaller network or batch_size"
    )


def estimate_parameters(config: RunConfig) -> int:
    """Return about how many parameters the network has, a projection in every stage counted."""
    return sum(inputs * width * k**2 * n for inputs, width, k, _, n in _convolutions(config))


def _convolutions(config: RunConfig) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield (inputs, outputs, kernel, width of the output in pixels, how many such)."""
    model, pixels = config.model, round(config.image_size * config.model.enlarge)
    if model.name != "resnet":
        model = Model("resnet", (2, 2, 2, 2), (64, 64, 128, 256, 512), 7, (3, 3, 3, 3), 2)
    stem, *widths = model.channels
    pixels = -(-pixels // model.stem_stride)
    yield 3, stem, model.stem_kernel, pixels, 1
    pixels = -(-pixels // 2) if model.maxpool else pixels
    inputs = stem
    for i, width in enumerate(widths):
        pixels = -(-pixels // model.stage_strides[i])
        count = model.blocks[i] * model.convolutions_per_block - 1
        yield inputs, width, model.stage_kernels[i], pixels, 1
        yield inputs, width, model.shortcut_kernel, pixels, 1
        yield width, width, model.stage_kernels[i], pixels, count
        inputs = width


# --- reading and writing --------------------------------------------------------------------


def _legal(owner: type, prefix: str = "") -> Iterator[tuple[str, Allowed | None]]:
    for item in dataclasses.fields(owner):
        default = item.default_factory if item.default_factory is not dataclasses.MISSING else None
        if isinstance(default, type):
            yield prefix + item.name, None
            yield from _legal(default, f"{prefix}{item.name}.")
        else:
            yield prefix + item.name, item.metadata["allowed"]


SETTINGS: dict[str, Allowed] = {key: a for key, a in _legal(RunConfig) if a is not None}
"""Every dotted key of a run config, with its legal values."""

GROUPS = tuple(key for key, a in _legal(RunConfig) if a is None)
"""The keys that hold settings of their own: ``model``, ``data``, ..."""


def nearest(word: str, words: Any) -> str:
    """Return ``; did you mean ...?`` for the legal word closest to ``word``, or nothing."""
    close = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def parse_setting(key: str, value: Any) -> Any:
    """Return ``value`` in the type of the setting ``key``.

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
    parsed = SETTINGS[key].parse(value)
    if parsed is None:
        raise ConfigError(key, value, SETTINGS[key].text)
    return None if parsed is UNSET else parsed


def flatten(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested groups as dotted keys: ``{"model": {"maxpool": x}}`` as ``model.maxpool``."""
    flat: dict[str, Any] = {}
    for name, value in mapping.items():
        key = f"{prefix}{name}"
        inner = flatten(value, f"{key}.") if _is_group(key, value) else {key: value}
        for twice in inner.keys() & flat.keys():
            raise ConfigError(twice, inner[twice], "said twice, dotted and in its group")
        flat |= inner
    return flat


def _is_group(key: str, value: Any) -> bool:
    return key in GROUPS and isinstance(value, Mapping)


def changed(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """Return ``config`` with the dotted keys in ``changes`` set.

    Raises
    ------
    ConfigError
        Where a key is unknown, a value isn't legal, or the result contradicts itself.
    """
    if not isinstance(changes, Mapping):
        raise ConfigError("config", changes, "allowed is a mapping of settings")
    groups: dict[str, dict[str, Any]] = {}
    top: dict[str, Any] = {}
    flat = flatten(changes)
    if flat.get("model.name", config.model.name) != config.model.name:
        config = dataclasses.replace(config, model=Model())
    for key, value in flat.items():
        parsed = parse_setting(key, value)
        group, _, name = key.rpartition(".")
        (groups.setdefault(group, {}) if group else top)[name] = parsed
    parts = {g: dataclasses.replace(getattr(config, g), **new) for g, new in groups.items()}
    return dataclasses.replace(config, **parts, **top)


def to_dict(config: RunConfig) -> dict[str, Any]:
    """Return the config as nested plain data, no default left out."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return plain


@cache
def to_json(config: RunConfig) -> str:
    """Return the config as one line of JSON, keys sorted: equal configs give equal text."""
    # As of dataclasses.asdict(config), which takes five times as long: a plan has many configs.
    return json.dumps(vars(config), default=vars, sort_keys=True)


def from_dict(mapping: Mapping[str, Any]) -> RunConfig:
    """Return the config that ``mapping`` (nested or dotted) says, defaults filled in.

    Raises
    ------
    ConfigError
        As `changed`.
    """
    return changed(RunConfig(), mapping)
