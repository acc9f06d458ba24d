"""Deflated data sets."""

import zlib

import pytest

from dicomrules.dicom.source import MemoryBytes
from dicomrules.receivers.inflating import InflateError, inflate


def _deflate(data):
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def _inflate(deflated, most=10**9):
    pieces = []
    inflate(MemoryBytes(deflated), pieces.append, most)
    return b"".join(pieces)


@pytest.mark.parametrize("size", [0, 1, 1000, 3_000_000])
@pytest.mark.parametrize("padding", [b"", b"\0"], ids=["odd_or_even", "padded"])
def test_a_data_set_comes_out_as_it_was(size, padding):
    data = bytes(range(251)) * (size // 251) + bytes(size % 251)
    assert _inflate(_deflate(data) + padding) == data


def test_p01_nothing_is_written_beyond_the_cap():
    written = []
    with pytest.raises(InflateError):
        inflate(MemoryBytes(_deflate(bytes(50_000_000))), written.append, 1_000_000)
    assert sum(map(len, written)) <= 1_000_000


@pytest.mark.parametrize(
    "deflated",
    [b"", _deflate(b"abc" * 100)[:-2], b"\xff\xff\xff", _deflate(b"abc") + b"more", _deflate(b"abc") + b"\0\0"],
    ids=["empty", "cut", "damaged", "followed_by_something", "padded_twice"],
)
def test_what_is_not_one_whole_stream_is_refused(deflated):
    with pytest.raises(InflateError):
        _inflate(deflated)
