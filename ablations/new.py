"""Write the files of a new ablation or of a new study, to be filled in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ablations.harness.declarations.document import DeclarationError, Document
from ablations.harness.declarations.home import ROOT, STUDIES, Home
from ablations.harness.declarations.names import NAME, check_name
from resnet.files import listed, new_file, new_folder

TEMPLATES = Path(__file__).parent / "new_study"

ABLATION = """title: {name}
question: Does it help?
source: Ours
base: {base}              # or another of ablations/_bases.yaml
factor: batch_size
arms:
  batch_32:
    batch_size: 32         # settings: resnet/config/run_config.py and every settings.py
"""


def new_ablation(home: Home, base: str, name: str) -> Path:
    """Write a template for a new ablation's file, and return its path.

    Raises
    ------
    DeclarationError
        If the name isn't allowed, or the file is there already.
    """
    path = home.ablations / f"{name}.yaml"
    check_name(Document(path, {}, {}), name)
    if path.exists():
        raise DeclarationError(path, None, "is there already")
    with new_file(path) as beside:
        beside.write_text(ABLATION.format(name=name, base=base), encoding="utf-8")
    return path


def new_study(name: str, root: Path = ROOT) -> Path:
    """Write the folder of a new study, which runs as it is, and return its path.

    Raises
    ------
    DeclarationError
        If the name isn't allowed, or the folder is there already.
    """
    folder = root / STUDIES / name
    if not NAME.fullmatch(name):
        raise DeclarationError(
            folder, None, "expected a name of a-z, 0-9 and _, a letter first, such as my_paper"
        )
    if folder.exists():
        raise DeclarationError(folder, None, "is there already")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with new_folder(folder) as beside:
        for template in listed(TEMPLATES, "**/*.yaml"):
            text = template.read_text(encoding="utf-8").replace("NAME", name).replace("NOW", now)
            path = beside / template.relative_to(TEMPLATES)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder
