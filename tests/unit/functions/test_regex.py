"""Regular expressions run in RE2."""

from dicomrules.functions.regex import compiled, fits, groups, problem
from dicomrules.program.types import Regex


def test_matches_is_about_the_whole_value() -> None:
    assert fits(Regex(r"\d{3}"), "102", whole=True)
    assert not fits(Regex(r"\d{3}"), "1024", whole=True)
    assert fits(Regex(r"\d{3}"), "1024", whole=False)


def test_case_counts_unless_the_regex_says_otherwise() -> None:
    assert not fits(Regex("ct"), "CT", whole=True)
    assert fits(Regex("ct", ignore_case=True), "CT", whole=True)


def test_look_around_and_back_references_are_refused_with_a_reason() -> None:
    assert problem(Regex(r"(?=a)b"))
    assert problem(Regex(r"(a)\1"))
    assert problem(Regex("(")) is not None
    assert problem(Regex("a+")) is None


def test_a_nested_quantifier_takes_linear_time() -> None:
    assert not fits(Regex("(a+)+b"), "a" * 100_000, whole=True)


def test_a_pattern_is_compiled_once() -> None:
    assert compiled(Regex("x+")) is compiled(Regex("x+"))
    assert groups(Regex("(a)(b)")) == 2
