"""Train one run from a config and a seed, and write its run record.

``python -m resnet.train --config JSON --seed K --data FOLDER --output FOLDER`` trains on CUDA if
available, else on the CPU. A killed run resumes from its last checkpoint, and its result is
bit-identical to that of an uninterrupted run on the same kind of machine, because the random
numbers depend only on (seed, epoch, image).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import signal
import sys
from pathlib import Path

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # While PyTorch is imported, Ctrl-C ends the process without a traceback: nothing has begun.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import filelock
import torch

from resnet.arguments import at_least
from resnet.config import changed, from_dict
from resnet.files import check_replaceable, start_log
from resnet.images.sources.cache import DataError
from resnet.job.cluster import why_asked_to_leave
from resnet.job.devices import one_device
from resnet.job.guard import Interrupted, terminable
from resnet.job.provenance import origin
from resnet.job.record import FILES
from resnet.job.train import Job, run_to_record
from resnet.settings import ConfigError

INTERRUPTED = 130
"""The exit status after Ctrl-C or SIGTERM, as a shell reports it."""

log = logging.getLogger("resnet.train")


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m resnet.train", description=__doc__)
    parser.add_argument(
        "--config", required=True, help="the run config as JSON (missing: defaults)"
    )
    parser.add_argument("--seed", type=at_least(0), required=True)
    parser.add_argument("--run", default="run", help="the run's name, for its record and log")
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that the data stage wrote"
    )
    parser.add_argument("--output", type=Path, required=True, help="the run record's folder")
    parser.add_argument("--checkpoint", type=Path, help="default: beside the output")
    parser.add_argument("--threads", type=at_least(1), default=1, help="CPU threads")
    parser.add_argument("--keep-weights", choices=("none", "bases", "all"), default="all")
    parser.add_argument("--gpu", choices=("auto", "always", "never"), default="auto")
    parser.add_argument(
        "--asked-minutes",
        type=int,
        default=60,
        help="time limit of a scheduler",
    )
    parser.add_argument(
        "--runs-per-gpu", type=at_least(1), default=1, help="how many runs may share one GPU"
    )
    parser.add_argument("--cuda-graphs", choices=("never", "auto", "always"), default="never")
    parser.add_argument("--log", type=Path, help="a file to write the log to as well")
    args = parser.parse_args(argv)
    args.checkpoint = args.checkpoint or args.output.with_name(f"{args.output.name}.checkpoint")
    return args


def _job(args: argparse.Namespace) -> Job:
    return Job(**{field.name: getattr(args, field.name) for field in dataclasses.fields(Job)})


def gpu_problem(error: RuntimeError) -> str:
    """Return an error message for a GPU error, with what the user can do about it."""
    if isinstance(error, torch.OutOfMemoryError):
        return (
            "the GPU doesn't have enough memory for this run: use a smaller network or "
            "batch_size, fewer runs_per_gpu, or a larger GPU"
        )
    reason = str(error).partition("\n")[0]
    if "no kernel image" in reason:
        known = ", ".join(torch.cuda.get_arch_list())
        return (
            f"this GPU is too old or too new for PyTorch {torch.__version__}, which has code for "
            f"{known}: install a build of PyTorch for it, or train on the CPU with --config "
            "gpu=never"
        )
    return (
        f"the GPU failed ({reason}); Snakemake tries once more from the last checkpoint, without "
        "CUDA graphs. If that fails, too: runs_per_gpu=1 in --config, or another driver"
    )


def _run(args: argparse.Namespace) -> None:
    args.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    # Not a file in place of a lock where flock is missing: a node that dies leaves such a file.
    with filelock.FileLock(f"{args.checkpoint}.lock", timeout=0, fallback_to_soft=False):
        # A process that is refused here leaves the log of the one that trains as it is.
        start_log(args.log)
        config = changed(from_dict(json.loads(args.config)), {"seed": args.seed})
        check_replaceable(args.output, FILES)
        # Before waiting for a GPU: until then, the files may become others than those imported.
        source = origin(config)
        with one_device(args.runs_per_gpu) as held:
            run_to_record(_job(args), config, source, held)


def main(argv: list[str] | None = None) -> int:
    """Train one run and write its record."""
    args = _arguments(argv)
    if args.gpu == "never":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    start_log(None)
    try:
        with terminable():
            _run(args)
    except Interrupted:
        log.info(
            "%s seed %d  stopped, checkpoint kept: run again to go on%s",
            *(args.run, args.seed, why_asked_to_leave(args.asked_minutes)),
        )
        return INTERRUPTED
    except KeyboardInterrupt:
        log.info("%s seed %d  stopped outside training: run again to go on", args.run, args.seed)
        return INTERRUPTED
    except filelock.Timeout:
        log.error("error: %s: another process is training this run", args.output)
        return 1
    except (torch.OutOfMemoryError, torch.AcceleratorError) as error:
        log.error("error: %s: %s", args.run, gpu_problem(error))
        return 1
    except (ConfigError, DataError, ValueError, OSError, RecursionError) as error:
        log.error("error: %s: %s", args.run, error)
        return 1
    except RuntimeError as error:
        # PyTorch's own, such as of cuDNN or for lack of memory, may have a trace of many lines.
        log.error("error: %s: %s", args.run, str(error).partition("\n")[0])
        log.debug("", exc_info=True)
        return 1
    return 0


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
