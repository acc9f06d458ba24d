"""Inflates a deflated data set (PS3.5 A.5: RFC 1951, without zlib's header) in pieces, under a cap."""

import zlib
from collections.abc import Callable

from dicomrules.dicom.source import Bytes

_PIECE = 256 * 1024


class InflateError(Exception):
    """The stream is damaged, cut, followed by something else, or longer than the cap once inflated. A constant
    sentence.
    """


def inflate(source: Bytes, write: Callable[[bytes], None], most: int) -> None:
    """Give all of `source`, inflated, to `write`; never more than `most` bytes. Raises InflateError."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    written, position, rest = 0, 0, b""
    while not stream.eof:
        if not rest:
            if position == source.length:
                raise InflateError("the deflated data set is cut")
            end = min(position + _PIECE, source.length)
            position, rest = end, bytes(source.read(position, end))
        try:
            piece = stream.decompress(rest, _PIECE)
        except zlib.error:
            raise InflateError("the deflated data set is damaged") from None
        rest = stream.unconsumed_tail
        written += len(piece)
        if written > most:
            raise InflateError("the data set is too long once inflated")
        if piece:
            write(piece)
    _check_end(stream.unused_data + bytes(source.read(position, min(position + 2, source.length))))


def _check_end(behind: bytes) -> None:
    """Behind the stream there may be one NUL that makes its length even (PS3.5 A.5)."""
    if behind.strip(b"\0") or len(behind) > 1:
        raise InflateError("something follows the deflated data set")
