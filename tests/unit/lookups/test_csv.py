"""CSV files become rows of texts, each with its place."""

import pytest

from dicomrules.lookups import csv as module
from dicomrules.lookups.csv import read_csv
from dicomrules.program.sheet import Sheet
from dicomrules.text.source import Source


def sheet(text: str) -> Sheet:
    made, problems = read_csv(Source("t.csv", text))
    assert problems == []
    assert made is not None
    return made


def problems(text: str) -> list[tuple[str, str, str]]:
    made, found = read_csv(Source("t.csv", text))
    assert made is None
    return [(one.code, one.message, one.span.place) for one in found]


def test_cells_stay_texts() -> None:
    assert [line.cells for line in sheet("A,B\n00123, 1.0 \n").rows] == [("00123", " 1.0 ")]


@pytest.mark.parametrize("text", ["A;B\n1;2\n", "\ufeffA,B\r\n1,2\r\n", 'A,"B"\n\n1,2\n \n'])
def test_separators_line_ends_and_a_byte_order_mark(text: str) -> None:
    made = sheet(text)
    assert made.header.cells == ("A", "B")
    assert [line.cells for line in made.rows] == [("1", "2")]


def test_a_quoted_cell_may_hold_separators_quotes_and_line_ends() -> None:
    made = sheet('A,B\n"x, ""y""\nz",2\n3,4\n')
    assert [line.cells for line in made.rows] == [('x, "y"\nz', "2"), ("3", "4")]
    assert made.row_span(made.rows[1]).place == "t.csv:4:1"


def test_a_cell_knows_its_place() -> None:
    made = sheet('A,B,C\n1,"2",1\n')
    spans = [made.cell_span(made.rows[0], column) for column in range(3)]
    assert [(span.text, span.column) for span in spans] == [("1", 1), ("2", 4), ("1", 7)]


def test_where_quotes_hide_a_cell_its_row_is_shown() -> None:
    made = sheet('A\n"x""y"\n')
    assert made.cell_span(made.rows[0], 0).text == '"x""y"'


def test_an_empty_file_is_no_table() -> None:
    assert problems(" \n") == [("DR602", "`t.csv` is empty", "t.csv:1:1")]


def test_rows_of_other_lengths_are_reported_with_their_line() -> None:
    found = problems("A,B\n1\n1,2,3\n1,2\n")
    assert [(message, place) for _, message, place in found] == [
        ("this row has 1 cells, the header has 2", "t.csv:2:1"),
        ("this row has 3 cells, the header has 2", "t.csv:3:1"),
    ]


def test_an_open_quote_is_reported() -> None:
    assert problems('A,B\n1,"2\n')[0][0] == "DR602"


def test_rows_and_cells_have_caps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    assert problems("A\n1\n2\n3\n")[0][2] == "t.csv:4:1"
    assert problems("A\n" + "x" * (module.MOST_CELL + 1))[0][0] == "DR602"
