"""Deflated Explicit VR Little Endian (PS3.5 A.5) while it streams: inflating under caps, and deflating."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from dicomrules.dicom.malformed import MalformedDataSet

# Deflate itself cannot exceed 1032; DICOM headers and empty images stay far below a hundred
LARGEST_RATIO: Final = 100
# Below this many bytes the ratio is not looked at: small objects of zeros are no attack
_HARMLESS: Final = 1024 * 1024
_PIECE: Final = 256 * 1024
# Some writers end the stream as gzip does, with checksum and length of what was deflated (RFC 1952 2.3.1)
_TRAILER: Final = struct.Struct("<II")


def inflate(chunks: Iterable[bytes | memoryview], longest: int) -> Iterator[bytes]:
    """The inflated data set, in pieces of at most 256 KB. `longest`: the most bytes it may have.

    Raises MalformedDataSet when the stream is damaged or cut, exceeds `longest`, grows more than `LARGEST_RATIO` times,
    or goes on behind its end, where only a padding byte and a trailer as of gzip that fits are allowed.
    """
    stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    taken = given = checksum = 0
    behind = b""
    for chunk in chunks:
        taken += len(chunk)
        if stream.eof:
            behind += bytes(chunk[: _TRAILER.size + 2])
            continue
        for piece in _pieces(stream, chunk, taken):
            given += len(piece)
            checksum = zlib.crc32(piece, checksum)
            if given > longest or given > max(_HARMLESS, taken * LARGEST_RATIO):
                raise MalformedDataSet(taken, 0, "a deflated data set that becomes too large")
            yield piece
        behind = stream.unused_data[: _TRAILER.size + 2]
    if not stream.eof:
        raise MalformedDataSet(taken, 0, "cut: the deflated data set has no end")
    trailer = _TRAILER.pack(checksum, given & 0xFFFFFFFF)
    if behind not in (b"", b"\0", trailer, trailer + b"\0"):
        raise MalformedDataSet(taken, 0, "bytes behind the end of the deflated data set")


def _pieces(stream: "zlib._Decompress", chunk: bytes | memoryview, taken: int) -> Iterator[bytes]:
    """Everything that `chunk` makes, piece by piece."""
    rest: bytes | memoryview = chunk
    while not stream.eof:
        try:
            piece = stream.decompress(rest, _PIECE)
        except zlib.error:
            raise MalformedDataSet(taken, 0, "a damaged deflated data set") from None
        rest = stream.unconsumed_tail
        if piece:
            yield piece
        elif not rest:
            return


def deflate(chunks: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """The deflate stream of a data set, padded to even length (PS3.5 A.5)."""
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    given = 0
    for chunk in chunks:
        if piece := stream.compress(chunk):
            given += len(piece)
            yield piece
    last = stream.flush()
    yield last + bytes((given + len(last)) % 2)
