"""Blobs: whole under their name or not there, beside their instance, and gone with it."""

import errno
from pathlib import Path

import pytest

from dicomrules.spool.blobs import Blobs
from dicomrules.spool.calls import Calls
from dicomrules.spool.errors import SpoolError

NAME, KEY = "0" * 32, "a" * 32
REF = f"waiting/2026-01-01/{NAME}.dcm"


def test_a_blob_is_what_was_written_and_goes_with_its_instance(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    blob = blobs.write(REF, KEY, [b"one ", memoryview(b"two")])
    assert (blob.file, blob.length) == (f"{NAME}/{KEY}", 7)
    file = blobs.open(blob.file)
    assert file.read(7, 0) == b"one two"
    file.close()
    assert (tmp_path / "blobs" / blob.file).stat().st_mode & 0o077 == 0
    assert blobs.write(f"done/2026-01-01/{NAME}.dcm", KEY, [b"one ", b"two"]) == blob
    blobs.remove(f"held/{NAME}.dcm")
    assert list((tmp_path / "blobs").iterdir()) == []
    blobs.remove(REF)


def test_what_could_not_be_written_whole_has_no_name(tmp_path: Path) -> None:
    class Full(Calls):
        def fdatasync(self, fd: int) -> None:
            raise OSError(errno.EIO, "disk")

    with pytest.raises(SpoolError):
        Blobs(str(tmp_path), Full()).write(REF, KEY, [b"one"])
    assert not (tmp_path / "blobs" / NAME / KEY).exists()
    assert Blobs(str(tmp_path)).write(REF, KEY, [b"one"]).length == 3


@pytest.mark.parametrize("name", ["../../etc/passwd", f"{NAME}/../x", "", f"{NAME}/{KEY}/"])
def test_nothing_else_is_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpoolError):
        Blobs(str(tmp_path)).open(name)
