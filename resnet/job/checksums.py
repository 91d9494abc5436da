"""Write and check the checksums of a run record, in the format of coreutils' ``sha256sum``.

``python -m resnet.job.checksums FOLDER...`` checks every record under the folders and lists each
file that changed. In a record's folder, ``sha256sum --check SHA256SUMS`` does the same.
This module imports only the standard library.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from resnet.files import end

NAME = "SHA256SUMS"

ADDED = "has no checksum"
"""What `problems` says of a file that isn't part of the record."""

WEIGHTS = "model.safetensors"
"""The only optional file of a record: 20 MB per run, which the report doesn't read."""


def digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(record: Path) -> None:
    """Write ``SHA256SUMS`` with the checksums of the record's other files."""
    parts = sorted(path for path in record.iterdir() if path.name != NAME)
    lines = [f"{digest(path)}  {path.name}\n" for path in parts]
    (record / NAME).write_text("".join(lines), encoding="utf-8")


def problems(record: Path) -> list[str]:
    """Return the missing, added and changed files of a record, one line for each problem.

    Missing weights are allowed.
    """
    try:
        text = (record / NAME).read_bytes().decode("ascii")
    except FileNotFoundError:
        return [f"{record}: has no {NAME}"]
    except (OSError, ValueError) as error:
        return [f"{record / NAME}: can't be read: {error}"]
    known = dict[str, str]()
    for line in text.splitlines(keepends=True):
        found = re.fullmatch(r"([0-9a-f]{64})  ([\w.-]+)\n", line)
        if not found:
            return [f"{record / NAME}: a line is not a checksum: {line[:80]!r}"]
        known[found[2]] = found[1]
    # Hidden files are what file managers leave.
    there = {path.name for path in record.iterdir() if not path.name.startswith(".")} - {NAME}
    missing = known.keys() - there - {WEIGHTS}
    return [
        *(f"{record / name}: is missing" for name in sorted(missing)),
        *(f"{record / name}: {ADDED}" for name in sorted(there - known.keys())),
        *(
            message
            for name in sorted(there & known.keys())
            for message in _changed(record / name, known[name])
        ),
    ]


def _changed(path: Path, known: str) -> list[str]:
    try:
        return [] if digest(path) == known else [f"{path}: its bytes changed since it was written"]
    except OSError as error:
        return [f"{path}: can't be read: {error.strerror}"]


def records(folder: Path) -> Iterator[Path]:
    """Yield the run records in a folder of results; the folder itself may also be a record."""
    for path in sorted({folder, *folder.rglob("seed*")}):
        of_a_run = path.absolute().parts[-3:-2] == ("runs",) and path.name.startswith("seed")
        if path.is_dir() and (of_a_run or (path / "summary.json").is_file()):
            yield path


def main(argv: list[str] | None = None) -> int:
    """Check the records under the folders."""
    parser = argparse.ArgumentParser(
        prog="python -m resnet.job.checksums", description=main.__doc__
    )
    parser.add_argument("folders", type=Path, nargs="+", help="results, or a part of it")
    folders = parser.parse_args(argv).folders
    found = [record for folder in folders for record in records(folder)]
    if not found:
        print(f"error: no run record in {', '.join(map(str, folders))}", file=sys.stderr)
        return 1
    wrong = [message for record in found for message in problems(record)]
    for message in wrong:
        print(f"error: {message}", file=sys.stderr)
    print(f"{len(found)} records looked at, {len(wrong)} problem{'s' * (len(wrong) != 1)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    end(main)
