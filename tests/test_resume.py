import subprocess
import sys
import time

from resnet import resume

SLEEP = "import time; time.sleep(60)"


def wait_for_holders(folder, wanted):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = [process.pid for process in resume.holders(folder)]
        if found == wanted:
            break
        time.sleep(0.05)
    return found


def test_a_live_process_holds_its_study_and_no_other(tmp_path, monkeypatch, capsys):
    (tmp_path / "other").mkdir()
    argv = [sys.executable, "-c", SLEEP, "-m", "resnet.train"]
    process = subprocess.Popen(argv, cwd=tmp_path)
    try:
        assert wait_for_holders(tmp_path, [process.pid]) == [process.pid]
        assert resume.holders(tmp_path / "other") == []
        monkeypatch.chdir(tmp_path)
        assert resume.main() == 1
        error = capsys.readouterr().err
        assert f"kill {process.pid}" in error
    finally:
        process.kill()
        process.wait()
    assert resume.holders(tmp_path) == []
