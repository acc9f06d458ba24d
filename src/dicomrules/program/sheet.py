"""A CSV file as it was read: texts by row, each with its place. What it means is said by the table that names it."""

from dicomrules.text.frozen import frozen
from dicomrules.text.source import Source, Span


@frozen
class Line:
    """One row: its cells as texts, and the part of the file it was read from (offsets in characters)."""

    cells: tuple[str, ...]
    start: int
    end: int


@frozen
class Sheet:
    """Header and rows of one file. Rows have as many cells as the header."""

    source: Source
    header: Line
    rows: tuple[Line, ...]

    def row_span(self, line: Line) -> Span:
        """Where a row stands."""
        return self.source.span(line.start, line.end)

    def cell_span(self, line: Line, column: int) -> Span:
        """Where a cell stands; the whole row when it cannot be told, because of quotes inside quotes."""
        at = line.start
        for index, cell in enumerate(line.cells[: column + 1]):
            found = self.source.text.find(cell, at, line.end)
            if found < 0:
                return self.row_span(line)
            if index == column:
                return self.source.span(found, found + len(cell))
            at = found + len(cell)
        return self.row_span(line)
