"""The formatter: one layout, the same meaning, every comment kept."""

import random
from pathlib import Path

import pytest

from dicomrules.lang.format import format
from dicomrules.lang.layout import WIDTH
from dicomrules.lang.parse import parse
from dicomrules.lang.scan import scan
from dicomrules.text.render import render
from dicomrules.text.source import Source

ACCEPT = sorted((Path(__file__).parents[2] / "language" / "accept").glob("*.rules"))


def check(text: str) -> str:
    """Format a text; the result must mean the same, hold the same comments in the same order, and stay as it is."""
    file, diagnostics = parse(Source("x", text))
    assert render(diagnostics) == ""
    formatted = format(file)
    again, diagnostics = parse(Source("formatted", formatted))
    assert render(diagnostics) == ""
    assert again == file
    assert [comment.text for comment in again.comments] == [comment.text for comment in file.comments]
    assert format(again) == formatted
    return formatted


@pytest.mark.parametrize("path", ACCEPT, ids=lambda path: path.stem)
def test_formatted_text_means_the_same_and_stays(path: Path) -> None:
    check(path.read_bytes().decode("utf-8"))


@pytest.mark.parametrize("seed", range(300))
def test_comments_and_empty_lines_anywhere_are_kept(seed: int) -> None:
    choice = random.Random(seed)
    text = choice.choice(ACCEPT).read_text(encoding="utf-8")
    ends = [token.end for token in scan(Source("x", text)).tokens]
    for number, at in enumerate(sorted(choice.sample(ends, min(len(ends), 6)), reverse=True)):
        put = choice.choice([f" # c{number}\n", f"\n  # c{number}\n", "\n\n\n", f"\n\n# c{number}\n\n", "\r\n"])
        text = text[:at] + put + text[at:]
    check(text)


def body(text: str) -> str:
    return check(f"language 1\n{text}").removeprefix("language 1\n").strip("\n")


def test_a_comment_stays_above_or_behind_its_statement() -> None:
    text = "rule r {  # one\n  # two\n  empty StudyID  # three\n\n  # four\n}\n# five"
    assert body(text) == text


def test_a_comment_inside_a_statement_moves_above_it() -> None:
    assert body("rule r { set StudyID # x\n = 1 }") == "rule r {\n  # x\n  set StudyID = 1\n}"


def test_several_empty_lines_become_one() -> None:
    assert (
        body('secret a from env "A"\n\n\n\nsecret b from env "B"') == 'secret a from env "A"\n\nsecret b from env "B"'
    )


def test_blocks_stand_apart() -> None:
    assert body("rule a{empty StudyID}rule b{drop \"x\"}") == (
        'rule a {\n  empty StudyID\n}\n\nrule b {\n  drop "x"\n}'
    )  # fmt: skip


def test_brackets_that_say_nothing_are_left_out_and_those_that_do_are_kept() -> None:
    assert body("condition c = ((a)) and ((b or (c)))") == "condition c = a and (b or c)"
    assert body("condition c = (a + b) - c == (a - (b - c)) * -1") == "condition c = (a + b) - c == (a - (b - c)) * -1"
    assert body("condition c = not ((Rows > 1))") == "condition c = not (Rows > 1)"
    assert body("condition c = (a | f) | g() == f()") == "condition c = (a | f) | g == f()"


def test_tags_are_written_in_upper_case() -> None:
    assert body("rule r { remove ( 60XX , 3000 ), (00e1,10c2) }") == "rule r {\n  remove (60xx,3000), (00E1,10C2)\n}"


def test_small_numbers_have_no_exponent() -> None:
    assert body("condition c = a == 0.00000001") == "condition c = a == 0.00000001"


def test_what_cannot_be_seen_in_a_text_is_written_as_an_escape() -> None:
    assert body('condition c = a == "\u202ex\u0007"') == 'condition c = a == "\\u{202E}x\\u{7}"'


def test_long_statements_are_broken_at_their_joints() -> None:
    terms = " and ".join(f'StudyDescription contains "THORAX {n}"' for n in range(5))
    formatted = body(f"condition c = {terms}")
    assert all(len(line) <= WIDTH for line in formatted.splitlines())
    assert formatted.splitlines()[1] == '  and StudyDescription contains "THORAX 1"'


def test_a_choose_with_comments_gets_a_line_for_each_arm() -> None:
    text = 'function f(a) = choose a {\n  case 1 => "x"  # one\n  # more\n  else => "y"\n} otherwise "z"'
    assert body(text) == text
    assert body('function f(a) = choose a { case 1 => "x"\n else => "y" }').count("\n") == 0


def test_a_comment_behind_a_choose_moves_above_its_statement_and_the_next_time_nothing_moves() -> None:
    text = 'rule r { set StudyID = choose Modality { case "CT" => "1" else => "2" } otherwise # one\nkeep }'
    above = 'rule r {\n  # one\n  set StudyID = choose Modality { case "CT" => "1" else => "2" } otherwise keep\n}'
    assert body(text) == above


def test_an_else_follows_the_bracket() -> None:
    text = "rule r {\n  if a {\n    empty StudyID\n  } else if b { }\n  else { }\n}"
    assert "  } else if b { } else { }" in body(text)


def test_a_file_with_errors_is_not_formatted() -> None:
    file, _ = parse(Source("x", "language 1\nrule r { bad }"))
    with pytest.raises(ValueError, match="repair"):
        format(file)


@pytest.mark.parametrize(
    "text",
    [
        "rule r { " + "if a { " * 63 + 'drop "x"' + " }" * 64,
        "function f(a) = " + "choose a { case 1 => " * 64 + "2" + " else => 3 }" * 64,
        "condition c = " + "(a + " * 64 + "b" + ")" * 64,
        "condition c = " + "not " * 64 + "a",
    ],
)
def test_the_deepest_file_can_be_formatted(text: str) -> None:
    check(f"language 1\n{text}")


def test_arrows_of_neighbours_stand_under_one_another() -> None:
    rows = '"A" => "1"\n"LONG", "LONGER" => "2" # two\n\n"B" => "3"\n# apart\n"LAST" => "4"\n'
    assert check(f"language 1\ntable t {{\n{rows}}}\n").splitlines()[3:-1] == [
        '  "A"              => "1"',
        '  "LONG", "LONGER" => "2"  # two',
        "",
        '  "B" => "3"',
        "  # apart",
        '  "LAST" => "4"',
    ]


def test_arrows_stay_where_they_are_when_a_line_would_become_too_wide_for_them() -> None:
    wide, text = '"' + "K" * 60 + '"', '"' + "V" * 40 + '"'
    formatted = check(f'language 1\ntable t {{\n{wide} => "1"\n"A" => {text}\n}}\n')
    assert formatted.splitlines()[3:-1] == [f'  {wide} => "1"', f'  "A" => {text}']


def test_whatever_a_comment_holds_it_is_no_arrow() -> None:
    assert "  # a\0=> b" in check('language 1\ntable t {\n# a\0=> b\n"A" => "1"\n}\n')
