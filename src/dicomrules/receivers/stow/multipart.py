"""Reads a multipart/related body (RFC 2046 5.1, PS3.18 8.6.1.2) as it comes, without I/O: bytes in, events out.

A line that begins with the delimiter ends a part, whatever follows in it: if that is neither the end of a line nor
`--`, the body is malformed, and nothing is guessed. Outside of parts there may be line ends and nothing else. What is
held between two calls is never more than the longest head of a part, or one delimiter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

MOST_PARTS = 10_000
MOST_HEADERS = 32
LONGEST_HEAD = 4096  # bytes of the header fields of one part
_LONGEST_OUTSIDE = 64  # bytes of line ends before the first delimiter, and of blanks behind one

_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")


class Malformed(Exception):
    """This is no multipart body; `status` is what HTTP calls it. The text holds nothing of what came."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class PartBegan:
    """The header fields of a part, names in lower case."""

    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartEnded:
    """The part is whole."""


PartEvent = PartBegan | memoryview | PartEnded


class _Place(Enum):
    """Where in the body we are."""

    BEFORE = auto()
    DELIMITER = auto()  # behind a delimiter, in its line
    HEAD = auto()
    CONTENT = auto()
    AFTER = auto()


class MultipartReader:
    """One body. `feed` what comes, then ask `is_whole`."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._place = _Place.BEFORE
        self._held = b"\r\n"  # so that a delimiter at the very beginning is one like all others
        self._at = 0  # how much of `_held` is done with
        self._parts = 0

    @property
    def is_whole(self) -> bool:
        """Whether the closing delimiter was seen."""
        return self._place is _Place.AFTER

    def feed(self, piece: bytes) -> Iterator[PartEvent]:
        """What `piece` brings. Raises Malformed. Views are good until the next call."""
        self._held, self._at = self._held[self._at :] + piece, 0
        steps = {
            _Place.BEFORE: self._before,
            _Place.DELIMITER: self._behind_delimiter,
            _Place.HEAD: self._head,
            _Place.CONTENT: self._content,
            _Place.AFTER: self._after,
        }
        while True:
            place = self._place
            yield from steps[place]()
            if self._place is place:  # it waits for more
                return

    def _before(self) -> Iterator[PartEvent]:
        found = self._held.find(self._delimiter)
        outside = self._held[: found if found >= 0 else max(0, len(self._held) - len(self._delimiter))]
        if outside.strip(b"\r\n") or len(outside) > _LONGEST_OUTSIDE:
            raise Malformed("the body does not begin with its boundary")
        if found >= 0:
            self._go(_Place.DELIMITER, found + len(self._delimiter))
        return iter(())

    def _behind_delimiter(self) -> Iterator[PartEvent]:
        line = self._held[self._at : self._at + _LONGEST_OUTSIDE + 2]
        rest = line.lstrip(b" \t")
        if line.startswith(b"--"):
            self._go(_Place.AFTER, self._at + 2)
        elif rest.startswith(b"\r\n"):
            self._parts += 1
            if self._parts > MOST_PARTS:
                raise Malformed(f"the body has more than {MOST_PARTS} parts", 413)
            # The line end is not done with: a part without header fields has two of them.
            self._go(_Place.HEAD, self._at + len(line) - len(rest))
        elif len(line) > _LONGEST_OUTSIDE or (rest not in (b"", b"\r") and line != b"-"):
            raise Malformed("a boundary is followed by something else than the end of its line")
        return iter(())

    def _head(self) -> Iterator[PartEvent]:
        most = self._at + LONGEST_HEAD + 4
        found = self._held.find(b"\r\n\r\n", self._at, most)
        if found >= 0:
            fields = _fields(self._held[self._at + 2 : found])
            self._go(_Place.CONTENT, found + 4)
            yield PartBegan(fields)
        elif len(self._held) > most:
            raise Malformed(f"the header fields of a part have more than {LONGEST_HEAD} bytes", 431)

    def _content(self) -> Iterator[PartEvent]:
        found = self._held.find(self._delimiter, self._at)
        end = found if found >= 0 else max(self._at, len(self._held) - len(self._delimiter) + 1)
        if end > self._at:
            yield memoryview(self._held)[self._at : end]
        if found >= 0:
            self._go(_Place.DELIMITER, found + len(self._delimiter))
            yield PartEnded()
        else:
            self._at = end

    def _after(self) -> Iterator[PartEvent]:
        if self._held[self._at :].strip(b" \t\r\n"):
            raise Malformed("something follows the closing boundary")
        self._at = len(self._held)
        return iter(())

    def _go(self, place: _Place, at: int) -> None:
        self._place, self._at = place, at


def _fields(raw: bytes) -> dict[str, str]:
    lines = raw.split(b"\r\n") if raw else []
    if len(lines) > MOST_HEADERS:
        raise Malformed(f"a part has more than {MOST_HEADERS} header fields", 431)
    found: dict[str, str] = {}
    for line in lines:
        matched = _FIELD.fullmatch(line)
        if matched is None:
            raise Malformed("a header field of a part is malformed")
        name = matched[1].decode("ascii").lower()
        if name in found:
            raise Malformed("a header field of a part is said twice")
        found[name] = matched[2].decode("latin-1").rstrip(" \t")
    return found
