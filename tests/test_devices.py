import multiprocessing
import os
import signal
import time

import pytest

from resnet.costs import limits
from resnet.job import devices


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """Locks of this test's own, and a quick look for a free device."""
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(devices, "POLL_SECONDS", 0.01)
    for name in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("0", ["0"]),
        ("1,3", ["1", "3"]),
        (" 2 , 0", ["2", "0"]),
        ("GPU-8f3a,MIG-1", ["GPU-8f3a", "MIG-1"]),
        ("", []),
        ("-1", []),
        ("0,-1,1", ["0"]),
        ("NoDevFiles", []),
    ],
)
def test_the_variable_says_which_devices_there_are(monkeypatch, given, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert limits.gpus() == found


def test_else_the_machine_says_it(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in ("nvidia10", "nvidia0", "nvidia2", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert limits.gpus(tmp_path) == ["0", "1", "2"]
    assert limits.gpu_is_here(tmp_path)
    assert limits.gpus(tmp_path / "nowhere") == []
    assert not limits.gpu_is_here(tmp_path / "nowhere")
    # Windows' subsystem for Linux has a driver, and no device.
    monkeypatch.setattr(limits, "WSL", tmp_path / "nvidia0")
    assert limits.gpus(tmp_path / "nowhere") == ["0"]
    assert limits.gpu_is_here(tmp_path / "nowhere")


def test_on_the_cpu_nothing_happens(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with devices.one_device() as name:
        assert name is None
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_the_only_one_seen_while_it_is_held(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    with devices.one_device() as name:
        assert name == os.environ["CUDA_VISIBLE_DEVICES"] == "4"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,5"


def hold(visible, shares, messages, seconds):
    devices.POLL_SECONDS = 0.01
    os.environ["CUDA_VISIBLE_DEVICES"] = visible
    with devices.one_device(shares) as name:
        messages.put((name, "from", time.monotonic()))
        time.sleep(seconds)
        messages.put((name, "to", time.monotonic()))


def at_once(messages, processes):
    """The most holders that each device had at the same time."""
    events = [messages.get(timeout=20) for _ in range(2 * processes)]
    held, most = {}, {}
    for name, what, _ in sorted(events, key=lambda event: event[2]):
        held[name] = held.get(name, 0) + (1 if what == "from" else -1)
        most[name] = max(most.get(name, 0), held[name])
    return most


@pytest.fixture
def started():
    """Start holders in processes of their own, which share this test's folder of locks."""
    context, processes = multiprocessing.get_context("fork"), []

    def start(count, visible, shares=1, seconds=0.2):
        # Of its own: a process killed while it writes would keep another's locked.
        messages = context.Queue()
        for _ in range(count):
            process = context.Process(target=hold, args=(visible, shares, messages, seconds))
            process.start()
            processes.append(process)
        return messages, processes

    yield start
    for process in processes:
        process.kill()
        process.join()


def test_no_two_runs_hold_a_device_at_the_same_time(started):
    messages, _ = started(6, "0,1")
    assert at_once(messages, 6) == {"0": 1, "1": 1}


def test_runs_share_a_device_where_they_may_and_spread_before_they_do(started):
    messages, _ = started(2, "0,1", shares=2, seconds=1.0)
    assert at_once(messages, 2) == {"0": 1, "1": 1}
    messages, _ = started(4, "0,1", shares=2, seconds=1.0)
    assert at_once(messages, 4) == {"0": 2, "1": 2}


def test_a_killed_holder_lets_its_device_go(started):
    messages, processes = started(1, "0", seconds=60)
    assert messages.get(timeout=20)[0] == "0"
    os.kill(processes[0].pid, signal.SIGKILL)
    messages, _ = started(1, "0")
    assert messages.get(timeout=20)[:2] == ("0", "from")


def test_a_schedulers_job_keeps_to_its_own_devices(monkeypatch, tmp_path):
    """Each job may call its device 0: they are not the same one."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with devices.one_device():
        monkeypatch.setenv("SLURM_JOB_ID", "8")
        with devices.one_device() as name:
            assert name == "0"
    assert len(list(tmp_path.iterdir())) == 2
