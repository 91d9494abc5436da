"""Kill training at random moments, again and again: ``python -m tests.killing KILLS SEED ...``.

The arguments after the seed are those of ``python -m resnet.train``. Each attempt is a fork of this
process, which has imported torch and used none of it, so that little time goes by but training's.
Prints a line an attempt, and at last how many of them went on from a checkpoint.
"""

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from resnet import train
from resnet.job import guard

# A checkpoint after every batch, so that kills hit them, too.
guard.Guard.within_epoch_seconds = guard.Guard.after_epoch_seconds = 0.0
guard.Guard.cost = property(lambda self: 0.0, lambda self, value: None)


def start(argv):
    child = os.fork()
    if child:
        return child
    os._exit(train.main(argv))


def whole_run(argv):
    """The seconds that an uninterrupted run takes."""
    begun = time.monotonic()
    _, status = os.waitpid(start(argv), 0)
    assert status == 0
    return time.monotonic() - begun


def forget(output):
    """Remove a record, and what is kept of it."""
    for path in (output, *output.parent.glob(f".{output.name}.*.done")):
        shutil.rmtree(path)


def main(kills, seed, argv):
    output = Path(argv[argv.index("--output") + 1])
    seconds = whole_run(argv)
    weights = (output / "model.safetensors").read_bytes()
    forget(output)
    rng, killed, finished = random.Random(seed), 0, 0
    while killed < kills:
        child = start(argv)
        # The moments spread over a run: several of them interrupt the same one.
        time.sleep(rng.uniform(0, seconds / 2))
        os.kill(child, signal.SIGKILL)
        if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            killed += 1
            assert not output.exists() or (output / "SHA256SUMS").exists()
        if output.exists():
            assert (output / "model.safetensors").read_bytes() == weights
        if output.exists() and killed < kills:
            finished += 1
            forget(output)
    if not output.exists():
        whole_run(argv)
    print(f"{killed} kills, {finished} runs finished between them, {seconds:.1f} s a run")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
