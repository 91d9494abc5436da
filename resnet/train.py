"""One run: a config and a seed in, a run record out.

``python -m resnet.train --config JSON --seed K --data FOLDER --output FOLDER`` trains on CUDA where
it is present, else on the CPU. A killed run goes on from its last checkpoint and ends with the
same bits (with as many threads on the same kind of machine), since its random numbers depend on
(seed, epoch, image) alone.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import math
import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import filelock
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from resnet import checkpoint, checksums, convolution, machine, schedule
from resnet.augment import Augmenter, normalized, order
from resnet.average import follow
from resnet.cluster import why_asked_to_leave
from resnet.config import (
    DATASETS,
    ConfigError,
    RunConfig,
    changed,
    from_dict,
    memory_problem,
    to_json,
)
from resnet.data import DataError, Split, load, read_facts
from resnet.devices import one_device
from resnet.evaluate import Evaluation, evaluate
from resnet.files import start_log
from resnet.graphs import Recorded
from resnet.guard import Guard, Interrupted, terminable
from resnet.model import build, still_idle_weights
from resnet.progress import epoch_line, gpu_problem
from resnet.provenance import origin
from resnet.record import write_record

log = logging.getLogger("resnet.train")


# --- a run in progress ----------------------------------------------------------------------


class Run:
    """A network on its way through its budget.

    Parameters
    ----------
    config
        What decides the numbers.
    training, test
        The images; of the training images the first ``config.data.training_images`` are used,
        the last ``held_out_images`` of those to choose by.
    device
        Where to train; images stay there as uint8.
    cuda_graphs
        Whether a GPU's steps are launched as a whole, which changes no number.
    """

    def __init__(
        self,
        config: RunConfig,
        training: Split,
        test: Split,
        facts: dict[str, Any],
        device: torch.device,
        cuda_graphs: bool = True,
    ) -> None:
        self.config, self.device = config, device
        self.precision = machine.pick_precision(config.precision, device)
        self.autocast = torch.bfloat16 if self.precision == "bf16" else None
        available, held_out = config.data.training_images, config.selection.held_out_images
        used = available - held_out

        def place(split: Split, start: int, end: int) -> tuple[Tensor, Tensor]:
            images = torch.from_numpy(split.images[start:end])
            return images.to(device), torch.from_numpy(split.labels[start:end]).to(device)

        self.training = place(training, 0, used)
        self.held_out = place(training, used, available) if held_out else None
        self.test = place(test, 0, len(test.labels))
        half = config.data.normalization == "half"
        self.mean, self.deviation = (
            torch.tensor([0.5] * 3 if half else facts[key], device=device).view(3, 1, 1)
            for key in ("channel_mean", "channel_deviation")
        )
        self.network = self._built()
        self.forward = machine.compiled(self.network, device) if config.compile else self.network
        # Follows the network as a moving average, if anything does.
        self.average = copy.deepcopy(self.network) if config.evaluation.averaging_share else None
        dtype = self.autocast or torch.float32
        self.optimizer = schedule.optimizer(config, self.network.parameters(), dtype)
        self.scheduler = schedule.scheduler(config, self.optimizer)
        self.steps = schedule.total_steps(config)
        self.steps_per_epoch = schedule.steps_per_epoch(config)
        self.step, self.learning_rate = 0, schedule.rate(self.scheduler)
        self.rows: list[dict[str, Any]] = []
        self.last_test: Evaluation | None = None
        # Sums stay on the device, at one place: reading them would make it wait.
        self.sums = torch.zeros(2, dtype=torch.float64, device=device)
        self.last_finite_loss = torch.full((), math.nan, dtype=torch.float64, device=device)
        # A compiled network is launched as a whole anyway.
        recorded = cuda_graphs and device.type == "cuda" and not config.compile
        self.ahead = machine.batches_at_once(device)
        self.learn_from = Recorded(self._directions) if recorded else self._directions
        self._begin_epoch()

    def _built(self) -> nn.Module:
        """Return the network as the seed has it, ready for its device."""
        torch.manual_seed(self.config.seed)
        classes = len(DATASETS[self.config.data.dataset].classes)
        network = build(self.config.model, classes).to(self.device)
        network = network.to(memory_format=torch.channels_last)
        if self.autocast:
            still_idle_weights(network, self.config.image_size)
        elif self.device.type == "cpu":
            convolution.speed_up(network)
        return network

    @property
    def evaluated(self) -> nn.Module:
        """The network that is evaluated and saved: the average, where there is one."""
        return self.average or self.network

    def _begin_epoch(self) -> None:
        self.sums.zero_()
        self.epoch_images = 0
        self.train_seconds = 0.0

    @property
    def epochs(self) -> int:
        """Epochs in the budget; the last may be a part of one."""
        return math.ceil(self.steps / self.steps_per_epoch)

    @property
    def finished(self) -> bool:
        """Whether the last epoch has been trained and evaluated, or the loss left the finite."""
        return len(self.rows) == self.epochs or self.diverged

    @property
    def diverged(self) -> bool:
        """Whether the last epoch's training loss is not finite."""
        return bool(self.rows) and not math.isfinite(self.rows[-1]["train_loss"])

    def state(self) -> dict[str, Any]:
        """Return everything that the rest of the run depends on."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict() if self.average else None,
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "step": self.step,
            "rows": self.rows,
            "sums": self.sums,
            "epoch_images": self.epoch_images,
            "train_seconds": self.train_seconds,
            "learning_rate": self.learning_rate,
            "last_finite_loss": self.last_finite_loss,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.network.load_state_dict(state["network"])
        if self.average:
            self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.step, self.rows = state["step"], state["rows"]
        self.sums.copy_(state["sums"])
        self.epoch_images, self.train_seconds = state["epoch_images"], state["train_seconds"]
        self.learning_rate = state["learning_rate"]
        self.last_finite_loss.copy_(state["last_finite_loss"])

    def train_to_epoch_end(self) -> Iterator[None]:
        """Train to the end of the epoch under way, yielding after every batch."""
        end = min((len(self.rows) + 1) * self.steps_per_epoch, self.steps)
        batches = self._batches(len(self.rows), end)
        self.network.train()
        while self.step < end:
            start = time.perf_counter()
            self._train_batch(*next(batches))
            self.step += 1
            if self.config.schedule.step_every == "batch" or not self.step % self.steps_per_epoch:
                self.scheduler.step()
            self.train_seconds += time.perf_counter() - start
            yield
        start = time.perf_counter()
        machine.wait_for(self.device)
        self.train_seconds += time.perf_counter() - start

    def _batches(self, epoch: int, end: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the images, augmented, and labels of the epoch's batches from here to ``end``."""
        config, images = self.config, len(self.training[1])
        augmenter = Augmenter(
            config.augmentation.copies,
            seed=config.seed,
            epoch=epoch,
            images=images,
            size=config.image_size,
        )
        size = config.batch_size
        first, last = ((at - epoch * self.steps_per_epoch) * size for at in (self.step, end))
        items = order(config.seed, epoch, config.epoch_images)[:last]
        at_once = size * self.ahead
        # From where it would have been, had the run not been interrupted: with the same bits.
        for start in range(first - first % at_once, last, at_once):
            part = items[start : start + at_once]
            index = torch.from_numpy(part % images).to(self.device, non_blocking=True)
            batches = augmenter.batch(self.training[0], part), self.training[1][index]
            here = zip(*(torch.split(x, size) for x in batches), strict=True)
            yield from islice(here, max(0, first - start) // size, None)

    def _train_batch(self, images: Tensor, labels: Tensor) -> None:
        self.learning_rate = schedule.rate(self.scheduler)
        whole = len(labels) == self.config.batch_size
        directions = (self.learn_from if whole else self._directions)(images, labels)
        for weight, direction in zip(self.network.parameters(), directions, strict=True):
            weight.grad = direction
        self.optimizer.step()
        if self.average:
            # After the first batch it is the network.
            steps = max(1.0, self.config.evaluation.averaging_share * self.steps)
            follow(self.average, self.network, math.exp(-1 / steps) if self.step else 0.0)
        self.epoch_images += len(labels)

    def _directions(self, images: Tensor, labels: Tensor) -> list[Tensor]:
        """Return gradients, as the optimizer prepares them, and add up what the epoch's row has."""
        pixels = normalized(images, self.mean, self.deviation)
        with torch.autocast(self.device.type, self.autocast, self.autocast is not None):
            logits = self.forward(pixels)
        loss = functional.cross_entropy(
            logits.float(), labels, label_smoothing=self.config.label_smoothing
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.prepare()
        with torch.no_grad():
            correct = (logits.argmax(1) == labels).sum()
            self.sums += torch.stack([loss.double() * len(labels), correct.double()])
            last = torch.where(loss.isfinite(), loss.double(), self.last_finite_loss)
            self.last_finite_loss.copy_(last)
        return [w.grad for w in self.network.parameters() if w.grad is not None]

    def evaluate(self, images: Tensor, labels: Tensor) -> Evaluation:
        """Return the network's evaluation on ``images``."""
        return evaluate(
            self.evaluated,
            images,
            labels,
            mean=self.mean,
            deviation=self.deviation,
            autocast=self.autocast,
            batch_size=self.config.batch_size,
            drop_last=self.config.drop_last,
            flip=self.config.evaluation.flip,
            shift=self.config.evaluation.shift,
        )

    def evaluate_epoch(self) -> tuple[Evaluation, Evaluation | None, float]:
        """Return the evaluations on test and held-out images, and the seconds that they took."""
        start = time.perf_counter()
        test = self.evaluate(*self.test)
        held_out = self.evaluate(*self.held_out) if self.held_out else None
        return test, held_out, time.perf_counter() - start

    def end_epoch(self, test: Evaluation, held_out: Evaluation | None, seconds: float) -> None:
        """Append the epoch's row; its rate was in force in its last batch."""
        self.last_test = test
        loss, correct = (self.sums / self.epoch_images).tolist()
        self.rows.append(
            {
                "epoch": len(self.rows),
                "images_seen": self.epoch_images
                + (self.rows[-1]["images_seen"] if self.rows else 0),
                "train_loss": loss,
                "train_accuracy": correct,
                "test_loss": test.loss,
                "test_accuracy": test.accuracy,
                "notebook_test_accuracy": test.notebook_accuracy,
                "held_out_loss": held_out.loss if held_out else None,
                "held_out_accuracy": held_out.accuracy if held_out else None,
                "learning_rate": self.learning_rate,
                "printed_learning_rate": schedule.printed_rate(self.scheduler),
                "images_per_second": self.epoch_images / max(self.train_seconds, 1e-9),
                "seconds": self.train_seconds + seconds,
            }
        )
        self._begin_epoch()


# --- from start to record -------------------------------------------------------------------


def train(run: Run, guard: Guard, name: str, watched: bool) -> None:
    """Train to the end of the budget, a line an epoch."""
    bar = tqdm(total=run.steps, initial=run.step, unit="batch", disable=not watched, leave=False)
    while not run.finished:
        for _ in run.train_to_epoch_end():
            bar.update()
            guard.after(guard.within_epoch_seconds)
        with guard.evaluating():
            evaluated = run.evaluate_epoch()
        run.end_epoch(*evaluated)
        log.info("%s", epoch_line(run, name))
        guard.after(guard.after_epoch_seconds)
    bar.close()


def run_to_record(args: argparse.Namespace, config: RunConfig, held: str | None) -> None:
    """Train what ``config`` says, from its checkpoint where there is one, and write the record.

    ``held`` is the GPU that the run holds, if any.
    """
    problem = memory_problem(config)
    if problem:
        raise ValueError(problem)
    machine.set_up(args.threads)
    started = origin()
    facts = read_facts(args.data)
    if facts["dataset"] != config.data.dataset:
        raise ValueError(
            f"{args.data} holds {facts['dataset']}, the config asks {config.data.dataset}"
        )
    device = machine.pick_device()
    if held and device.type == "cpu":
        log.info("GPU %s is ours, but PyTorch finds none: trains on the CPU", held)
    key = _checkpoint_key(config, device, facts, started)
    kept = checkpoint.kept_record(args.checkpoint, key)
    if kept.is_dir() and not checksums.problems(kept):
        checkpoint.link(kept, args.output)
        log.info("%s seed %d  was finished before", args.run, config.seed)
        return
    splits = load(args.data, "train"), load(args.data, "test")
    run = Run(config, *splits, facts, device, args.cuda_graphs == "always")
    guard = Guard(run, args.checkpoint, key)
    saved = checkpoint.load(args.checkpoint, key)
    if saved is not None:
        run.restore(saved)
        log.info(
            "%s seed %d  goes on at batch %d of %d", args.run, config.seed, run.step, run.steps
        )
    elif args.checkpoint.exists():
        log.info("%s: not used, it is of another config, code or data", args.checkpoint)
    with guard.listening():
        train(run, guard, args.run, watched=args.log is None and sys.stderr.isatty())
        with guard.evaluating():
            # None where the checkpoint that it went on from was the last epoch's.
            predictions = run.last_test or run.evaluate(*run.test)
            plain = run.evaluate(*run.training)
    weights = args.keep_weights == "all" or (
        args.keep_weights == "bases" and args.run.startswith("base.")
    )
    write_record(args.output, args.run, run, facts, started, predictions, plain.accuracy, weights)
    # Snakemake may be dead, or fail the job for another run's sake, and remove the record.
    checkpoint.link(args.output, kept)
    args.checkpoint.unlink(missing_ok=True)


def _checkpoint_key(
    config: RunConfig, device: torch.device, facts: dict[str, Any], started: dict[str, Any]
) -> str:
    """Return everything that a run must share with its checkpoint to end with the same bits."""
    parts = {
        "config": to_json(config),
        "data": facts["sha256"],
        "code": started["code_digest"],
        "versions": started["versions"],
        "device": device.type,
        "precision": machine.pick_precision(config.precision, device),
    }
    return json.dumps(parts, sort_keys=True)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m resnet.train", description=__doc__)
    parser.add_argument(
        "--config", required=True, help="the run config as JSON (missing: defaults)"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--run", default="run", help="the run's name, for its record and log")
    parser.add_argument("--data", type=Path, required=True, help="the cache that resnet.data wrote")
    parser.add_argument("--output", type=Path, required=True, help="the run record's folder")
    parser.add_argument("--checkpoint", type=Path, help="default: beside the output")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--keep-weights", choices=("none", "bases", "all"), default="all")
    parser.add_argument("--gpu", choices=("auto", "always", "never"), default="auto")
    parser.add_argument("--asked-minutes", type=int, default=60, help="of a scheduler, if any")
    parser.add_argument("--runs-per-gpu", type=int, default=1, help="at once, on one device")
    parser.add_argument("--cuda-graphs", choices=("always", "never"), default="always")
    parser.add_argument("--log", type=Path, help="a file to write the log to as well")
    args = parser.parse_args(argv)
    args.checkpoint = args.checkpoint or args.output.with_name(f"{args.output.name}.checkpoint")
    return args


def main(argv: list[str] | None = None) -> int:
    """Train one run and write its record."""
    args = _arguments(argv)
    if args.gpu == "never":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        start_log(args.log)
        config = changed(from_dict(json.loads(args.config)), {"seed": args.seed})
        args.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        with (
            filelock.FileLock(f"{args.checkpoint}.lock", timeout=0),
            terminable(),
            one_device(args.runs_per_gpu) as held,
        ):
            run_to_record(args, config, held)
    except Interrupted:
        log.info(
            "%s seed %d  stopped, checkpoint kept: run again to go on%s",
            *(args.run, args.seed, why_asked_to_leave(args.asked_minutes)),
        )
        return 130
    except KeyboardInterrupt:
        log.info("%s seed %d  stopped outside training: run again to go on", args.run, args.seed)
        return 130
    except filelock.Timeout:
        log.error("error: %s: another process is training this run", args.output)
        return 1
    except (torch.OutOfMemoryError, torch.AcceleratorError) as error:
        log.error("error: %s: %s", args.run, gpu_problem(error))
        return 1
    except (ConfigError, DataError, ValueError, OSError, RecursionError) as error:
        log.error("error: %s: %s", args.run, error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
