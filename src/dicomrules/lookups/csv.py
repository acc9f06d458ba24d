"""CSV text -> a Sheet: header and rows of texts with their places. Nothing is converted: `00123` stays `00123`."""

import csv
from collections.abc import Iterator

from dicomrules.program.sheet import Line, Sheet
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source

MOST_ROWS = 1_000_000
"""How many rows one file may have."""

MOST_CELL = 100_000
"""How many characters one cell may have."""


def read_csv(source: Source) -> tuple[Sheet | None, list[Diagnostic]]:
    """The sheet that a text is: None, with findings, when it is none.

    A byte order mark is skipped, blank rows too; the separator is `,` or `;`, whichever the header has more of, quotes
    as in RFC 4180.
    """
    findings: list[Diagnostic] = []
    lines = _lines(source, findings)
    header = next(lines, None)
    if header is None:
        if not findings:
            findings.append(diagnose("DR602", source.span(0, 0), f"`{source.name}` is empty", "a header is needed"))
        return None, findings
    rows: list[Line] = []
    for line in lines:
        if len(line.cells) != len(header.cells):
            message = f"this row has {len(line.cells)} cells, the header has {len(header.cells)}"
            found = diagnose("DR602", source.span(line.start, line.end), message, "not as many as the header")
            findings.append(found.with_note("a cell that holds the separator stands in double quotes"))
            if len(findings) >= 20:
                break
            continue
        rows.append(line)
        if len(rows) > MOST_ROWS:
            span = source.span(line.start, line.end)
            findings.append(diagnose("DR602", span, f"more than {MOST_ROWS:,} rows", "from here on"))
            break
    header = Line(tuple(cell.strip() for cell in header.cells), header.start, header.end)
    return (None if findings else Sheet(source, header, tuple(rows))), findings


def _lines(source: Source, findings: list[Diagnostic]) -> Iterator[Line]:
    """Every row that is not blank, with its place; stops at one that is no CSV."""
    text = source.text
    begin = 1 if text.startswith("\ufeff") else 0
    first = text[begin:].partition("\n")[0]
    physical = _Physical(source, begin)
    reader = csv.reader(physical.texts(), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True)
    while True:
        start = physical.next_start
        try:
            cells = next(reader, None)
        except csv.Error as problem:
            span = source.span(start, max(start, physical.next_start))
            findings.append(diagnose("DR602", span, f"`{source.name}` is no CSV here: {problem}", "cannot be read"))
            return
        if cells is None:
            return
        if any(len(cell) > MOST_CELL for cell in cells):
            span = source.span(start, start)
            findings.append(diagnose("DR602", span, f"a cell has more than {MOST_CELL:,} characters", "in this row"))
            return
        if any(cell.strip() for cell in cells):
            end = start + len(text[start : physical.next_start].rstrip("\r\n"))
            yield Line(tuple(cells), start, end)


class _Physical:
    """The physical lines of a text, as the reader asks for them; `next_start` is where the next one begins."""

    def __init__(self, source: Source, begin: int) -> None:
        self.source = source
        self.next_start = begin

    def texts(self) -> Iterator[str]:
        """Each line with what ends it."""
        text = self.source.text
        while self.next_start < len(text):
            end = text.find("\n", self.next_start)
            end = len(text) if end < 0 else end + 1
            line, self.next_start = text[self.next_start : end], end
            yield line
