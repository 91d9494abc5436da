import errno

import pytest

from resnet.files import new_file, new_folder


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
