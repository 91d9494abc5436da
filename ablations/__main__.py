"""``python -m ablations``: what the declarations say, without training anything."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ablations.document import DeclarationError, read
from ablations.registry import ROOT, Study, resolve, to_document


def options(given: list[str]) -> dict[str, Any]:
    """Return config/config.yaml with ``key=value`` settings on top, values read as YAML."""
    import yaml

    settings = dict(read(ROOT / "config" / "config.yaml").content)
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise DeclarationError(Path("--config"), None, f"{text!r}: sought key=value")
        settings[key] = yaml.safe_load(value)
    return settings


def write_study(study: Study, args: argparse.Namespace) -> None:
    """Write study.json."""
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(to_document(study), indent=1) + "\n")


def check(study: Study, args: argparse.Namespace) -> None:
    """Say that all is well; it is, since the study was resolved."""
    print(f"{len(study.ablations)} ablations, {len(study.runs)} runs at scale {study.scale.name}")


def main(argv: list[str] | None = None) -> int:
    """Resolve the study and do what was asked."""
    parser = argparse.ArgumentParser(prog="python -m ablations", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for action, text in ((check, "check every declaration"), (write_study, "write study.json")):
        command = commands.add_parser(action.__name__.removeprefix("write_"), help=text)
        command.add_argument("--config", nargs="*", default=[], metavar="KEY=VALUE")
        command.set_defaults(action=action)
        if action is write_study:
            command.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        args.action(resolve(options(args.config)), args)
    except DeclarationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
