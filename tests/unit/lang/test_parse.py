"""Reading rule files: what the nodes hold, what survives an error, and that nothing makes it raise."""

import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomrules.lang import ast
from dicomrules.lang.format import format
from dicomrules.lang.grammar import grammar
from dicomrules.lang.parse import MOST_CHARACTERS, MOST_DIAGNOSTICS, parse
from dicomrules.lang.reserved import NAMES_TOO, RESERVED
from dicomrules.text.render import apply_fix, render
from dicomrules.text.source import Source

ACCEPT = sorted((Path(__file__).parents[2] / "language" / "accept").glob("*.rules"))


def read(text: str) -> ast.File:
    file, diagnostics = parse(Source("x.rules", f"language 1\n{text}"))
    assert render(diagnostics) == ""
    return file


def item(text: str) -> Any:
    (only,) = read(text).items
    return only


def condition(text: str) -> Any:
    return item(f"condition c = {text}").test


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in parse(Source("x.rules", text))[1]]


def test_texts_are_read_with_their_escapes() -> None:
    assert condition(r'"a\"b\\c\n\t\u{E4}"').value == 'a"b\\c\n\tä'


def test_numbers_keep_their_digits() -> None:
    assert condition("007") == ast.Number(7, span=condition("1").span)
    value = condition("1.50").value
    assert isinstance(value, Decimal)
    assert str(value) == "1.50"
    assert condition("-3").value == -3


def test_tags_are_integers_and_those_with_a_keyword_are_that() -> None:
    assert condition("( 0010 , 9999 )").steps[0].attribute.value == 0x00109999
    assert condition("( 0010 , 0020 )").steps[0].attribute.text == "PatientID"
    mask = item("tags t = [(60xx,3000)]").members[0]
    assert (mask.value, mask.mask) == (0x60003000, 0xFF00FFFF)
    private = condition('(0019,"A, B",0f)').steps[0].attribute
    assert (private.group, private.creator, private.element) == (0x0019, "A, B", 0x0F)


def test_durations_are_time_deltas() -> None:
    hold = item('rule r { hold "x" retry 5min for 24h }').body[0]
    assert (hold.retry, hold.limit) == (timedelta(minutes=5), timedelta(hours=24))


def test_a_slash_in_a_regular_expression_needs_no_backslash_any_more() -> None:
    regex = condition(r"PatientID matches /a\/b\d\\/i").regex
    assert (regex.pattern, regex.ignore_case) == (r"a/b\d\\", True)


def test_products_bind_stronger_than_sums_and_both_are_flat() -> None:
    total = condition("a + b - c * 2 * d")
    assert total.operators == ("+", "-")
    assert total.operands[2].operators == ("*", "*")


def test_minus_before_digits_is_a_sign_only_where_a_value_starts() -> None:
    assert condition("a -1").operators == ("-",)
    assert condition("a == -1").right.value == -1
    assert condition("PatientName.given -1").operators == ("-",)


def test_brackets_leave_no_trace_but_the_shape() -> None:
    assert condition("((a)) or (b or c)") == condition("a or (b or c)")
    assert condition("a or (b or c)") != condition("a or b or c")


def test_a_statement_knows_its_parts() -> None:
    statement = item('rule r { set PatientID = "A" override creating path otherwise quarantine "x" }').body[0]
    assert (statement.override, statement.creating) == (True, True)
    assert statement.value.otherwise.reason.value == "x"
    assert statement.value.span.text == '"A" override creating path otherwise quarantine "x"'


def test_options_of_a_destination_are_one_value() -> None:
    routes = item("routes r every match { always => pacs through g priority high only once per 24h with 2 priors }")
    options = routes.arms[0].send.chains[0].options
    assert (options.through.text, options.priority, options.only_once, options.priors) == ("g", "high", True, 2)
    assert options.once_per == timedelta(hours=24)


def test_spans_show_what_was_read() -> None:
    rule = item('rule r "t" { when (Rows > 1) and a set PatientID = f("x") | trim }')
    assert rule.guard.test.span.text == "(Rows > 1) and a"
    assert rule.body[0].value.expr.span.text == 'f("x") | trim'
    assert rule.span.text.startswith("rule r")
    assert rule.span.text.endswith("}")


@pytest.mark.parametrize(
    "value", ['"A" + (PatientID | trim)', "(Rows + 1) * (Columns - 1) + (Rows)", '("A" + StudyID) | trim']
)
def test_a_sum_ends_with_the_bracket_of_its_last_part(value: str) -> None:
    assert item(f"rule r {{ set PatientID = {value} otherwise keep }}").body[0].value.expr.span.text == value


