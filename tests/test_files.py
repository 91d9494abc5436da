import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from resnet import files
from resnet.files import NoFileError, OccupiedError, new_file, new_folder

ROOT = Path(__file__).parent.parent


def test_a_file_is_complete_or_absent(tmp_path):
    path = tmp_path / "a" / "file"
    with pytest.raises(ZeroDivisionError), new_file(path) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert list(path.parent.iterdir()) == []
    with new_file(path) as beside:
        beside.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_what_a_link_leads_to_is_replaced(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    with new_file(tmp_path / "link") as beside:
        beside.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


@pytest.mark.parametrize("name", ["pipe", "folder", ""])
def test_what_is_no_file_stays(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    with pytest.raises(NoFileError, match="name another path"), new_file(Path(name)):
        raise AssertionError("nothing may be written")
    assert Path("pipe").is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_folders_will_do(tmp_path, monkeypatch, number):
    sync = os.fsync

    def refuses(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        sync(handle)

    monkeypatch.setattr(files.os, "fsync", refuses)
    with new_file(tmp_path / "a" / "file") as beside:
        beside.write_text("whole")
    with new_folder(tmp_path / "b") as beside:
        (beside / "file").write_text("whole")
    assert [p.read_text() for p in sorted(tmp_path.glob("*/file"))] == ["whole", "whole"]


def test_a_disk_that_cannot_sync_a_file_is_an_error(tmp_path, monkeypatch):
    def refuses(_handle):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(files.os, "fsync", refuses)
    with pytest.raises(files.WriteError, match="Invalid argument"), new_file(tmp_path / "a") as a:
        a.write_text("whole")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(OSError, match="disk"), new_file(path) as beside:
        beside.write_text("ne")
        raise OSError(errno.ENOSPC, "disk full")
    assert path.read_text() == "old"


def test_a_folder_is_complete_or_absent(tmp_path):
    path = tmp_path / "a" / "folder"
    with pytest.raises(ZeroDivisionError), new_folder(path) as beside:
        (beside / "file").write_text("half")
        raise ZeroDivisionError
    assert list(path.parent.iterdir()) == []
    path.mkdir()
    with new_folder(path) as beside:
        (beside / "file").write_text("whole")
    assert [p.name for p in path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["thesis.txt", "file"])
def test_a_folder_of_other_things_is_not_replaced(tmp_path, name):
    path = tmp_path / "folder"
    path.mkdir()
    (path / name).write_text("mine")
    if name == "file":
        with new_folder(path) as beside:
            (beside / "file").write_text("new")
        assert (path / name).read_text() == "new"
    else:
        with pytest.raises(OccupiedError, match="holds other files"), new_folder(path) as beside:
            (beside / "file").write_text("new")
        assert (path / name).read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "file").write_text("old")
    (tmp_path / "link").symlink_to("disk")
    with new_folder(tmp_path / "link") as beside:
        (beside / "file").write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "file").read_text() == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["disk", "link"]


KILLED = """
import os, signal, sys
from pathlib import Path
from resnet import files

where, path = sys.argv[1], Path(sys.argv[2])
def die():
    os.kill(os.getpid(), signal.SIGKILL)
exchanged, rename = files._exchanged, Path.rename
if where == "before":
    files._exchanged = lambda *both: die()
elif where == "after":
    files._exchanged = lambda *both: exchanged(*both) and die()
else:
    # A file system that can't exchange: killed between the two renamings.
    files._exchanged = lambda *both: False
    Path.rename = lambda self, to: rename(self, to) and str(to).endswith(".old") and die()
with files.new_folder(path) as beside:
    (beside / "file").write_text("new")
"""


@pytest.mark.parametrize(
    ("where", "at_once", "in_the_end"),
    [("before", "old", "old"), ("after", "new", "new"), ("between", None, "old")],
)
def test_a_kill_while_a_folder_is_replaced_loses_nothing(tmp_path, where, at_once, in_the_end):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "file").write_text("old")
    argv = [sys.executable, "-c", KILLED, where, str(path)]
    assert subprocess.run(argv, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert at_once is None or (path / "file").read_text() == at_once
    # The next call finds what was there, also where it fails itself.
    with pytest.raises(ZeroDivisionError), new_folder(path):
        raise ZeroDivisionError
    assert (path / "file").read_text() == in_the_end
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "no"), KeyboardInterrupt()])
def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path, monkeypatch, error):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "file").write_text("old")
    monkeypatch.setattr(files, "_exchanged", lambda *both: False)
    rename = Path.rename

    def refuse(self, to):
        if to == path and not self.name.endswith(".old"):
            raise error
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises((OSError, KeyboardInterrupt)), new_folder(path) as beside:
        (beside / "file").write_text("new")
    assert (path / "file").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_ctrl_c_ends_a_command_without_a_word(capsys):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        files.end(interrupted)
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "")
