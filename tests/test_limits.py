import os

import pytest

from resnet.costs import limits

GB = 10**9


@pytest.fixture
def groups(tmp_path):
    """Return a function that writes control groups, and returns the arguments of `limits`."""

    def write(own, files):
        (tmp_path / "own").write_text(own)
        for name, content in files.items():
            path = tmp_path / "groups" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")
        return tmp_path / "groups", tmp_path / "own"

    return write


@pytest.mark.parametrize(
    ("own", "files", "memory", "cpus"),
    [
        # In a container of version 2: its own group is the topmost.
        ("0::/\n", {"memory.max": "2000000", "cpu.max": "250000 100000"}, 2_000_000, 2.5),
        ("0::/\n", {"memory.max": "max", "cpu.max": "max 100000"}, None, None),
        # A scheduler's job: the group above it has the limit, one beside it another.
        (
            "0::/slurm/job_1/step_0\n",
            {
                "slurm/job_1/memory.max": "3000000",
                "slurm/job_1/step_0/memory.max": "max",
                "slurm/job_1/cpu.max": "100000 100000",
                "slurm/job_2/memory.max": "1000000",
            },
            3_000_000,
            1.0,
        ),
        # Version 1: a folder for each controller; the host's name isn't there in the container.
        (
            "4:memory:/docker/8f3a\n2:cpu,cpuacct:/docker/8f3a\n1:name=systemd:/\n",
            {
                "memory/memory.limit_in_bytes": "4000000",
                "cpu,cpuacct/cpu.cfs_quota_us": "50000",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            4_000_000,
            0.5,
        ),
        (
            "4:memory:/\n2:cpu:/\n",
            {
                "memory/memory.limit_in_bytes": "9223372036854771712",
                "cpu/cpu.cfs_quota_us": "-1",
                "cpu/cpu.cfs_period_us": "100000",
            },
            None,
            None,
        ),
    ],
)
def test_a_containers_limits_are_those_of_its_groups(groups, own, files, memory, cpus):
    places = groups(own, files)
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert limits.memory_bytes(*places) == (memory or physical)
    assert limits.cpus(*places) == cpus


def test_without_control_groups_the_machine_is_the_limit(tmp_path):
    nowhere = tmp_path / "groups", tmp_path / "own"
    assert limits.memory_bytes(*nowhere) == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert limits.cpus(*nowhere) is None


def test_this_machine_has_some_memory():
    assert GB < limits.memory_bytes() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
