"""Write the layers of networks that were declared, without training: sizes, parameters, FLOPs.

``python -m resnet.job.declared.networks --networks JSON --output FILE``
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from resnet.config import from_dict
from resnet.costs.layers import layers
from resnet.files import end, new_file
from resnet.job.record import write_csv
from resnet.settings import ConfigError


def rows_of(networks: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the layers of each network, for images of 32x32 pixels, with its name as ``arm``.

    Parameters
    ----------
    networks
        By name, the groups ``model`` and ``data`` of a run config.
    """
    rows = []
    for arm, groups in networks.items():
        config = from_dict(groups)
        found = layers(config.model, len(config.dataset.classes))
        rows += [{"arm": arm, **dataclasses.asdict(layer)} for layer in found]
    return rows


def main(argv: list[str] | None = None) -> int:
    """Write a CSV file with a row for each layer of each network."""
    parser = argparse.ArgumentParser(
        prog="python -m resnet.job.declared.networks", description=main.__doc__
    )
    parser.add_argument("--networks", required=True, help="JSON: by name, model and data")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        rows = rows_of(json.loads(args.networks))
        with new_file(args.output) as beside:
            write_csv(beside, rows)
    except (ConfigError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    end(main)
