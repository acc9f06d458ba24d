import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomrules.dicom.patch import Blob, Patch, Splice, apply
from dicomrules.senders.received import Corrupt, Received, Windows
from dicomrules.spool.errors import SpoolError


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    fd = os.open(tmp_path_factory.mktemp("received") / "file", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


def stored(fd: int, data_set: bytes) -> Received:
    os.ftruncate(fd, 0)
    os.pwrite(fd, b"head" + data_set, 0)
    return Received(fd, 4, len(data_set))


def windows(received: Received, patch: Patch, digest: str, size: int) -> list[tuple[bytes, bool]]:
    return [(bytes(view), last) for view, last in Windows(received, patch, digest, memoryview(bytearray(size)))]


@st.composite
def patched(draw: st.DrawFn) -> tuple[bytes, Patch]:
    data_set = draw(st.binary(max_size=300))
    cuts = sorted(draw(st.lists(st.integers(0, len(data_set)), max_size=8)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    splices = tuple(Splice(start, end, draw(st.binary(max_size=40))) for start, end in pairs)
    return data_set, Patch(hashlib.sha256(data_set).hexdigest(), splices)


@given(case=patched(), size=st.integers(1, 64))
def test_windows_put_together_are_the_patched_data_set(scratch: int, case: tuple[bytes, Patch], size: int) -> None:
    data_set, patch = case
    made = windows(stored(scratch, data_set), patch, patch.base_digest, size)
    assert b"".join(view for view, _ in made) == apply(patch, data_set)
    assert [last for _, last in made] == [False] * (len(made) - 1) + [True]
    assert all(len(view) == size for view, _ in made[:-1])
    assert len(made) == 1 or made[-1][0]


@given(case=patched(), size=st.integers(1, 64), flip=st.integers(0, 10_000))
def test_no_flipped_bit_lets_the_last_window_out(scratch: int, case: tuple[bytes, Patch], size: int, flip: int) -> None:
    data_set, patch = case
    if not data_set:
        return
    damaged = bytearray(data_set)
    damaged[flip % len(data_set)] ^= 1
    seen: list[bool] = []
    made = Windows(stored(scratch, bytes(damaged)), patch, patch.base_digest, memoryview(bytearray(size)))
    with pytest.raises(Corrupt):
        seen.extend(last for _, last in made)
    assert True not in seen


def test_a_file_that_is_shorter_than_the_data_set_is_corrupt(scratch: int) -> None:
    received = stored(scratch, b"12345678")
    longer = Received(received.fd, received.offset, 9)
    with pytest.raises(Corrupt):
        windows(longer, Patch("00" * 32), "", 4)


def test_without_a_digest_nothing_is_compared(scratch: int) -> None:
    assert windows(stored(scratch, b"abcd"), Patch("00" * 32), "", 4) == [(b"abcd", True)]


def test_a_descriptor_that_cannot_be_read_is_the_spools_error_with_its_number(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(SpoolError) as failure:
            windows(Received(fd, 0, 4), Patch("00" * 32), "", 4)
        assert failure.value.errno != 0
    finally:
        os.close(fd)


def test_new_bytes_in_a_file_are_refused_before_anything_leaves(scratch: int) -> None:
    patch = Patch("00" * 32, (Splice(0, 0, Blob("pixels", 10, "00" * 32)),))
    with pytest.raises(SpoolError, match="lie in a file"):
        windows(stored(scratch, b"abcd"), patch, "", 4)


@pytest.mark.parametrize("size", [1, 3, 4, 8])
def test_an_odd_deflate_stream_leaves_with_a_zero_behind_it_and_an_even_one_as_it_is(scratch: int, size: int) -> None:
    for data_set, expected in ((b"abc", b"abc\0"), (b"abcd", b"abcd"), (b"", b"")):
        patch = Patch(hashlib.sha256(data_set).hexdigest())
        made = Windows(stored(scratch, data_set), patch, patch.base_digest, memoryview(bytearray(size)), even=True)
        assert b"".join(bytes(view) for view, _ in made) == expected
