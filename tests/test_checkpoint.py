import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnet.job import checkpoint

STATE = {"weights": torch.arange(12.0), "step": 3}


@pytest.fixture
def path(tmp_path):
    checkpoint.save(tmp_path / "checkpoint", "key", STATE)
    return tmp_path / "checkpoint"


def test_what_was_saved_is_loaded_by_its_key_alone(path):
    found = checkpoint.load(path, "key")
    assert torch.equal(found["weights"], STATE["weights"])
    assert found["step"] == 3
    assert checkpoint.load(path, "another") is None
    assert checkpoint.load(path.with_name("nowhere"), "key") is None


def test_a_checkpoint_that_was_put_aside_is_found_by_its_key(path):
    aside = checkpoint.put_aside(path)
    assert (path.exists(), aside.exists()) == (False, True)
    assert checkpoint.load(path, "key")["step"] == 3
    # Another takes its place, and neither overwrites the other.
    checkpoint.save(path, "another", STATE | {"step": 5})
    assert (checkpoint.load(path, "key")["step"], checkpoint.load(path, "another")["step"]) == (
        3,
        5,
    )
    checkpoint.save(path.with_name("checkpoint2"), "key", STATE)
    checkpoint.remove(path)
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint2"]
    assert checkpoint.put_aside(path) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_checkpoint_is_not_used(path, data):
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        hostile = content[:place]
    else:
        other = data.draw(st.integers(1, 255))
        hostile = content[:place] + bytes([content[place] ^ other]) + content[place + 1 :]
    path.write_bytes(hostile)
    assert checkpoint.load(path, "key") is None
    path.write_bytes(content)


def test_a_kept_record_takes_no_room_and_outlives_the_record(tmp_path):
    record = tmp_path / "seed0"
    record.mkdir()
    (record / "summary.json").write_text("{}")
    kept = checkpoint.kept_record(tmp_path / "seed0.checkpoint", "key")
    assert kept != checkpoint.kept_record(tmp_path / "seed0.checkpoint", "another")
    checkpoint.link(record, kept)
    assert (kept / "summary.json").samefile(record / "summary.json")
    (record / "summary.json").unlink()
    assert (kept / "summary.json").read_text() == "{}"
