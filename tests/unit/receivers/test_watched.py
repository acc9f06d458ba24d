"""What is in a watched folder, and that nothing that was not taken ever leaves it."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dicomrules.receivers.settling import Look
from dicomrules.receivers.watched import WatchedFolder, look_of, shown_name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def folder(path: Path) -> Iterator[WatchedFolder]:
    folder = WatchedFolder(path)
    yield folder
    folder.close()


def dropped(path: Path, name: str = "a.dcm", content: bytes = b"abc") -> Look:
    (path / name).write_bytes(content)
    return look_of((path / name).stat())


def names(folder: WatchedFolder, pattern: str = "*.dcm") -> dict[str, bool]:
    """Shown names, and whether each is a regular file."""
    return {shown_name(entry.name): entry.look is not None for entry in folder.entries([pattern])}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_files_that_match_are_there_and_others_are_not(folder: WatchedFolder, path: Path) -> None:
    for name in ("a.dcm", "-rf.dcm", "b.txt", ".hidden.dcm", "a.dcm.part", "new\nline.dcm", "x" * 251 + ".dcm"):
        dropped(path, name)
    (path / "inner").mkdir()
    dropped(path / "inner", "c.dcm")
    assert set(names(folder)) == {"a.dcm", "-rf.dcm", "new\nline.dcm", "x" * 251 + ".dcm"}


def test_a_name_may_be_any_bytes(folder: WatchedFolder, path: Path) -> None:
    with open(os.fsencode(path) + b"/\xff\xfe.dcm", "wb") as file:
        file.write(b"abc")
    (entry,) = folder.entries(["*.dcm"])
    os.close(folder.open(entry.name))
    assert entry.look is not None
    assert folder.remove(entry.name, entry.look)
    assert list(path.iterdir()) == []


def test_what_is_no_regular_file_has_no_look(folder: WatchedFolder, path: Path) -> None:
    target = path.parent / "secret"
    target.write_bytes(b"abc")
    (path / "link.dcm").symlink_to(target)
    (path / "folder.dcm").mkdir()
    os.mkfifo(path / "fifo.dcm")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path / "socket.dcm"))
        expected = {"link.dcm": False, "folder.dcm": False, "fifo.dcm": False, "socket.dcm": False}
        assert names(folder) == expected


def test_a_link_is_not_opened(folder: WatchedFolder, path: Path) -> None:
    (path / "link.dcm").symlink_to(path.parent)
    with pytest.raises(OSError, match="symbolic links"):
        folder.open("link.dcm")


def test_a_file_that_was_taken_is_removed(folder: WatchedFolder, path: Path) -> None:
    look = dropped(path)
    assert folder.remove("a.dcm", look)
    assert everything(path) == {}


def test_a_file_that_is_gone_already_is_no_error(folder: WatchedFolder, path: Path) -> None:
    look = dropped(path)
    (path / "a.dcm").unlink()
    assert not folder.remove("a.dcm", look)
    assert folder.move("a.dcm", look, path / "failed") == ""
    assert everything(path) == {}


@pytest.mark.parametrize("way_out", ["remove", "move"])
def test_another_file_of_the_same_name_is_never_removed(folder: WatchedFolder, path: Path, way_out: str) -> None:
    taken = dropped(path)
    (path / "new").write_bytes(b"another patient")
    (path / "new").rename(path / "a.dcm")
    if way_out == "remove":
        assert not folder.remove("a.dcm", taken)
    else:
        assert folder.move("a.dcm", taken, path / "failed", "why") == ""
    assert list(everything(path).values()) == [b"another patient"]
    (entry,) = folder.entries(["*.nothing matches"])  # found under its hidden name, whatever the pattern
    assert shown_name(entry.name) == "a.dcm"
    assert entry.look is not None
    assert folder.remove(entry.name, entry.look)
    assert everything(path) == {}


def test_a_file_is_moved_with_a_note_beside_it(folder: WatchedFolder, path: Path) -> None:
    assert folder.move("a.dcm", dropped(path), path / "failed", "why") == "a.dcm"
    assert everything(path) == {"failed/a.dcm": b"abc", "failed/a.dcm.reason.txt": b"why"}
    assert (path / "failed").stat().st_mode & 0o777 == 0o700


def test_nothing_in_the_other_folder_is_overwritten(folder: WatchedFolder, path: Path) -> None:
    for content in (b"one", b"two"):
        folder.move("a.dcm", dropped(path, content=content), path / "done")
    assert everything(path) == {"done/a.dcm": b"one", "done/a~2.dcm": b"two"}


def test_a_name_as_long_as_can_be_is_moved_too(folder: WatchedFolder, path: Path) -> None:
    name = "x" * 251 + ".dcm"
    assert folder.move(name, dropped(path, name), path / "failed", "why") == name
    assert sorted(everything(path).values()) == [b"abc", b"why"]


def test_another_file_system_gets_a_copy(folder: WatchedFolder, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def across(source: Any, target: Any, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if src_dir_fd != dst_dir_fd:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", across)
    assert folder.move("a.dcm", dropped(path), path / "failed") == "a.dcm"
    assert everything(path) == {"failed/a.dcm": b"abc"}


def test_a_move_that_fails_leaves_the_file_and_nothing_else(
    folder: WatchedFolder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def full(source: Any, target: Any, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if src_dir_fd != dst_dir_fd:
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    look = dropped(path)
    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space"):
        folder.move("a.dcm", look, path / "failed", "why")
    monkeypatch.undo()
    assert names(folder) == {"a.dcm": True}
    (entry,) = folder.entries(["*.dcm"])
    assert folder.move(entry.name, look, path / "failed", "why") == "a.dcm"
    assert everything(path) == {"failed/a.dcm": b"abc", "failed/a.dcm.reason.txt": b"why"}
