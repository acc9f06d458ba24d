"""Every function of the language: its example, and that nothing makes it raise."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomrules.functions.record import LONGEST, Function, Parameter, Takes
from dicomrules.functions.registry import FUNCTIONS
from dicomrules.functions.text import ascii_, cut, first_present, pad_left, slice_
from dicomrules.program.moment import Age, Moment
from dicomrules.program.types import NoValue, Regex, Type

ALL = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)

TEXTS = st.text(max_size=40) | st.text("0123456789.-+eE ^=/\\", max_size=20)
DATES = st.dates(min_value=date(1, 1, 1))
BY_TYPE = {
    Type.INT: st.integers(-(2**70), 2**70),
    Type.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False),
    Type.DATE: DATES,
    Type.AGE: st.builds(Age, st.integers(0, 999), st.sampled_from("DWMY")),
}


def value_of(parameter: Parameter) -> st.SearchStrategy:
    """Any value that the checker lets stand in this place."""
    if parameter.takes is Takes.REGEX:
        return st.sampled_from([Regex(r"\d+"), Regex("(a)|(b)", True), Regex("x*"), Regex("(.)(.)?")])
    if parameter.constant and Type.INT in parameter.types:
        return st.integers(parameter.low, parameter.high)
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    one = st.one_of(*(BY_TYPE.get(kind, TEXTS) for kind in sorted(parameter.types - {Type.ITEMS, Type.TIME})))
    if parameter.takes is Takes.WHOLE:
        return st.lists(one, max_size=8).map(tuple)
    return one


@ALL
def test_its_example_gives_what_it_says(function: Function) -> None:
    assert function.code(*function.example.arguments) == function.example.result


@ALL
def test_it_is_documented_and_its_example_can_be_written_down(function: Function) -> None:
    assert function.doc.endswith(".")
    assert function.name in function.example_text


@ALL
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_it_never_raises_and_says_so_when_it_can_fail(function: Function, data: st.DataObject) -> None:
    wanted = [parameter for parameter in function.parameters if not parameter.optional or data.draw(st.booleans())]
    wanted = list(function.parameters[: len(wanted)])
    result = function.code(*(data.draw(value_of(parameter)) for parameter in wanted))
    assert isinstance(result, str | int | Decimal | date | Moment | Age | bool | NoValue | tuple)
    if isinstance(result, NoValue) and function.name != "keyed_days" and "pad" not in function.name:
        assert function.can_fail


def test_s30_cut_and_slice_count_characters_from_one_and_both_ends_belong() -> None:
    assert slice_("ABCDEF", 1, 1) == "A"
    assert slice_("ABCDEF", 5, 99) == "EF"
    assert cut("AB", 5) == "AB"


def test_s30_pad_never_shortens() -> None:
    assert pad_left("123456", 3, "0") == "123456"


def test_s30_a_combining_mark_stays_with_its_letter() -> None:
    assert cut("Mu\u0308ller", 2) == "M"
    assert cut("Mu\u0308ller", 3) == "Mu\u0308"


def test_s29_age_is_in_days_under_three_months_in_months_under_two_years_else_in_years() -> None:
    age = FUNCTIONS["age"].code
    born = date(2024, 1, 1)
    assert age(born, date(2024, 3, 20)) == Age(79, "D")
    assert age(born, date(2024, 4, 1)) == Age(3, "M")
    assert age(born, date(2025, 12, 31)) == Age(23, "M")
    assert age(born, date(2026, 1, 1)) == Age(2, "Y")
    assert isinstance(age(date(2024, 1, 2), born), NoValue)


@given(st.text(max_size=20), st.integers(-400, 400), st.integers(-400, 400))
def test_s31_keyed_days_includes_both_ends_and_is_never_zero(text: str, low: int, high: int) -> None:
    days = FUNCTIONS["keyed_days"].code(text, "salt", low, high)
    if high < low or low == high == 0:
        assert isinstance(days, NoValue)
    else:
        assert low <= days <= high
        assert days != 0


def test_s31_keyed_days_reaches_both_ends() -> None:
    drawn = {FUNCTIONS["keyed_days"].code(str(number), "salt", -2, 2) for number in range(200)}
    assert drawn == {-2, -1, 1, 2}


def test_s31_a_hash_is_over_the_trimmed_value_in_base_32() -> None:
    code = FUNCTIONS["keyed_hash"].code
    assert code(" 4711 ", "salt", 10) == code("4711", "salt", 10)
    assert len(code("4711", "salt", 52)) == 52
    assert set(code("4711", "salt", 52)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@pytest.mark.parametrize(
    ("number", "scheme"),
    [("37605030299", "EE"), ("943 476 5919", "GB"), ("111222333", "NL"), ("44051401359", "PL"), ("811228-9874", "SE"),
     ("12345678Z", "ES"), ("X1234567L", "ES"), ("33309240064", "LT")],
)  # fmt: skip
def test_a_published_number_has_its_check_digit_and_a_changed_one_has_not(number: str, scheme: str) -> None:
    check = FUNCTIONS["has_check_digit"].code
    assert check(number, scheme) is True
    swapped = number[:2] + str((int(number[2]) + 1) % 10) + number[3:]
    assert check(swapped, scheme) is False


def test_ascii_gives_nothing_when_a_letter_has_no_latin_form() -> None:
    assert ascii_("Straße") == "Strasse"
    assert isinstance(ascii_("山田"), NoValue)


def test_first_present_takes_a_value_that_is_no_text_too() -> None:
    assert first_present(NoValue("absent"), 3) == 3
    assert isinstance(first_present(NoValue("absent"), " "), NoValue)


def test_a_capture_group_that_the_regex_does_not_have_is_no_match() -> None:
    assert isinstance(FUNCTIONS["capture"].code("abc", Regex("(b)"), 2), NoValue)


def test_the_longest_result_is_known_where_the_checker_needs_it() -> None:
    assert FUNCTIONS["cut"].longest(None, (16,)) == 16
    assert FUNCTIONS["pad_left"].longest(4, (8, "0")) == 8
    assert FUNCTIONS["slice"].longest(64, (2, 4)) == 3
    assert FUNCTIONS["keyed_hash"].longest(64, (10,)) == 10
    assert FUNCTIONS["cut"].longest(LONGEST, (10_240,)) == LONGEST


def test_an_age_group_begins_with_completed_years_of_any_unit() -> None:
    group = FUNCTIONS["age_group"].code
    ages = ((47, "Y"), (45, "Y"), (44, "Y"), (71, "M"), (59, "M"), (300, "W"), (999, "D"))
    assert [group(Age(*one), 5).number for one in ages] == [45, 45, 40, 5, 0, 5, 0]
    assert group(Age(10, "M"), 5) == Age(0, "Y")


def test_a_date_is_as_long_as_its_form() -> None:
    assert FUNCTIONS["format_date"].longest(None, ("YYYYMMDD",)) == 8
