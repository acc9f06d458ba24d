"""Files appear whole, overwrite nothing, and never go through a link."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dicomrules.senders.tree import LinkInPath, Tree, Unfinished


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    tree = Tree(tmp_path / "deep/out")
    yield tree
    tree.close()


def placed(tree: Tree, names: tuple[str, ...], content: bytes) -> str:
    file = Unfinished(tree.root)
    try:
        file.write(content)
        file.finish(0o640)
        return tree.place(file, names)
    finally:
        file.discard()


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_file_gets_its_name_and_its_mode(tree: Tree, tmp_path: Path) -> None:
    assert placed(tree, ("P", "S", "1.dcm"), b"abc") == "1.dcm"
    assert everything(tmp_path / "deep/out") == {"P/S/1.dcm": b"abc"}
    assert (tmp_path / "deep/out/P/S/1.dcm").stat().st_mode & 0o777 == 0o640


def test_the_same_bytes_again_are_as_good(tree: Tree, tmp_path: Path) -> None:
    assert [placed(tree, ("1.dcm",), b"abc") for _ in range(3)] == ["1.dcm"] * 3
    assert everything(tmp_path) == {"deep/out/1.dcm": b"abc"}


def test_d18_other_bytes_get_a_number_each_time_the_same(tree: Tree, tmp_path: Path) -> None:
    names = [placed(tree, ("1.dcm",), content) for content in (b"abc", b"abd", b"longer", b"abd", b"abc")]
    assert names == ["1.dcm", "1~2.dcm", "1~3.dcm", "1~2.dcm", "1.dcm"]
    assert everything(tmp_path / "deep/out") == {"1.dcm": b"abc", "1~2.dcm": b"abd", "1~3.dcm": b"longer"}


def test_an_unfinished_file_is_hidden_and_nobodys_to_read(tree: Tree, tmp_path: Path) -> None:
    file = Unfinished(tree.root)
    file.write(b"half")
    (found,) = (tmp_path / "deep/out").iterdir()
    assert found.name.startswith(".")
    assert found.stat().st_mode & 0o777 == 0o600
    file.discard()
    assert everything(tmp_path) == {}


def test_d18_a_link_in_the_path_is_not_followed(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "deep/out/P").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LinkInPath):
        placed(tree, ("P", "1.dcm"), b"abc")
    assert everything(tmp_path) == {}


def test_d18_a_link_under_the_files_name_is_left_alone(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"abc")
    (tmp_path / "deep/out/1.dcm").symlink_to(tmp_path / "victim")
    assert placed(tree, ("1.dcm",), b"abc") == "1~2.dcm"
    assert (tmp_path / "deep/out/1.dcm").is_symlink()


def test_a_fifo_under_the_files_name_makes_nobody_wait(tree: Tree, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "deep/out/1.dcm")
    assert placed(tree, ("1.dcm",), b"abc") == "1~2.dcm"


def test_a_file_where_a_folder_belongs_is_said(tree: Tree) -> None:
    placed(tree, ("P",), b"abc")
    with pytest.raises(LinkInPath):
        placed(tree, ("P", "1.dcm"), b"abc")


def test_file_systems_without_hard_links_rename(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert [placed(tree, ("1.dcm",), content) for content in (b"abc", b"abc", b"abd")] == ["1.dcm", "1.dcm", "1~2.dcm"]
    assert everything(tmp_path / "deep/out") == {"1.dcm": b"abc", "1~2.dcm": b"abd"}


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without"])
def test_d18_below_another_device_the_file_is_written_there_once_more(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """A folder below the root is a mount of its own: neither a link nor a rename leads across (EXDEV)."""

    def apart(call: Callable[..., None], refused: bool = False) -> Callable[..., None]:
        def within(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int, **more: Any) -> None:
            if os.fstat(src_dir_fd).st_ino != os.fstat(dst_dir_fd).st_ino:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            if refused:
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))
            call(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, **more)

        return within

    monkeypatch.setattr(os, "link", apart(os.link, refused=not links))
    monkeypatch.setattr(os, "rename", apart(os.rename))
    out = tmp_path / "deep/out"
    assert [placed(tree, ("CT", "1.dcm"), content) for content in (b"abc", b"abc", b"abd")] == [
        "1.dcm", "1.dcm", "1~2.dcm"
    ]  # fmt: skip
    assert everything(out) == {"CT/1.dcm": b"abc", "CT/1~2.dcm": b"abd"}
    assert (out / "CT/1.dcm").stat().st_mode & 0o777 == 0o640
    assert placed(tree, ("1.dcm",), b"abc") == "1.dcm"


def test_only_old_unfinished_files_are_swept(tree: Tree, tmp_path: Path) -> None:
    left = Unfinished(tree.root)
    os.close(left.fd)
    placed(tree, ("1.dcm",), b"abc")
    written = (tmp_path / "deep/out" / left.name).stat().st_mtime
    tree.sweep(now=written + 3600)
    assert len(everything(tmp_path)) == 2
    tree.sweep(now=written + 25 * 3600)
    assert everything(tmp_path / "deep/out") == {"1.dcm": b"abc"}