def test_spans_take_no_part_in_equality() -> None:
    assert read("rule  r { empty   StudyID }") == read("rule r {\n empty StudyID }")


def test_comments_are_kept_aside() -> None:
    file = read("# one\nrule r { empty StudyID } # two  \n")
    assert [(comment.text, comment.own_line) for comment in file.comments] == [("# one", True), ("# two", False)]


def test_an_error_in_one_item_hides_nothing_of_the_others() -> None:
    text = "language 1\nrule a { set = 1 }\nrule b { empty StudyID }\ntable t from x\nrule c { empty StudyID }\n"
    file, diagnostics = parse(Source("x", text))
    assert [one.name.text for one in file.items] == ["b", "c"]
    assert [(one.kind, one.name and one.name.text) for one in file.unread] == [("rule", "a"), ("table", "t")]
    assert [diagnostic.span.line for diagnostic in diagnostics] == [2, 4]


def test_a_forgotten_brace_costs_one_item() -> None:
    file, diagnostics = parse(Source("x", "language 1\nrule a {\n empty StudyID\nrule b { empty StudyID }\n"))
    assert [one.name.text for one in file.items] == ["b"]
    assert [diagnostic.code for diagnostic in diagnostics] == ["DR010"]


def test_a_file_without_version_is_still_read() -> None:
    file, diagnostics = parse(Source("x", "rule a { empty StudyID }"))
    assert (file.language, len(file.items)) == (None, 1)
    assert [diagnostic.code for diagnostic in diagnostics] == ["DR003"]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("PatientID is not present", "PatientID is blank"),
        ("PatientID is not absent", "not (PatientID is absent)"),
        ('Modality = "CT"', 'Modality == "CT"'),
        ("PatientID not matches /a/", "not (PatientID matches /a/)"),
        ('PatientID does not start with "A"', 'not (PatientID starts with "A")'),
        ("Rows between 1 and 5", "Rows in [1 .. 5]"),
        ("SOPClassUID is CTImageStorage", "SOPClassUID == CTImageStorage"),
        ("ImageType[0] is present", "ImageType[first] is present"),
        ("Rows > +5", "Rows > 5"),
        ("a && b", "a and b"),
        ("PatientID == 'x'", 'PatientID == "x"'),
        ("a and b or c", "(a and b) or c"),
        ('("A" + StudyID | trim) == "x"', '(("A" + StudyID) | trim) == "x"'),
    ],
)
def test_the_replacement_offered_is_a_sentence(wrong: str, right: str) -> None:
    source = Source("x", f"language 1\ncondition c = {wrong}")
    (diagnostic,) = parse(source)[1]
    assert diagnostic.fix is not None
    assert apply_fix(source, diagnostic.fix) == f"language 1\ncondition c = {right}"
    assert codes(apply_fix(source, diagnostic.fix)) == []


def test_every_word_of_the_grammar_is_reserved_or_may_be_a_name_too() -> None:
    words = {word for word in grammar().words if word[0].isalpha()}
    assert words == (RESERVED | NAMES_TOO) - {"language", "then"}


@pytest.mark.parametrize("word", sorted(RESERVED - {"language"}))
def test_no_reserved_word_can_be_a_name(word: str) -> None:
    assert "DR004" in codes(f"language 1\nrule {word} {{ empty StudyID }}\n")


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_components_may_be_called_like_reserved_words(word: str) -> None:
    assert codes(f"language 1\ncondition c = PatientName.{word} is present") == []


NAMED = """language 1
expects destinations {0}, pacs
parameter {0}_ = "A"
condition {0} = PatientID is present
tags {0} = [PatientID]
schedule {0} = "Mon 08:00-12:00"
table {0} {{ "A" => "B" }}
action {0} {{ remove tags {0} }}
rule {0} {{
  when {0} and received_at during {0}
  let {0}1 = lookup {0}[PatientID] otherwise "x"
  set InstanceNumber = SeriesNumber - 1 otherwise keep
  apply {0}
}}
group {0} {{ rule r {{ set SliceThickness = SliceThickness / 2 otherwise keep }} }}
routes {0} first match {{
  when {0}   => {0} through {0} during {0} priority high and pacs
  unless {0} => balance({0} 25, pacs 75) failover {0}
  else       => {0}
}}
test "t" {{
  given {0}: PatientID = "A", {0} unavailable
  expect {0}: fired {0}
  expect sent to {0}
}}
"""


