"""Saves a run's checkpoints: at intervals, and once more when a signal asks the process to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from resnet.job import checkpoint
from resnet.training.run import Run


class Interrupted(Exception):  # noqa: N818 - nothing went wrong
    """SIGINT or SIGTERM was received; the run's state is consistent."""


@contextmanager
def terminable() -> Iterator[None]:
    """Handle SIGTERM like Ctrl-C, for code before and after training, with nothing to save."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Guard:
    """Saves a run's checkpoints at intervals, and when a signal asks the process to stop.

    Saving takes at most 2% of the time: the interval is at least 50 times as long as the last save.
    ``began`` is what a checkpoint keeps of how the run began.
    """

    within_epoch_seconds = 60.0
    after_epoch_seconds = 5.0

    def __init__(self, run: Run, path: Path, key: str, began: dict[str, Any]) -> None:
        self.run, self.path, self.key, self.began = run, path, key, began
        self.saved_at, self.cost = time.perf_counter(), 0.0
        self.asked_to_leave = self.may_raise = False

    def save(self) -> None:
        """Write the checkpoint now."""
        start = time.perf_counter()
        checkpoint.save(self.path, self.key, self.run.state() | self.began)
        self.saved_at = time.perf_counter()
        self.cost = self.saved_at - start

    def after(self, wait_seconds: float) -> None:
        """Save if the last checkpoint is older than ``wait_seconds``; stop if a signal came."""
        if self.asked_to_leave:
            raise Interrupted
        if time.perf_counter() - self.saved_at > max(wait_seconds, 50 * self.cost):
            self.save()

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Let a signal stop evaluation immediately, since evaluation changes no saved state."""
        if self.asked_to_leave:
            raise Interrupted
        self.may_raise = True
        try:
            yield
        finally:
            self.may_raise = False

    def leave(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGINT and SIGTERM; during training, the current batch is finished first."""
        self.asked_to_leave = True
        if self.may_raise:
            raise Interrupted

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM, and save a checkpoint before stopping.

        A signal that is ignored stays so, as Ctrl-C is by what a shell started with ``&``.
        """
        both = (signal.SIGINT, signal.SIGTERM)
        heard = [s for s in both if signal.getsignal(s) is not signal.SIG_IGN]
        before = {s: signal.signal(s, self.leave) for s in heard}
        try:
            yield
        except Interrupted:
            self.save()
            raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
