"""Evaluate saved weights: ``python -m resnet.evaluate WEIGHTS --data FOLDER``.

The weights may be another project's (see `resnet.weights`). The images are the test images, as in
the paper's validation notebook.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from resnet.config import RunConfig, from_record
from resnet.files import end, read_json
from resnet.images.sources.cache import DataError, Split, describe, load, read_facts
from resnet.images.sources.prepare import read, source_in
from resnet.images.sources.source import contents
from resnet.network.build import build, count_parameters
from resnet.settings import ConfigError
from resnet.training.evaluation import Evaluation, evaluate
from resnet.weights.match import fill
from resnet.weights.read import read_weights

Constants = tuple[Tensor, Tensor]
"""The mean and deviation of the normalisation, of shape (3, 1, 1)."""


def test_images(where: str, config: RunConfig) -> tuple[Split, dict[str, Any]]:
    """Return the test images at ``where``, and the facts of the data.

    Parameters
    ----------
    where
        The folder of a cache or of a source, or the word ``digits``.
    config
        Names the data set.
    """
    folder = Path(where)
    dataset, sources = config.data.dataset, config.dataset.sources
    if (folder / "data.json").is_file():
        facts = read_facts(folder)
        if facts["dataset"] != dataset:
            raise DataError(f"{where}: contains {facts['dataset']}; the config needs {dataset}")
        return load(folder, "test"), facts
    if not folder.exists() and where not in sources:
        raise DataError(f"{where}: no such folder")
    source = sources[0] if len(sources) == 1 else source_in(dataset, folder)
    if source is None:
        raise DataError(f"{where}: no test images in a known form: {contents(folder)}")
    splits, pixels = read(dataset, source, folder)
    return splits["test"], describe(splits, dataset, source, pixels)


def constants(texts: list[str]) -> Constants:
    """Return the constants of a normalisation, each given as a number or three with commas.

    Raises
    ------
    ValueError
        If a text is neither, or a deviation is not positive.
    """
    mean, deviation = (_channels(text) for text in texts)
    if not bool((deviation > 0).all() and (deviation <= 1).all() and (mean.abs() <= 1).all()):
        raise ValueError(
            "--normalization: for pixels from 0 to 1, so means of at most 1 and deviations above 0 "
            f"and at most 1, got {' '.join(texts)}"
        )
    return mean, deviation


def _channels(text: str) -> Tensor:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, 3) or not all(abs(value) < 1e6 for value in values):
        raise ValueError(
            f"--normalization: expected a number, or three with commas and no spaces, got {text!r}"
        )
    return torch.tensor(values).expand(3).reshape(3, 1, 1)


def _config_of(weights: Path, given: Path | None) -> RunConfig:
    """Return the given config, else the one in the weights' folder, else the final network's."""
    path = given or weights.with_name("config.json")
    if given is None and not path.is_file():
        return RunConfig()
    try:
        return from_record(read_json(path))
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: not a run's config: {error}") from None


def main(argv: list[str] | None = None) -> int:
    """Evaluate saved weights on the test images."""
    parser = argparse.ArgumentParser(prog="python -m resnet.evaluate", description=main.__doc__)
    parser.add_argument(
        "weights", type=Path, help="*.safetensors, or a torch.save of a state dict or a checkpoint"
    )
    parser.add_argument(
        "--data",
        required=True,
        help="results/data/<dataset>, a folder in a form of docs/data.md, or 'digits'",
    )
    parser.add_argument(
        "--config", type=Path, help="a run's config.json (default: beside the weights, else final)"
    )
    parser.add_argument(
        "--normalization",
        nargs=2,
        metavar=("MEAN", "STD"),
        help="the constants of the training, each a number in [0, 1] or three with commas "
        "(default: the config's)",
    )
    args = parser.parse_args(argv)
    try:
        config = _config_of(args.weights, args.config)
        given = constants(args.normalization) if args.normalization else None
        result, said = evaluate_file(args.weights, args.data, config, given)
    except (ConfigError, DataError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    images = len(result.probabilities)
    print(*(f"{args.weights}: {line}" for line in said), sep="\n")
    print(f"test loss {result.loss:.3f}, accuracy {result.accuracy:.2%} of {images:,} images")
    print(
        f"as the notebook averaged (batches of {config.batch_size}"
        f"{', last dropped' if config.drop_last else ''}): {result.notebook_accuracy:.2%}"
    )
    return 0


def evaluate_file(
    weights: Path, where: str, config: RunConfig, given: Constants | None
) -> tuple[Evaluation, list[str]]:
    """Return the evaluation of saved weights, and lines that say what was loaded.

    Parameters
    ----------
    weights
        The file of weights.
    where
        Where the test images are (see `test_images`).
    config
        Describes the network and how it is evaluated.
    given
        Constants of the normalisation instead of the config's.

    Raises
    ------
    DataError, ValueError
        If the images can't be read, or the weights can't be read or aren't this network's.
    """
    network = build(config.model, len(config.dataset.classes))
    state, name = read_weights(weights)
    said = [f"the state dict in {name!r}"] if name else []
    said.append(fill(network, state))
    said.append(f"{count_parameters(network):,} parameters")
    split, facts = test_images(where, config)
    mean, deviation = given or _constants_of(config, facts)
    result = evaluate(
        network,
        torch.from_numpy(split.images),
        torch.from_numpy(split.labels),
        mean=mean,
        deviation=deviation,
        autocast=None,
        batch_size=config.batch_size,
        drop_last=config.drop_last,
        flip=config.evaluation.flip,
        shift=config.evaluation.shift,
    )
    return result, [line for line in said if line]


def _constants_of(config: RunConfig, facts: dict[str, Any]) -> Constants:
    """Return the constants with which a config normalises images."""
    if config.data.normalization == "half":
        return torch.full((3, 1, 1), 0.5), torch.full((3, 1, 1), 0.5)
    of_channels = facts["channel_mean"], facts["channel_deviation"]
    mean, deviation = (torch.tensor(values).reshape(3, 1, 1) for values in of_channels)
    return mean, deviation


if __name__ == "__main__":
    end(main)
