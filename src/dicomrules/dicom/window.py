"""A window that moves over a source, so that a walk reads heads of elements and jumps over values."""

from typing import Final

from dicomrules.dicom.source import Bytes

# The longest head of an element: tag, VR, two reserved bytes, length of 32 bits (PS3.5 7.1.2)
HEAD: Final = 12
_SMALL: Final = 4 * 1024
_FIRST: Final = 64 * 1024
_LARGE: Final = 256 * 1024


class Window:
    """Bytes of `source` from `base` on, none from `stop` on; a head that starts at `safe` or before is in `data`.

    After a jump over a long value the window is small; as long as the walk goes on byte by byte it grows. Behind
    `stop` a head reads as zeros: whoever reads one compares with the end of what holds it.
    """

    __slots__ = ("_size", "_source", "_stop", "base", "data", "safe")

    def __init__(self, source: Bytes, stop: int) -> None:
        self._source = source
        self._stop = stop
        self._size = _FIRST
        self.base = 0
        self.safe = -1
        self.data: bytes | memoryview = b""

    def move(self, position: int) -> None:
        """Put `position` into the window."""
        reached = self.base + len(self.data)
        if self.safe >= 0:
            self._size = min(self._size * 2, _LARGE) if position <= reached + _SMALL else _SMALL
        stop = min(position + self._size, self._stop)
        data = self._source.read(position, stop)
        if len(data) < HEAD:
            data = bytes(data) + bytes(HEAD - len(data))
        self.data, self.base, self.safe = data, position, position + len(data) - HEAD
