"""Where text comes from and which part of it is meant: a Source, and a Span of it. Offsets count characters from 0."""

import re
from bisect import bisect_right
from dataclasses import field

from dicomrules.text.frozen import frozen

_LINE_END = re.compile(r"\n|\r(?!\n)")


def _line_starts(text: str) -> tuple[int, ...]:
    """The offset of the first character of each line; LF, CR LF and a lone CR end a line."""
    return (0, *(found.end() for found in _LINE_END.finditer(text)))


@frozen
class Source:
    """One text with a name to show for it, usually its file name relative to where the reader stands."""

    name: str
    text: str
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", _line_starts(self.text))

    @property
    def lines(self) -> int:
        """How many lines there are; an empty text has one."""
        return len(self._starts)

    def line(self, offset: int) -> int:
        """The line of an offset, counted from 1. An offset past the end is on the last line."""
        return bisect_right(self._starts, max(offset, 0))

    def column(self, offset: int) -> int:
        """The column of an offset in characters, counted from 1."""
        return max(offset, 0) - self._starts[self.line(offset) - 1] + 1

    def line_start(self, line: int) -> int:
        """The offset at which a line (counted from 1) begins."""
        return self._starts[line - 1]

    def line_text(self, line: int) -> str:
        """One line (counted from 1) without what ends it."""
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return self.text[self._starts[line - 1] : end].rstrip("\r\n")

    def span(self, start: int, end: int) -> "Span":
        """The part of this text from `start` up to `end`, which does not belong to it."""
        return Span(self, start, end)


@frozen
class Span:
    """The characters from `start` up to `end` of a source; `start == end` is a place between two characters."""

    source: Source = field(repr=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters meant."""
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The line it starts on, counted from 1."""
        return self.source.line(self.start)

    @property
    def column(self) -> int:
        """The column it starts at, in characters, counted from 1."""
        return self.source.column(self.start)

    @property
    def place(self) -> str:
        """`file:line:column`, as editors and terminals understand it."""
        line = self.line
        return f"{self.source.name}:{line}:{self.start - self.source.line_start(line) + 1}"

    def to(self, other: "Span") -> "Span":
        """From the start of this span to the end of another one of the same source."""
        return Span(self.source, self.start, max(self.end, other.end))

    @property
    def before(self) -> "Span":
        """The place just before it, for something to be put there."""
        return Span(self.source, self.start, self.start)

    @property
    def after(self) -> "Span":
        """The place just after it, for something to be put there."""
        return Span(self.source, self.end, self.end)
