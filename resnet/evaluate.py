"""Evaluation: class probabilities, loss and accuracy; also of saved weights, by hand.

``python -m resnet.evaluate WEIGHTS --data FOLDER`` evaluates saved weights on the test images,
as the paper's validation notebook did.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from resnet.augment import normalized
from resnet.config import DATASETS, ConfigError, RunConfig, from_dict
from resnet.data import READERS, DataError, Split, check, load
from resnet.model import build, count_parameters

BATCH, BATCH_ON_CPU = 1_000, 250
"""Images evaluated at once: large, for no gradients are kept. With 1,000 a CPU takes 1.2 times as
long (final model, float32, one thread of an AMD EPYC, torch 2.14.1)."""


@dataclass(frozen=True)
class Evaluation:
    """Probabilities of shape (n, classes), the mean cross entropy, and accuracies in [0, 1]."""

    probabilities: NDArray[np.float32]
    loss: float
    accuracy: float
    notebook_accuracy: float


def evaluate(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    mean: Tensor,
    deviation: Tensor,
    autocast: torch.dtype | None,
    batch_size: int,
    drop_last: bool,
    flip: bool = False,
    shift: bool = False,
) -> Evaluation:
    """Return the network's evaluation on ``images``.

    Parameters
    ----------
    network
        In evaluation mode when this returns, so call ``train()`` before training on.
    images
        uint8 of shape (n, size, size, 3).
    labels
        int64 of shape (n,), on the device of ``images``.
    mean, deviation
        Of the normalisation, of shape (3, 1, 1).
    autocast
        The type of the convolutions, or None for float32.
    batch_size, drop_last
        What the notebook would have averaged over (see `notebook_average`).
    flip, shift
        Over which views of an image the logits are a mean (see `resnet.config.Evaluation`).
    """
    network.eval()
    logits, size = [], BATCH_ON_CPU if images.is_cpu else BATCH
    with torch.inference_mode(), torch.autocast(images.device.type, autocast, autocast is not None):
        for part in images.split(size):  # type: ignore[no-untyped-call]
            views = _views(part.permute(0, 3, 1, 2), flip, shift)
            scored = [w * network(normalized(x, mean, deviation)).float() for x, w in views]
            logits.append(torch.stack(scored).sum(0))
    scores = torch.cat(logits)
    correct = (scores.argmax(1) == labels).cpu().numpy()
    return Evaluation(
        scores.softmax(1).cpu().numpy(),
        float(functional.cross_entropy(scores, labels)),
        float(correct.mean()),
        notebook_average(correct, batch_size, drop_last),
    )


def _views(images: Tensor, flip: bool, shift: bool) -> list[tuple[Tensor, float]]:
    """Return the views of the images that are scored, with their weights; these add up to 1."""
    views = [(images, 1.0)]
    if shift:
        size = images.shape[3]
        wide = functional.pad(images, (1, 1, 1, 1))  # by black, as training's random crops are
        moved = [wide[:, :, start : start + size, start : start + size] for start in (0, 2)]
        views = [(images, 0.5)] + [(view, 0.25) for view in moved]
    if flip:
        views = [(x, w / 2) for view, w in views for x in (view, view.flip(3))]
    return views


def notebook_average(correct: NDArray[np.bool_], batch_size: int, drop_last: bool) -> float:
    """Return the mean of the batches' accuracies, as the paper's notebooks computed it.

    A smaller last batch weighs as much as a whole one, or is dropped: 9,984 of 10,000 images at
    batch 128. Both follow from the published digits: 0.907151460647583 x 9,984 = 9,057 images in
    run ``final``, 0.6170382499694824 x 157 batches of 64 = 6,200 in ``early-adam-bs64``, whose
    last batch holds 16.
    """
    whole = len(correct) - len(correct) % batch_size
    means = correct[:whole].reshape(-1, batch_size).mean(1)
    if whole < len(correct) and (not drop_last or not whole):
        means = np.append(means, correct[whole:].mean())
    return float(means.mean())


# --- saved weights --------------------------------------------------------------------------


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors in a safetensors file or a plain ``torch.save`` of a state dict.

    Raises
    ------
    ValueError
        Where the file is missing, is neither, or holds anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        # weights_only refuses pickles that could run code.
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path}: not a readable file of weights: {reason}") from None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(f"{path}: sought a state dict (name -> tensor), found something else")
    return state


def fill(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Load ``state`` into the network, by name, or by order where only the names differ.

    Raises
    ------
    ValueError
        Where the shapes are another architecture's.
    """
    own = network.state_dict()
    if set(own) != set(state):
        # Another implementation of the same architecture: the same shapes in the same order.
        if [v.shape for v in own.values()] != [v.shape for v in state.values()]:
            raise ValueError(
                f"the weights are another architecture's: {len(state)} tensors, "
                f"{len(own)} sought for this model; name its config.json with --config"
            )
        state = dict(zip(own, state.values(), strict=True))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(str(error).replace("\n", " ")[:300]) from None


def test_split(where: str, config: RunConfig) -> Split:
    """Return the test images in ``where``: a cache, a source's folder, or the word ``digits``."""
    folder = Path(where)
    if (folder / "data.json").is_file():
        return load(folder, "test")
    if where == "digits":
        source = "digits"
    else:
        source = "parquet" if any(folder.glob("*.parquet")) else "archive"
    splits = READERS[source](folder)
    check(splits, config.data.dataset)
    return splits["test"]


def _config_of(weights: Path, given: Path | None) -> RunConfig:
    """Return the config named, or the one beside the weights, or the final model's."""
    path = given or weights.with_name("config.json")
    if given is None and not path.is_file():
        return RunConfig()
    try:
        return from_dict(json.loads(path.read_text()))
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
    network = build(config.model, len(DATASETS[config.data.dataset].classes))
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
