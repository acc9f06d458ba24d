"""Deflated Explicit VR Little Endian (PS3.5 A.5) while it streams: inflating under caps, and deflating."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from dicomrules.dicom.malformed import MalformedDataSet

# Deflate itself cannot exceed 1032; DICOM headers and empty images stay far below a hundred
LARGEST_RATIO: Final = 100
# Below this many bytes the ratio is not looked at: small objects of zeros are no attack
_HARMLESS: Final = 1024 * 1024
_PIECE: Final = 256 * 1024


def inflate(chunks: Iterable[bytes | memoryview], longest: int) -> Iterator[bytes]:
    """The inflated data set, in pieces of at most 256 KB. `longest`: the most bytes it may have.

    Raises MalformedDataSet when the stream is damaged or cut, goes on behind its end (one padding byte is allowed),
    exceeds `longest`, or grows more than `LARGEST_RATIO` times.
    """
    stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    taken = given = 0
    behind = b""
    for chunk in chunks:
        taken += len(chunk)
        if stream.eof:
            behind += bytes(chunk[:2])
            continue
        for piece in _pieces(stream, chunk, taken):
            given += len(piece)
            if given > longest or given > max(_HARMLESS, taken * LARGEST_RATIO):
                raise MalformedDataSet(taken, 0, "a deflated data set that becomes too large")
            yield piece
        behind = stream.unused_data[:2]
    if not stream.eof:
        raise MalformedDataSet(taken, 0, "cut: the deflated data set has no end")
    if behind not in (b"", b"\0"):
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
