"""Name, type, default and legal values of every setting that changes a result.

The settings of networks, optimizers and schedules are defined in their own folders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, Union

from msgspec import Meta, field

from resnet.images.dataset import Dataset
from resnet.images.datasets import DATASETS
from resnet.network.resnet import settings as resnet
from resnet.registry import OF_GROUPS, TRANSFORMS, kinds, modules
from resnet.settings import ConfigError, Group, Share
from resnet.training.optimizers.sgd import settings as sgd
from resnet.training.schedules.constant import settings as constant

KINDS = {group: kinds(package) for group, package in OF_GROUPS.items()}
"""The groups that have several kinds, and the settings class of each kind by name."""

if TYPE_CHECKING:
    from resnet.network.settings import NetworkSettings as Network
    from resnet.training.optimizers.settings import OptimizerSettings as Optimizer
    from resnet.training.schedules.settings import ScheduleSettings as Schedule

    DatasetName: TypeAlias = str
    TransformName: TypeAlias = str
else:
    Network, Optimizer, Schedule = (
        Union[tuple(KINDS[group].values())]  # noqa: UP007 - made of what is registered
        for group in ("model", "optimizer", "schedule")
    )
    DatasetName, TransformName = Literal[tuple(DATASETS)], Literal[tuple(modules(TRANSFORMS))]

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

    held_out_images: Annotated[int, Meta(ge=0, le=10_000_000, title="held out of them")] = 0


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
