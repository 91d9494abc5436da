"""Write the record of a run that others trained: ``python -m resnet.imports``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from resnet.arguments import at_least
from resnet.config import changed, from_dict
from resnet.imports.curves import NAMES, Curve, CurveError, Point, curve_of
from resnet.imports.record import write_imported
from resnet.registry import modules
from resnet.settings import ConfigError


def main(argv: list[str] | None = None) -> int:
    """Write the record of one run and seed."""
    sources = modules("resnet.imports.sources")
    parser = argparse.ArgumentParser(prog="python -m resnet.imports", description=main.__doc__)
    parser.add_argument("--from", dest="source", choices=sorted(sources), required=True)
    parser.add_argument("--path", type=Path, required=True, help="what the source reads")
    parser.add_argument("--names", default=NAMES, help="a pattern with the groups run and seed")
    parser.add_argument("--metrics", default="{}", help="JSON: the source's names of our metrics")
    parser.add_argument("--percent", action="store_true", help="accuracies are in percent")
    parser.add_argument("--config", required=True, help="the declared config as JSON")
    parser.add_argument("--run", required=True)
    parser.add_argument("--seed", type=at_least(0), required=True)
    parser.add_argument("--output", type=Path, required=True, help="the record's folder")
    args = parser.parse_args(argv)
    try:
        config = changed(from_dict(json.loads(args.config)), {"seed": args.seed})
        read = importlib.import_module(sources[args.source]).read
        curve = _curve(list(read(args.path)), args)
        source = f"{args.source}: {args.path}"
        write_imported(args.output, args.run, config, curve, source)
    except ModuleNotFoundError as error:
        print(f"error: {args.source} needs {error.name}: make trackers", file=sys.stderr)
        return 1
    except (CurveError, ConfigError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _curve(points: list[Point], args: argparse.Namespace) -> Curve:
    """Return the curve of the run and seed that are asked for; an error names the source."""
    asked = (args.run, args.seed, args.names, json.loads(args.metrics), args.percent)
    try:
        return curve_of(points, *asked)
    except CurveError as error:
        raise CurveError(f"{args.path}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
