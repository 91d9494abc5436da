"""Check, plan and list the ablations without training: ``python -m ablations``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from ablations.harness.commands import commands_of
from ablations.harness.declarations.document import DeclarationError, Scalars, read
from ablations.harness.declarations.home import ROOT, STUDIES
from ablations.harness.options import check_complete
from ablations.harness.resolve import check_memory, resolve
from ablations.harness.schema import schema
from ablations.harness.study import Study, to_document
from ablations.new import new_ablation, new_study
from resnet.arguments import above_zero, at_least
from resnet.config import RunConfig
from resnet.files import end, new_file, write_json
from resnet.settings import nearest


def options(given: list[str]) -> dict[str, Any]:
    """Return config/config.yaml, updated by ``key=value`` settings whose values are YAML."""
    import yaml

    settings = dict(read(ROOT / "config" / "config.yaml").content)
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise DeclarationError(Path("--config"), None, f"{text!r}: expected key=value")
        try:
            settings[key] = yaml.load(value, Scalars)  # noqa: S506 - a safe loader
        except yaml.YAMLError:
            raise DeclarationError(Path("--config"), None, f"{text!r}: not YAML") from None
    check_complete(settings)
    return settings


def check_paper(study: Study) -> None:
    """Raise an error if the paper's facts or claims are invalid."""
    # pandas takes a second to import, which the other commands need not wait for.
    from ablations.planning import claims

    claims.check_paper(study)


def write_document(study: Study, args: argparse.Namespace) -> None:
    """Write study.json, after checking the paper's claims."""
    check_paper(study)
    there = args.output.absolute().parent
    if there.parent.name == "results" and there.name != study.folder:
        raise DeclarationError(
            args.output,
            None,
            f"is not the place of this study, which is results/{study.folder}; --config names "
            "another, such as scale=paper",
        )
    with new_file(args.output) as beside:
        write_json(beside, to_document(study))


def show_plan(study: Study, args: argparse.Namespace) -> None:
    """Print which runs would be trained."""
    # Statistics take a second to import, which the other commands need not wait for.
    from ablations.planning import plan

    # Its networks are measured on this machine.
    gpu = options(args.config)["gpu"]
    check_memory(study, gpu)
    for name in args.names:
        if name not in study.ablations:
            near = nearest(name, study.ablations)
            raise DeclarationError(Path("plan"), None, f"no ablation {name!r}{near}")
    cache = ROOT / "results" / "calibration.json"

    def measure(configs: list[RunConfig]) -> list[dict[str, float]]:
        return plan.calibrate(configs, cache, gpu != "never")

    names = tuple(args.names) or study.covered
    rows = plan.plan(study, names, args.spread, measure)
    print(f"Scale {study.scale.name}: {study.scale.about}.\n")
    print(plan.table(rows, args.spread))
    print("\n".join(plan.ends_early(study, names)))


def spend(study: Study, args: argparse.Namespace) -> None:
    """Train what decides most claims in the given hours."""
    from ablations.planning.spend import Budget

    check_memory(study, options(args.config)["gpu"])
    # Snakemake refuses `key=`, which make leaves of an empty setting.
    given = [text for text in args.config if not text.endswith("=")]
    Budget(study, given, time.monotonic() + args.hours * 3600).spend()


def write_new(study: Study, args: argparse.Namespace) -> None:
    """Write a template for a new ablation's file."""
    path = new_ablation(study.home, next(iter(study.bases)), args.name)
    name = study.home.name
    given = f" --config study={STUDIES}/{name}" if name else ""
    print(f"{path}: say what it asks and changes, then: python -m ablations check{given}")


def write_new_study(study: Study, args: argparse.Namespace) -> None:
    """Write the folder of a new study."""
    folder = new_study(args.name)
    print(
        f"{folder}: runs as it is: make demo STUDY={STUDIES}/{args.name}; docs/your-paper.md "
        "says how to make it your paper's"
    )


def write_schema(study: Study, args: argparse.Namespace) -> None:
    """Write the JSON Schema of the ablations' files, for editors."""
    path = study.home.ablations / "schema.json"
    with new_file(path) as beside:
        write_json(beside, schema())
    print(f"{path}: docs/add-an-ablation.md says how an editor uses it")


def show_commands(study: Study, args: argparse.Namespace) -> None:
    """Print the command of each run, the most valuable first, for machines without Snakemake."""
    settings = options(args.config)
    for command in commands_of(study, settings, args.threads):
        print(command)


def show_folder(study: Study, args: argparse.Namespace) -> None:
    """Print the folder of the study's results."""
    print(f"results/{study.folder}")


def check(study: Study, args: argparse.Namespace) -> None:
    """Check the paper's claims, and print the size of the study.

    `resolve` has already checked every declaration.
    """
    check_paper(study)
    found = f"{len(study.ablations)} ablations, {len(study.runs)} configurations"
    print(f"{found} at scale {study.scale.name}")


def main(argv: list[str] | None = None) -> int:
    """Resolve the study and run the requested command."""
    parser = argparse.ArgumentParser(prog="python -m ablations", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action: Any, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--config", nargs="*", default=[], metavar="KEY=VALUE")
        added.set_defaults(action=action)
        return added

    command("check", check, "check every declaration")
    planned = command("plan", show_plan, "say what would be trained, how long, and what it shows")
    planned.add_argument("names", nargs="*", metavar="ABLATION", help="default: what `all` covers")
    planned.add_argument("--spread", type=above_zero, default=0.4, help="points between seeds")
    listed = command(
        "commands", show_commands, "print the command of each run, to be called elsewhere"
    )
    listed.add_argument("--threads", type=at_least(1), default=1, help="of a run, on a CPU")
    command("folder", show_folder, "print the folder of the study's results")
    command("schema", write_schema, "write a JSON Schema, by which editors complete and check")
    command("new", write_new, "write the file of a new ablation").add_argument("name")
    begun = command("new-study", write_new_study, "write the folder of another paper's study")
    begun.add_argument("name")
    spent = command("study", spend, "train what decides most claims in the given hours")
    spent.add_argument("--hours", type=above_zero, required=True)
    document = command("document", write_document, "write study.json, which the report reads")
    document.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        args.action(resolve(options(args.config)), args)
    except BrokenPipeError:
        raise  # Whoever reads the output has stopped, which is no error.
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (DeclarationError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    end(main)
