import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnet.job import checksums

PARTS = {
    "summary.json": b"{}",
    "metrics.csv": b"epoch\n0\n",
    "model.safetensors": bytes(range(256)),
}


@pytest.fixture
def record(tmp_path):
    folder = tmp_path / "runs" / "base.final" / "seed0"
    folder.mkdir(parents=True)
    for name, content in PARTS.items():
        (folder / name).write_bytes(content)
    checksums.write(folder)
    return folder


def test_coreutils_read_the_checksums(record):
    command = ["sha256sum", "--check", "--strict", "--quiet", checksums.NAME]
    assert subprocess.run(command, cwd=record, check=False).returncode == 0
    (record / "metrics.csv").write_bytes(b"epoch\n1\n")
    done = subprocess.run(command, cwd=record, capture_output=True, text=True, check=False)
    assert "metrics.csv: FAILED" in done.stdout


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_that_changed_is_found(record, data):
    name = data.draw(st.sampled_from([*PARTS, checksums.NAME]))
    content = (record / name).read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    (record / name).write_bytes(content[:place] + bytes([other]) + content[place + 1 :])
    found = checksums.problems(record)
    (record / name).write_bytes(content)
    assert found
    assert str(record) in found[0]
    assert checksums.problems(record) == []


def test_a_missing_part_is_a_problem_but_for_the_weights(record, capsys):
    (record / "model.safetensors").unlink()
    assert checksums.main([str(record.parents[2])]) == 0
    assert capsys.readouterr().out == "1 records looked at, 0 problems\n"
    (record / "metrics.csv").unlink()
    (record / "more").write_text("")
    assert checksums.main([str(record.parents[2])]) == 1
    error = capsys.readouterr().err
    assert error.splitlines() == [
        f"error: {record / 'metrics.csv'}: is missing",
        f"error: {record / 'more'}: has no checksum",
    ]


def test_records_are_found_from_any_folder_above_them(record, capsys, monkeypatch):
    empty = record.with_name("seed1")
    empty.mkdir()
    (record.parents[2] / "logs" / "seed0").mkdir(parents=True)
    for folder in (record.parents[2], record.parents[1], record.parents[0]):
        assert list(checksums.records(folder)) == [record, empty]
    assert list(checksums.records(record)) == [record]
    # A record may lie elsewhere.
    assert list(checksums.records(record.rename(record.parents[2] / "mine"))) == [
        record.parents[2] / "mine"
    ]
    monkeypatch.chdir(empty.parent)
    assert list(checksums.records(Path())) == [Path("seed1")]


def test_a_folder_without_records_is_a_problem(tmp_path, capsys):
    assert checksums.main([str(tmp_path / "resluts")]) == 1
    assert "no run record in" in capsys.readouterr().err


def test_a_record_without_checksums_is_a_problem(record):
    (record / checksums.NAME).unlink()
    assert checksums.problems(record) == [f"{record}: has no SHA256SUMS"]
