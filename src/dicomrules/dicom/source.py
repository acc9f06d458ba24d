"""Where bytes come from: anything that can be read by position.

This room does no input or output. The spool brings a source that reads a file in windows; tests and small objects use
`MemoryBytes`.
"""

from typing import Protocol


class Bytes(Protocol):
    """Bytes that are read by position, counted from the first byte of the data set."""

    @property
    def length(self) -> int:
        """How many bytes there are."""
        ...

    def read(self, start: int, end: int) -> bytes | memoryview:
        """The bytes from `start` to `end`. Always exactly `end - start` of them when `0 <= start <= end <= length`."""
        ...


class MemoryBytes:
    """Bytes that are in memory already; reading copies nothing."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = data

    @property
    def length(self) -> int:
        """How many bytes there are."""
        return len(self._data)

    def read(self, start: int, end: int) -> memoryview:
        """A view of the bytes from `start` to `end`."""
        return memoryview(self._data)[start:end]


class Tail:
    """What another source holds from `start` on, such as the data set of a file."""

    __slots__ = ("_source", "_start", "length")

    def __init__(self, source: Bytes, start: int) -> None:
        self._source = source
        self._start = start
        self.length = source.length - start

    def read(self, start: int, end: int) -> bytes | memoryview:
        """The bytes from `start` to `end`, counted from where the tail begins."""
        return self._source.read(self._start + start, self._start + end)
