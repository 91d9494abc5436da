"""Evaluate saved weights: ``python -m resnet.evaluate WEIGHTS --data FOLDER``.

The images are the test images, as in the paper's validation notebook.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from resnet.config import RunConfig, from_record
from resnet.images.sources.cache import DataError, Split, load
from resnet.images.sources.prepare import read, source_in
from resnet.images.sources.source import contents
from resnet.network.build import build, count_parameters
from resnet.settings import ConfigError
from resnet.training.evaluation import Evaluation, evaluate


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors in a safetensors file or a plain ``torch.save`` of a state dict.

    Raises
    ------
    ValueError
        If the file is missing, has neither format, or contains anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        # weights_only rejects pickles that could run code.
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path}: not a readable file of weights: {reason}") from None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(f"{path}: expected a state dict (name -> tensor), found something else")
    return state


def fill(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Load ``state`` into the network by name, or by order if only the names differ.

    Raises
    ------
    ValueError
        If the shapes don't match the network's.
    """
    own = network.state_dict()
    if set(own) != set(state):
        # Another implementation of the same architecture has the same shapes in the same order.
        if [v.shape for v in own.values()] != [v.shape for v in state.values()]:
            raise ValueError(
                f"the weights are another architecture's: {len(state)} tensors, "
                f"{len(own)} expected for this model; name its config.json with --config"
            )
        state = dict(zip(own, state.values(), strict=True))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(str(error).replace("\n", " ")[:300]) from None


def test_split(where: str, config: RunConfig) -> Split:
    """Return the test images at ``where``: a cache, a source's folder, or the word ``digits``."""
    folder = Path(where)
    if (folder / "data.json").is_file():
        return load(folder, "test")
    sources = config.dataset.sources
    source = sources[0] if len(sources) == 1 else source_in(config.data.dataset, folder)
    if source is None:
        raise DataError(f"{where}: no test images in a known form: {contents(folder)}")
    return read(config.data.dataset, source, folder)[0]["test"]


def _config_of(weights: Path, given: Path | None) -> RunConfig:
    """Return the given config, else the one in the weights' folder, else the final model's."""
    path = given or weights.with_name("config.json")
    if given is None and not path.is_file():
        return RunConfig()
    try:
        return from_record(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: not a run's config: {error}") from None


def main(argv: list[str] | None = None) -> int:
    """Evaluate saved weights on the test images."""
    parser = argparse.ArgumentParser(prog="python -m resnet.evaluate", description=main.__doc__)
    parser.add_argument("weights", type=Path, help="*.safetensors, or a torch.save of a state dict")
    parser.add_argument(
        "--data",
        required=True,
        help="results/data/<dataset>, a folder with the archive or Parquet files, or 'digits'",
    )
    parser.add_argument(
        "--config", type=Path, help="a run's config.json (default: beside the weights, else final)"
    )
    args = parser.parse_args(argv)
    try:
        config = _config_of(args.weights, args.config)
        result, parameters = _evaluate_file(args.weights, args.data, config)
    except (ConfigError, DataError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    images = len(result.probabilities)
    print(f"{args.weights}: {parameters:,} parameters")
    print(f"test loss {result.loss:.3f}, accuracy {result.accuracy:.2%} of {images:,} images")
    print(
        f"as the notebook averaged (batches of {config.batch_size}"
        f"{', last dropped' if config.drop_last else ''}): {result.notebook_accuracy:.2%}"
    )
    return 0


def _evaluate_file(weights: Path, where: str, config: RunConfig) -> tuple[Evaluation, int]:
    if config.data.normalization != "half":
        raise ValueError("data.normalization: only weights trained with 'half' can be evaluated so")
    network = build(config.model, len(config.dataset.classes))
    fill(network, read_weights(weights))
    split = test_split(where, config)
    half = torch.full((3, 1, 1), 0.5)
    result = evaluate(
        network,
        torch.from_numpy(split.images),
        torch.from_numpy(split.labels),
        mean=half,
        deviation=half,
        autocast=None,
        batch_size=config.batch_size,
        drop_last=config.drop_last,
        flip=config.evaluation.flip,
        shift=config.evaluation.shift,
    )
    return result, count_parameters(network)


if __name__ == "__main__":
    sys.exit(main())
