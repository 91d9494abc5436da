"""What people who use programs like this one reported to others, each tried here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ablations.harness.declarations.all_declarations import load_bases, load_declarations
from ablations.harness.declarations.claims import own_claims
from ablations.harness.declarations.document import Scalars, read
from ablations.harness.declarations.home import OWN
from ablations.harness.resolve import resolve
from resnet import files
from resnet.config import from_dict
from resnet.job import checksums, provenance
from resnet.registry import entries

ROOT = Path(__file__).parent.parent


def python(*argv, **ambient):
    return subprocess.run(
        [sys.executable, *argv],
        cwd=ROOT,
        env=os.environ | ambient,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_single_claim_that_must_hold_is_one_claim():
    study = resolve({"scale": "smoke", "must_hold": "resnet18-baseline"})
    assert study.must_hold == ("resnet18-baseline",)


def test_without_asserts_there_are_the_same_runs():
    for level in ("", "1", "2"):
        done = python("-m", "ablations", "check", PYTHONOPTIMIZE=level)
        assert done.stdout == "23 ablations, 80 configurations at scale cpu\n"


LITTER = (".ipynb_checkpoints/run-checkpoint.py", "._run.py", ".#run.py")


def litter(folder, name):
    """Leave a hidden file as Jupyter, macOS or Emacs does: a copy, binary, or a dangling link."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if ".#" in name:
        path.symlink_to("someone@somewhere.1234:5678")
    else:
        path.write_bytes(b"\x00\x05\x16\x07\xff" if "._" in name else b"changed = True\n")


@pytest.mark.parametrize("name", LITTER)
def test_hidden_files_change_no_digest(tmp_path, name):
    shutil.copytree(ROOT / "resnet", tmp_path / "resnet")
    config = from_dict({})
    before = provenance.training_digest(config, tmp_path)
    litter(tmp_path / "resnet" / "training", name)
    provenance._shared_code.cache_clear()
    provenance._training_digest.cache_clear()
    assert provenance.training_digest(config, tmp_path) == before


@pytest.mark.parametrize("name", ["._maxpool.yaml", ".#maxpool.yaml"])
def test_hidden_files_are_no_ablations(tmp_path, name):
    shutil.copytree(OWN.ablations, tmp_path / "ablations")
    litter(tmp_path / "ablations", name)
    found = load_declarations(load_bases(), tmp_path / "ablations")
    assert found.keys() == load_declarations(load_bases()).keys()


def test_a_folder_is_listed_without_what_is_hidden(tmp_path):
    for name in ("b.py", "a.py", ".hidden.py", "sub/c.py", ".hidden/d.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    named = [path.relative_to(tmp_path).as_posix() for path in files.listed(tmp_path, "**/*.py")]
    assert named == ["a.py", "b.py", "sub/c.py"]
    assert "resnet" in entries("resnet.network")


def test_what_file_managers_leave_spoils_no_record(tmp_path):
    (tmp_path / "metrics.csv").write_text("x\n")
    checksums.write(tmp_path)
    (tmp_path / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    assert checksums.problems(tmp_path) == []
    (tmp_path / "more.csv").write_text("x\n")
    assert checksums.problems(tmp_path) == [f"{tmp_path / 'more.csv'}: has no checksum"]


@pytest.mark.parametrize("step", ["report.claims", "report.draw.all_figures"])
def test_a_notebooks_backend_is_not_asked_for(step):
    done = python("-m", step, "--help", MPLBACKEND="module://matplotlib_inline.backend_inline")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_a_copy_in_another_repository_has_no_commit_of_that(tmp_path, monkeypatch):
    def git(*argv):
        given = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *given, *argv], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    git("commit", "--allow-empty", "--message", "x")
    (tmp_path / "copy").mkdir()
    monkeypatch.setattr(provenance, "ROOT", tmp_path / "copy")
    assert provenance.commit() == "unknown"
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert len(provenance.commit()) == 40


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("010", "010"),
        ("1:30", "1:30"),
        ("0x1F", "0x1F"),
        ("0", 0),
        ("-3", -3),
        ("1_000", "1_000"),
        ("1e-3", 1e-3),
        ("1.5", 1.5),
        (".5", 0.5),
        ("2.", 2.0),
        ("-1.5E+2", -150.0),
        ("1:30.5", "1:30.5"),
        ("1_000.5", "1_000.5"),
        ("16x16", "16x16"),
        ("2026-11-27", "2026-11-27"),
        ("2026-11-26T22:00:00Z", "2026-11-26T22:00:00Z"),
    ],
)
def test_numbers_are_yaml_1_2s_and_dates_are_text(tmp_path, text, value):
    (tmp_path / "a.yaml").write_text(f"key: {text}\n")
    assert read(tmp_path / "a.yaml").content == {"key": value}
    import yaml

    assert yaml.load(text, Scalars) == value


def test_an_unquoted_moment_is_a_moment(tmp_path):
    claim = """
- id: faster
  quote: It is faster
  type: direction
  since: 2026-11-26T22:00:00Z
  effects: [{arm: kept, sign: positive}]
"""
    (tmp_path / "thing.yaml").write_text(f"claims:{claim}")
    document = read(tmp_path / "thing.yaml")
    assert own_claims(document, document.content["claims"], ["kept"])[0]["since"].startswith("2026")


def test_a_reader_who_stops_and_a_full_disk_are_no_traceback():
    loud = "print('x' * 100_000 + chr(10)); "
    run = f"from resnet.files import end; end(lambda: {loud.rstrip('; ')} or 0)"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", run], stdout=writer, stderr=subprocess.PIPE, cwd=ROOT, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
    if Path("/dev/full").exists():
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-c", run],
                stdout=full,
                stderr=subprocess.PIPE,
                cwd=ROOT,
                check=False,
            )
        assert done.returncode == 1
        assert done.stderr.decode() == (
            "error: the output can't be written: No space left on device\n"
        )


def test_a_reader_of_the_commands_may_stop():
    reader, writer = os.pipe()
    os.close(reader)
    argv = [sys.executable, "-m", "ablations", "commands", "--config", "scale=paper"]
    done = subprocess.run(argv, stdout=writer, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_git_changes_no_line_endings_of_records():
    assert "* -text" in (ROOT / ".gitattributes").read_text().splitlines()


def test_a_user_without_a_name_can_plan():
    if not shutil.which("unshare") or os.name != "posix":
        pytest.skip("needs unshare(1)")
    # Variables from which getpass takes a name.
    bare = {
        k: v for k, v in os.environ.items() if k not in ("LOGNAME", "USER", "LNAME", "USERNAME")
    }
    argv = ["unshare", "--user", "--map-user=12345", "--map-group=12345", sys.executable]
    argv += ["-m", "snakemake", "-n", "--quiet", "--config", "scale=smoke"]
    probe = subprocess.run([*argv[:4], "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("no user namespaces here")
    home = {"HOME": "/tmp", "XDG_CACHE_HOME": "/tmp"}
    done = subprocess.run(
        argv, cwd=ROOT, env=bare | home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
