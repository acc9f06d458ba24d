"""A rule file in its one layout: two blanks a step, one statement a line, every comment kept.

A comment on a line of its own stays above what it stood above; one at the end of a line stays at the end of that line;
one in the middle of a statement moves above it. Of several empty lines one is left.
"""

from itertools import groupby

from dicomrules.lang import ast
from dicomrules.lang.format_entries import Entry, Section, entry
from dicomrules.lang.layout import ARROW, INDENT, fits_on_one_line, lay_out, plain, under_one_another

_BLOCKS = ast.Settings | ast.Table | ast.InlineTable | ast.Action | ast.Rule | ast.Group | ast.Routes | ast.TestCase


def format(file: ast.File) -> str:
    """The text of a file. Reading it gives an equal file; formatting that gives the same text.

    ValueError: the file holds items that could not be read, and would lose them.
    """
    if file.unread:
        raise ValueError("a file with errors cannot be formatted: repair them first")
    printer = _Printer(file)
    printer.file()
    return "\n".join(_aligned(printer.lines)).strip("\n") + "\n"


class _Printer:
    """Lines written so far, and the comments still to be written."""

    def __init__(self, file: ast.File) -> None:
        self.parsed = file
        self.text = file.span.source.text
        self.comments = list(reversed(file.comments))
        self.lines: list[str] = []
        self.fresh = True  # nothing stands in this block yet, so no empty line is wanted

    def file(self) -> None:
        items = self.parsed.items
        version = self._header(items[0].span.start if items else len(self.text))
        after_block = version
        for item in items:
            is_block = isinstance(item, _BLOCKS)
            self._entry(entry(item), 0, apart=after_block or is_block)
            after_block = is_block
        self._comments_before(len(self.text) + 1, 0)

    def _header(self, end: int) -> bool:
        """Write `language 1` with the comments around it."""
        if self.parsed.language is None:
            return False
        at = self._after_comments("language")
        self._comments_before(at, 0)
        self._add(f"language {self.parsed.language}", 0)
        number = self._after_comments(str(self.parsed.language), at + len("language"))
        self._trailing(min(number + 1, end))
        return True

    def _after_comments(self, word: str, start: int = 0) -> int:
        """Where a word first stands outside comments."""
        at = self.text.find(word, start)
        for comment in self.parsed.comments:
            if comment.span.start <= at < comment.span.end:
                at = self.text.find(word, comment.span.end)
        return at

    def _entry(self, one: Entry, indent: int, *, apart: bool = False) -> None:
        """One entry with the comments before, inside and behind it; `apart`: an empty line before it at least."""
        first = self._comments_before(one.span.start, indent, apart=apart)
        self._empty_line(one.span.start, apart=apart and first)
        inside = one.sections[-1].end if one.sections else one.span.end
        commented = bool(self.comments) and self.comments[-1].span.start < inside
        if one.flat is not None and (not one.sections or (not commented and fits_on_one_line(one.flat, indent))):
            self._comments_before(one.span.end, indent)
            self._add_lines(lay_out(one.flat, indent), indent)
        else:
            self._sections(one, indent)
        self.fresh = False
        self._trailing(one.span.end)

    def _sections(self, one: Entry, indent: int) -> None:
        for number, section in enumerate(one.sections):
            head = lay_out((section.head, " {"), indent)
            if number:
                self.lines[-1] += " " + head[0]
                self._continue(head[1:])
            else:
                self._add_lines(head, indent)
            self._inside(section, indent)
        tail = lay_out(one.tail, indent + len("}"))
        self.lines[-1] += tail[0]
        self._continue(tail[1:])

    def _inside(self, section: Section, indent: int) -> None:
        first = section.entries[0].span.start if section.entries else section.end
        if self.comments and not self.comments[-1].own_line and self.comments[-1].span.start < first:
            self.lines[-1] += "  " + self.comments.pop().text
        empty = not section.entries and not (self.comments and self.comments[-1].span.start < section.end)
        if empty and "#" not in self.lines[-1]:
            self.lines[-1] += " }"
            return
        self.fresh = True
        for inner in section.entries:
            self._entry(inner, indent + INDENT)
        self._comments_before(section.end, indent + INDENT)
        self._add("}", indent)

    def _comments_before(self, end: int, indent: int, *, apart: bool = False) -> bool:
        """Write the comments that start before an offset; True: there were none."""
        none = True
        while self.comments and self.comments[-1].span.start < end:
            comment = self.comments.pop()
            self._empty_line(comment.span.start, apart=apart and none)
            self._add(comment.text, indent)
            self.fresh = none = False
        return none

    def _trailing(self, end: int) -> None:
        """Put a comment that follows on the same line behind what was just written."""
        if self.comments and not self.comments[-1].own_line:
            between = self.text[end : self.comments[-1].span.start]
            if not between.strip() and "\n" not in between and "\r" not in between:
                self.lines[-1] += "  " + self.comments.pop().text

    def _empty_line(self, at: int, *, apart: bool) -> None:
        """An empty line, where one stood before this offset or is wanted; none at the start of a block."""
        start = at
        while start and self.text[start - 1].isspace():
            start -= 1
        blanks = self.text[start:at]
        if (apart or blanks.replace("\r\n", "\n").count("\n") > 1) and not self.fresh and self.lines and self.lines[-1]:
            self.lines.append("")

    def _add(self, text: str, indent: int) -> None:
        self.lines.append(" " * indent + text)
        self.fresh = False

    def _add_lines(self, lines: list[str], indent: int) -> None:
        self._add(lines[0], indent)
        self._continue(lines[1:])

    def _continue(self, lines: list[str]) -> None:
        self.lines += lines


def _aligned(lines: list[str]) -> list[str]:
    """Neighbours with an arrow, such as the arms of routes and the rows of a table, as columns."""
    made: list[str] = []
    for has_arrow, run in groupby(lines, key=_begins_and_has_arrow):
        neighbours = list(run)
        made += under_one_another(neighbours) if has_arrow else map(plain, neighbours)
    return made


def _begins_and_has_arrow(line: str) -> bool:
    """Not so where an arm is broken before its arrow: that one belongs to the line above."""
    return ARROW in line and not line.lstrip().startswith(ARROW)
