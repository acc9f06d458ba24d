"""A file that somebody has open for writing is known."""

import os
import sys
from pathlib import Path

import pytest

from dicomrules.receivers.writers import has_writer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file leases are Linux's")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a.dcm"
    file.write_bytes(b"abc")
    return file


def asked(file: Path) -> bool:
    fd = os.open(file, os.O_RDONLY)
    try:
        return has_writer(fd)
    finally:
        os.close(fd)


def test_a_writer_is_seen_as_long_as_the_file_is_open(file: Path) -> None:
    with file.open("ab") as writing:
        if not asked(file):
            pytest.skip("this file system grants no leases")
        writing.write(b"d")
        writing.flush()
        assert asked(file)
    assert not asked(file)


def test_readers_do_not_count_and_writers_may_come_afterwards(file: Path) -> None:
    with file.open("rb"):
        assert not asked(file)
    with file.open("ab") as writing:
        writing.write(b"d")
    assert file.read_bytes() == b"abcd"
