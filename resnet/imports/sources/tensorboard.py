"""TensorBoard's event files: a folder a run, scalars by tag (``make trackers`` installs it)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from resnet.imports.curves import CurveError, Point


def read(path: Path) -> Iterator[Point]:
    """Yield the scalars of every folder with event files; the run's name is the folder's path."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    folders = sorted({file.parent for file in path.rglob("*tfevents*")})
    if not folders:
        raise CurveError(f"{path}: has no event files (*tfevents*)")
    for folder in folders:
        # 0 keeps every value, instead of a sample of them.
        events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
        events.Reload()
        name = folder.relative_to(path).as_posix()
        for tag in events.Tags()["scalars"]:
            for event in events.Scalars(tag):
                yield Point(name, event.step, tag, event.value)
        # TensorFlow 2 writes scalars as tensors.
        for tag in events.Tags()["tensors"]:
            for event in events.Tensors(tag):
                value = make_ndarray(event.tensor_proto)
                # Text is a tensor, too.
                if value.size == 1 and value.dtype.kind in "fiu":
                    yield Point(name, event.step, tag, float(value.item()))
