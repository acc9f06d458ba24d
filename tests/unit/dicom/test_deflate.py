"""Deflated data sets, under caps."""

import random
import zlib

import pytest

from dicomrules.dicom.deflate import LARGEST_RATIO, deflate, inflate
from dicomrules.dicom.malformed import MalformedDataSet
from tests.objects import ct, data_set_bytes

GIB = 1024**3


def deflated(data: bytes) -> bytes:
    stream = zlib.compressobj(9, wbits=-15)
    return stream.compress(data) + stream.flush()


def inflated(data: bytes, longest: int = GIB, piece: int = 1000) -> bytes:
    return b"".join(inflate((data[start : start + piece] for start in range(0, len(data), piece)), longest))


@pytest.mark.parametrize("piece", [1, 7, 1000, 10**7])
@pytest.mark.parametrize("data", [b"", bytes(100), random.Random(1).randbytes(3000), data_set_bytes(ct(64))])
def test_what_was_deflated_comes_back(data: bytes, piece: int) -> None:
    assert inflated(deflated(data), piece=piece) == data
    assert inflated(deflated(data) + b"\0", piece=piece) == data, "one byte of padding is allowed"


def test_pieces_are_small_whatever_comes() -> None:
    data = random.Random(1).randbytes(1000) * 900
    pieces = list(inflate([deflated(data)], GIB))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 256 * 1024


def test_p01_a_bomb_is_refused_before_it_grows() -> None:
    bomb = deflated(bytes(200_000_000))
    pieces: list[int] = []

    def taken() -> None:
        for piece in inflate((bomb[start : start + 1000] for start in range(0, len(bomb), 1000)), 16 * GIB):
            pieces.append(len(piece))

    with pytest.raises(MalformedDataSet, match="too large"):
        taken()
    assert sum(pieces) <= max(1024 * 1024, 1000 * LARGEST_RATIO) + 256 * 1024


def test_a_data_set_over_the_cap_is_refused() -> None:
    data = random.Random(1).randbytes(5000)
    assert inflated(deflated(data), longest=5000) == data
    with pytest.raises(MalformedDataSet, match="too large"):
        inflated(deflated(data), longest=4999)


@pytest.mark.parametrize("piece", [1, 1000])
@pytest.mark.parametrize(
    "bad", [b"", deflated(b"x" * 100)[:-1], b"\xff\xff\xff\xff", deflated(b"abc") + b"zz", deflated(b"") + b"\0\0"]
)
def test_what_is_cut_damaged_or_goes_on_is_refused(bad: bytes, piece: int) -> None:
    with pytest.raises(MalformedDataSet):
        inflated(bad, piece=piece)


def test_a_data_set_is_deflated_while_it_streams() -> None:
    data = data_set_bytes(ct(64))
    made = b"".join(deflate(data[start : start + 100] for start in range(0, len(data), 100)))
    assert len(made) % 2 == 0
    assert inflated(made) == data
    assert zlib.decompress(made, -15) == data


def trailer(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


@pytest.mark.parametrize("piece", [1, 3, 10**6])
def test_a_trailer_as_of_gzip_that_fits_is_taken(piece: int) -> None:
    """Real files have it: the writer used gzip and cut off only what stands in front."""
    data = data_set_bytes(ct(16))
    assert inflated(deflated(data) + trailer(data), piece=piece) == data
    assert inflated(deflated(data) + trailer(data) + b"\0", piece=piece) == data


@pytest.mark.parametrize("behind", [trailer(b"other"), b"\0" * 8, trailer(b"")[:4], b"12345678"])
def test_anything_else_behind_the_end_is_refused(behind: bytes) -> None:
    with pytest.raises(MalformedDataSet, match="behind the end"):
        inflated(deflated(data_set_bytes(ct(16))) + behind)


def test_more_behind_a_trailer_is_refused() -> None:
    data = data_set_bytes(ct(16))
    with pytest.raises(MalformedDataSet, match="behind the end"):
        inflated(deflated(data) + trailer(data) + b"\0\0\0")
