import json

import pytest

from resnet import train, verify

SMALL = {
    "model": {"blocks": [1, 1, 1, 1], "channels": [8, 8, 8, 16, 16], "stage_kernels": [3] * 4},
    "data": {"dataset": "digits", "training_images": 256},
    "batch_size": 64,
    "budget": {"images_seen": 512},
}


@pytest.fixture
def trained(digits, tmp_path):
    """``results/<scale>`` with one finished run."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "digits").symlink_to(digits)
    record = tmp_path / "tiny" / "runs" / "base.small" / "seed1"
    argv = ["--config", json.dumps(SMALL), "--seed", "1", "--run", "base.small"]
    assert train.main([*argv, "--data", str(digits), "--output", str(record)]) == 0
    return tmp_path / "tiny"


def test_the_same_machine_gives_the_same_bits(trained, capsys):
    assert verify.main([str(trained)]) == 0
    assert "base.small seed 1: identical to the bit" in capsys.readouterr().out
    (row,) = json.loads((trained / "verification.json").read_text())
    assert row == {
        "run": "base.small",
        "seed": 1,
        "verdict": "identical to the bit",
        "points_apart": 0.0,
    }


@pytest.mark.parametrize(("tolerance", "verdict"), [("100", "within tolerance"), ("0", "differs")])
def test_another_result_is_within_tolerance_or_differs(trained, capsys, tolerance, verdict):
    record = trained / "runs" / "base.small" / "seed1"
    path = record / "summary.json"
    summary = json.loads(path.read_text())
    path.write_text(json.dumps(summary | {"final_test_accuracy": 0.99}))
    (record / "model.safetensors").write_bytes(b"other bits")
    code = verify.main([str(trained), "--tolerance", tolerance])
    assert code == (1 if verdict == "differs" else 0)
    assert verdict in capsys.readouterr().out


def test_a_study_without_finished_runs_is_an_error(tmp_path, capsys):
    assert verify.main([str(tmp_path)]) == 1
    assert "no finished run" in capsys.readouterr().err