@pytest.mark.parametrize("word", sorted(NAMES_TOO))
def test_words_that_are_names_too_name_anything(word: str) -> None:
    file, diagnostics = parse(Source("x", NAMED.format(word)))
    assert [one.message for one in diagnostics] == []
    assert file == parse(Source("x", format(file)))[0]
    plain = parse(Source("x", NAMED.format("something")))[0]
    assert [type(item) for item in file.items] == [type(item) for item in plain.items]


def test_where_a_word_may_be_a_name_too_the_grammar_takes_one_of_the_two() -> None:
    for choices in grammar().choices:
        if "NAME" in choices:
            assert NAMES_TOO.isdisjoint(choices)


def test_a_text_over_the_cap_is_refused_unread() -> None:
    assert codes("x" * (MOST_CHARACTERS + 1)) == ["DR011"]


def test_no_more_problems_are_told_than_a_person_can_read() -> None:
    file, diagnostics = parse(Source("x", "language 1\n" + "rule r { bad }\n" * 300))
    assert len(diagnostics) == MOST_DIAGNOSTICS
    assert diagnostics[-1].notes == (
        *diagnostics[-2].notes,
        "and 200 more problems in this file: mend these first, then check again",
    )
    assert len(file.unread) == 300


@pytest.mark.parametrize(
    "text",
    [
        "condition c = " + "(" * 64 + "a" + ")" * 64,
        "condition c = " + "not " * 64 + "a",
        "rule r { " + "if a { " * 63 + 'drop "x"' + " }" * 64,
        "condition c = " + "A[where " * 64 + "B" + "]" * 64,
        "function f(a) = " + "choose a { case 1 => " * 64 + "2" + " else => 3 }" * 64,
    ],
)
def test_nesting_up_to_the_cap_is_read(text: str) -> None:
    assert codes(f"language 1\n{text}") == []


@pytest.mark.parametrize(
    "text",
    [
        "condition c = " + "(" * 50_000,
        "condition c = " + "not " * 50_000,
        "{" * 50_000,
        "[" * 201,
        "rule r { if a { " * 300,
    ],
)
def test_nesting_past_the_cap_is_refused(text: str) -> None:
    assert "DR011" in codes(f"language 1\n{text}")


@pytest.mark.parametrize(
    "text",
    ["a + " * 20_000 + "a", "a and b or " * 10_000 + "c", "A" + ".B" * 20_000, "a" + " | b + c" * 10_000, '"x' * 20_000,
     "@ " * 20_000, '"\\d' * 20_000, "rule " * 20_000, '(0010,"' * 10_000, "matches / " * 10_000],
)  # fmt: skip
def test_long_texts_take_time_in_proportion(text: str) -> None:
    file, _ = parse(Source("x", f"language 1\ncondition c = {text}"))
    assert file.language == 1


PIECES = [path.read_text(encoding="utf-8") for path in ACCEPT]
SNIPPETS = ["{", "}", "(", ")", "[", "]", "=>", "=", "..", "|", '"', "'", "/", "\\", "-1", "0", "#", "not", "is", "in",
            "rule", "routes", "else", "PatientID", "(0010,0020)", "x", "\n", "\t", "日", "\x00", "\ud800", "and", "or",
            "+"]  # fmt: skip


def check(text: str) -> None:
    """Parse and render: nothing may raise, every diagnostic must lie inside the text."""
    source = Source("x", text)
    file, diagnostics = parse(source)
    assert len(diagnostics) <= MOST_DIAGNOSTICS
    assert file.unread == () or diagnostics
    for diagnostic in diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
    render(diagnostics)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    check(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*SNIPPETS, *sorted(RESERVED)]), max_size=40))
def test_any_row_of_words_is_answered(words: list[str]) -> None:
    check("language 1\n" + " ".join(words))


@pytest.mark.parametrize("seed", range(200))
def test_a_damaged_file_is_answered(seed: int) -> None:
    choice = random.Random(seed)
    text = choice.choice(PIECES)
    for _ in range(choice.randint(1, 4)):
        at = choice.randrange(len(text) + 1)
        cut = choice.choice((0, 0, 1, 3, 20))
        text = text[:at] + choice.choice(["", *SNIPPETS]) + text[at + cut :]
    check(text)
