"""How diagnostics look: carets stand below what is meant, whatever is in the line."""

import json

from dicomrules.text.codes.registry import diagnose
from dicomrules.text.render import Style, apply_fix, render, render_one, summary, to_json
from dicomrules.text.source import Source


def carets(source: Source, piece: str) -> tuple[str, str]:
    start = source.text.index(piece)
    lines = render_one(diagnose("DR001", source.span(start, start + len(piece)), "m")).splitlines()
    return lines[3][5:], lines[4][5:]


def test_carets_stand_below_a_word() -> None:
    assert carets(Source("x", "set PatientID"), "Patient") == ("set PatientID", "    ^^^^^^^")


def test_a_tab_takes_columns_up_to_the_next_stop() -> None:
    assert carets(Source("x", "a\tb"), "b") == ("a   b", "    ^")


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    assert carets(Source("x", "日本 x"), "x")[1] == "     ^"
    assert carets(Source("x", "日本 x"), "日本")[1] == "^^^^"
    assert carets(Source("x", "e\u0301e x"), "x")[1] == "   ^"


def test_a_line_cannot_draw_on_the_terminal() -> None:
    line, below = carets(Source("x", "a\x1b[2J\u202eb x"), "x")
    assert line == "a·[2J·b x"
    assert below == "        ^"


def test_an_empty_span_has_one_caret() -> None:
    source = Source("x", "ab")
    assert "   |   ^" in render_one(diagnose("DR001", source.span(2, 2), "m"))


def test_a_span_over_several_lines_is_marked_to_the_end_of_its_first() -> None:
    source = Source("x", "one two\nthree")
    assert "   |     ^^^\n" in render_one(diagnose("DR001", source.span(4, 13), "m"))


def test_a_long_line_is_cut_around_the_place() -> None:
    source = Source("x", "a" * 200 + " here " + "b" * 200)
    text = render_one(diagnose("DR001", source.span(201, 205), "m", "label"))
    assert max(map(len, text.splitlines())) <= 80
    line, below = text.splitlines()[3:5]
    at = below.index("^^^^")
    assert line[at : at + 4] == "here"


def test_a_second_place_is_shown_with_what_is_between_left_out() -> None:
    source = Source("x", "one\ntwo\nthree\n")
    found = diagnose("DR009", source.span(8, 13), "m", "again").with_label(source.span(0, 3), "first here")
    assert render_one(found).splitlines()[2:] == [
        "   |", " 1 | one", "   | --- first here", "...", " 3 | three", "   | ^^^^^ again",
    ]  # fmt: skip


def test_a_place_in_another_file_is_shown_under_its_own_name() -> None:
    found = diagnose("DR009", Source("a", "x").span(0, 1), "m").with_label(Source("b", "y").span(0, 1), "there")
    assert " ::: b:1:1" in render_one(found)


def test_help_gives_the_exact_replacement() -> None:
    source = Source("x", "a = b")
    found = diagnose("DR007", source.span(2, 3), "m").with_fix("compare", source.span(2, 3), "==")
    assert "   = help: compare: `==`\n" in render_one(found)
    assert found.fix is not None
    assert apply_fix(source, found.fix) == "a == b"


def test_several_are_sorted_by_place_and_counted() -> None:
    source = Source("x", "one two")
    found = [diagnose("DR001", source.span(4, 7), "second"), diagnose("DR001", source.span(0, 3), "first")]
    text = render(found)
    assert text.index("first") < text.index("second")
    assert text.endswith("\n2 errors\n")
    assert render([]) == ""
    assert summary([]) == "no problems"


def test_colour_is_only_there_when_asked_for() -> None:
    found = [diagnose("DR001", Source("x", "one").span(0, 1), "m", "label")]
    plain, painted = render(found), render(found, Style(colour=True))
    assert "\x1b" not in plain
    assert "\x1b[1;31merror[DR001]" in painted
    import re

    assert re.sub("\x1b\\[[0-9;]*m", "", painted) == plain


def test_json_has_lines_columns_and_offsets() -> None:
    source = Source("x.rules", "one\ntwo")
    found = diagnose("DR001", source.span(4, 7), "m", "l").with_fix("t", source.span(4, 7), "r").with_note("n")
    (plain,) = json.loads(to_json([found]))
    assert plain["code"] == "DR001"
    assert plain["severity"] == "error"
    assert plain["labels"] == [
        {"file": "x.rules", "line": 2, "column": 1, "end_line": 2, "end_column": 4, "start": 4, "end": 7,
         "message": "l", "primary": True}
    ]  # fmt: skip
    assert plain["notes"] == ["n"]
    assert plain["fixes"][0]["replacement"] == "r"
