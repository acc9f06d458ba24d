"""Sources and spans: where an offset is."""

from dicomrules.text.source import Source


def test_lines_and_columns_count_from_one() -> None:
    source = Source("x", "ab\ncd\n")
    assert (source.line(0), source.column(0)) == (1, 1)
    assert (source.line(4), source.column(4)) == (2, 2)
    assert source.lines == 3


def test_every_kind_of_line_end_ends_a_line() -> None:
    source = Source("x", "a\r\nb\rc\nd")
    assert [source.line_text(line) for line in range(1, source.lines + 1)] == ["a", "b", "c", "d"]


def test_an_empty_text_has_one_line() -> None:
    source = Source("x", "")
    assert (source.lines, source.line_text(1), source.line(0), source.column(0)) == (1, "", 1, 1)


def test_an_offset_past_the_end_is_on_the_last_line() -> None:
    assert Source("x", "a\nb").line(99) == 2


def test_a_span_knows_its_text_and_place() -> None:
    span = Source("site.rules", "one\n two").span(5, 8)
    assert (span.text, span.place) == ("two", "site.rules:2:2")
    assert (span.before.start, span.before.end, span.after.start) == (5, 5, 8)
    assert span.source.span(0, 3).to(span).text == "one\n two"
