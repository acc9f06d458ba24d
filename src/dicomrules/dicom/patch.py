"""What leaves: the bytes received plus a patch.

A patch is a sorted list of splices over the data set as received. Every byte outside them leaves as it came, by
construction. A patch belongs to the bytes whose SHA-256 it names; the sender compares before the last byte leaves.
"""

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dicomrules.dicom.source import Bytes

_VERSION: Final = 1
_BLOB: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Blob:
    """New bytes too many for memory: `length` bytes in the spool file `file`, and their SHA-256 (hexadecimal)."""

    file: str
    length: int
    digest: str

    def __len__(self) -> int:
        return self.length


@dataclass(frozen=True, slots=True)
class Splice:
    """Received bytes from `start` to `end` leave as `new`."""

    start: int
    end: int
    new: bytes | Blob


@dataclass(frozen=True, slots=True)
class Patch:
    """All splices of one variant, sorted, never overlapping.

    `base_digest` is the SHA-256 (hexadecimal) of the data set they are made for, and for no other.
    """

    base_digest: str
    splices: tuple[Splice, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when everything leaves as it came."""
        return not self.splices

    def to_bytes(self) -> bytes:
        """A compact form for the ledger; `from_bytes` reads it."""
        return _HEAD.pack(_VERSION, bytes.fromhex(self.base_digest), len(self.splices)) + b"".join(
            _splice_to_bytes(splice) for splice in self.splices
        )

    @staticmethod
    def from_bytes(data: bytes) -> "Patch":
        """The patch that `to_bytes` wrote. Raises ValueError when the form is of another version or damaged."""
        try:
            version, digest, count = _HEAD.unpack_from(data)
            if version != _VERSION:
                raise ValueError(f"this patch has version {version}, this program reads version {_VERSION}")
            return Patch(digest.hex(), tuple(_splices_from_bytes(data, _HEAD.size, count)))
        except (struct.error, UnicodeDecodeError) as error:
            raise ValueError("this patch is damaged: restore the ledger from its backup") from error


_HEAD: Final = struct.Struct(">B32sI")
_SPLICE: Final = struct.Struct(">QQQ")
_BLOB_TAIL: Final = struct.Struct(">32sH")


def _splice_to_bytes(splice: Splice) -> bytes:
    new = splice.new
    if isinstance(new, bytes):
        return _SPLICE.pack(splice.start, splice.end, len(new)) + new
    name = new.file.encode()
    head = _SPLICE.pack(splice.start, splice.end, new.length | _BLOB)
    return head + _BLOB_TAIL.pack(bytes.fromhex(new.digest), len(name)) + name


def _splices_from_bytes(data: bytes, offset: int, count: int) -> Iterator[Splice]:
    for _ in range(count):
        start, end, length = _SPLICE.unpack_from(data, offset)
        offset += _SPLICE.size
        if length & _BLOB:
            digest, size = _BLOB_TAIL.unpack_from(data, offset)
            offset += _BLOB_TAIL.size + size
            yield Splice(start, end, Blob(data[offset - size : offset].decode(), length ^ _BLOB, digest.hex()))
            continue
        offset += length
        if offset > len(data):
            raise ValueError("this patch is cut: restore the ledger from its backup")
        yield Splice(start, end, data[offset - length : offset])
    if offset != len(data):
        raise ValueError("this patch has bytes after its end: restore the ledger from its backup")


def segments(patch: Patch, length: int) -> Iterator[tuple[int, int] | bytes | Blob]:
    """What to send, in order: ranges of the data set of `length` bytes received, new bytes, blobs; none is empty."""
    position = 0
    for splice in patch.splices:
        if position < splice.start:
            yield position, splice.start
        if len(splice.new):
            yield splice.new
        position = splice.end
    if position < length:
        yield position, length


def new_length(patch: Patch, length: int) -> int:
    """How many bytes leave when `length` were received."""
    return length + sum(len(splice.new) - (splice.end - splice.start) for splice in patch.splices)


def apply(patch: Patch, data: bytes) -> bytes:
    """The data set that leaves, in memory: for small objects and tests. Blobs cannot be read here: ValueError."""
    parts = []
    for segment in segments(patch, len(data)):
        if isinstance(segment, Blob):
            raise ValueError("a patch with new bytes in a file is applied while sending, not in memory")
        parts.append(segment if isinstance(segment, bytes) else data[segment[0] : segment[1]])
    return b"".join(parts)


def joined(splices: Iterable[Splice]) -> tuple[Splice, ...]:
    """The same splices, sorted as given, neighbours made one. Raises ValueError when they overlap or go backwards."""
    result: list[Splice] = []
    run: list[bytes] = []  # new bytes of neighbours, of which the last result is the first
    position = 0
    for splice in splices:
        if splice.start < position:
            raise ValueError("splices overlap: this is a defect of the program, please report it")
        if run and splice.start == position and isinstance(splice.new, bytes):
            run.append(splice.new)
        else:
            _close(result, run, position)
            run = [splice.new] if isinstance(splice.new, bytes) else []
            result.append(splice)
        position = splice.end
    _close(result, run, position)
    return tuple(result)


def _close(result: list[Splice], run: list[bytes], end: int) -> None:
    if len(run) > 1:
        result[-1] = Splice(result[-1].start, end, b"".join(run))


class PatchedBytes:
    """Received bytes plus patch, read by position as if in one piece; `opened` gives the bytes of a blob. Without it,
    blobs cannot be read here: ValueError.
    """

    __slots__ = ("_opened", "_pieces", "_source", "_starts", "length")

    def __init__(self, source: Bytes, patch: Patch, opened: Callable[[Blob], Bytes] | None = None) -> None:
        self._source = source
        self._opened = opened
        self._pieces = list(segments(patch, source.length))
        self._starts: list[int] = []
        self.length = 0
        for piece in self._pieces:
            self._starts.append(self.length)
            self.length += piece[1] - piece[0] if isinstance(piece, tuple) else len(piece)

    def read(self, start: int, end: int) -> bytes | memoryview:
        """The bytes from `start` to `end` of what leaves."""
        parts: list[bytes | memoryview] = []
        at = max(bisect_right(self._starts, start) - 1, 0)
        while start < end:
            piece, begin = self._pieces[at], self._starts[at]
            stop = self._starts[at + 1] if at + 1 < len(self._starts) else self.length
            part = self._part(piece, start - begin, min(end, stop) - begin)
            parts.append(part)
            start += len(part)
            at += 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _part(self, piece: tuple[int, int] | bytes | Blob, start: int, end: int) -> bytes | memoryview:
        if isinstance(piece, tuple):
            return self._source.read(piece[0] + start, piece[0] + end)
        if isinstance(piece, Blob):
            if self._opened is None:
                raise ValueError("new bytes in a file are read while sending, not here")
            return self._opened(piece).read(start, end)
        return piece[start:end]
