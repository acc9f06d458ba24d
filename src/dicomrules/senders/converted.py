"""The windows of a data set that leaves in another transfer syntax than the one it is in (PS3.5 Annex A).

Everything received is read and hashed first. What is converted afterwards comes out of the same file, in several
passes.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from dicomrules.dicom.convert import convert
from dicomrules.dicom.index import IndexLimits, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.patch import Blob, Patch, PatchedBytes
from dicomrules.dicom.source import Bytes
from dicomrules.dicom.syntax import encoding_of
from dicomrules.dicom.values import TooLong
from dicomrules.net.association import Window
from dicomrules.senders.received import Corrupt, Received

# Intake has walked through this object under the limits of the gateway; a patch adds little to it.
_LIMITS: Final = IndexLimits(elements=1 << 31, nesting=1 << 16)
_PIECE: Final = 256 * 1024


class Unconvertible(Exception):
    """This data set does not exist in the transfer syntax that the peer takes."""


class Converted:
    """A patched data set in another transfer syntax; the syntaxes are those of `contexts.CONVERSIONS`."""

    def __init__(self, received: Received, patch: Patch, digest: str) -> None:
        """Read and hash what was received. Raises Corrupt and SpoolError."""
        if digest and _digest(received) != digest:
            raise Corrupt("the bytes in the spool are not those that were received (SHA-256 differs)")
        blobs = {splice.new: received.opened(splice.new) for splice in patch.splices if isinstance(splice.new, Blob)}
        for blob, opened in blobs.items():
            if _digest(opened) != blob.digest:
                raise Corrupt("the new pixels in the spool are not those that were made (SHA-256 differs)")
        self._source = PatchedBytes(received, patch, blobs.__getitem__)

    def windows(self, is_in: str, leaves_in: str, buffer: memoryview) -> Iterator[Window]:
        """What leaves, as windows of the length of `buffer`. Raises Unconvertible, at once and not while they are
        made.
        """
        try:
            pieces = convert(index(self._source, encoding_of(is_in), _LIMITS), encoding_of(leaves_in))
            first = next(pieces, b"")  # before it gives anything, it measures everything
        except MalformedDataSet as malformed:
            raise Unconvertible(f"{malformed.reason}, at byte {malformed.offset}") from malformed
        except (TooLong, ValueError) as error:
            raise Unconvertible(str(error)) from error
        return packed(_chunks(self._source, chain((first,), pieces)), buffer)


def packed(chunks: Iterable[bytes | memoryview], buffer: memoryview) -> Iterator[Window]:
    """Chunks of any length as windows of the length of `buffer`; the last leaves when `chunks` has ended without
    error.
    """
    filled = 0
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            if filled == len(buffer):
                yield buffer, False
                filled = 0
            taken = min(len(rest), len(buffer) - filled)
            buffer[filled : filled + taken] = rest[:taken]
            rest, filled = rest[taken:], filled + taken
    yield buffer[:filled], True


def _chunks(source: Bytes, pieces: Iterable[tuple[int, int] | bytes]) -> Iterator[bytes | memoryview]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        for start in range(piece[0], piece[1], _PIECE):
            yield source.read(start, min(start + _PIECE, piece[1]))


def _digest(received: Received) -> str:
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(min(_PIECE, received.length)))
    for start in range(0, received.length, _PIECE):
        view = buffer[: received.length - start]
        received.fill(view, start)
        digest.update(view)
    return digest.hexdigest()
