"""Text functions. Positions and lengths count characters from 1; combining marks stay with their letter."""

import unicodedata

from dicomrules.functions.record import (
    ANY,
    LONGEST,
    NO_MATCH,
    OUT_OF_RANGE,
    TOO_LONG,
    Argument,
    Example,
    Function,
    Parameter,
    Result,
    as_first,
)
from dicomrules.program.types import NoValue, Type, Value

SUBJECT = Parameter("text")
LENGTH = Parameter("length", frozenset({Type.INT}), constant=True)
FILL = Parameter("fill", constant=True, optional=True)
PART = Parameter("part", constant=True)

# Latin letters that Unicode does not take apart into a base letter and marks.
LATIN = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"}
    | {"ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ł": "l", "Ł": "L", "ı": "i", "ħ": "h", "Ħ": "H", "’": "'", "–": "-"}
)


def trim(text: str) -> str:
    """Without white space at both ends."""
    return text.strip()


def squeeze(text: str) -> str:
    """White space at the ends gone, each run of it inside one space."""
    return " ".join(text.split())


def pad_left(text: str, length: int, fill: str = " ") -> Result:
    """Filled at the left up to `length` characters."""
    padding = _padding(text, length, fill)
    return padding if isinstance(padding, NoValue) else padding + text


def pad_right(text: str, length: int, fill: str = " ") -> Result:
    """Filled at the right up to `length` characters."""
    padding = _padding(text, length, fill)
    return padding if isinstance(padding, NoValue) else text + padding


def _padding(text: str, length: int, fill: str) -> str | NoValue:
    return OUT_OF_RANGE if length > LONGEST or len(fill) != 1 else fill * (length - len(text))


def cut(text: str, length: int) -> Result:
    """The first `length` characters."""
    return slice_(text, 1, length)


def slice_(text: str, first: int, last: int) -> Result:
    """Characters `first` to `last`, both of them included; past the end is nothing."""
    if first < 1 or last < 0:
        return OUT_OF_RANGE
    start, end = _boundary(text, first - 1), _boundary(text, last)
    return text[start:end] if start < end else ""


def _boundary(text: str, at: int) -> int:
    """`at`, moved back to where a character with its combining marks begins."""
    if at >= len(text):
        return len(text)
    while at > 0 and unicodedata.combining(text[at]):
        at -= 1
    return at


def replace(text: str, old: str, new: str) -> Result:
    """Every `old` becomes `new`."""
    return _capped(text.replace(old, new)) if old else text


def _capped(text: str) -> Result:
    return text if len(text) <= 16 * 1024 * 1024 else TOO_LONG


def before(text: str, part: str) -> Result:
    """What stands before the first `part`."""
    head, found, _ = text.partition(part) if part else ("", "", "")
    return head if found else NO_MATCH


def after(text: str, part: str) -> Result:
    """What stands after the first `part`."""
    _, found, tail = text.partition(part) if part else ("", "", "")
    return tail if found else NO_MATCH


def after_last(text: str, part: str) -> Result:
    """What stands after the last `part`."""
    _, found, tail = text.rpartition(part) if part else ("", "", "")
    return tail if found else NO_MATCH


def split(text: str, part: str) -> Result:
    """The texts between the `part`s, as several values."""
    return tuple(text.split(part)) if part else (text,)


def strip_prefix(text: str, part: str) -> str:
    """Without `part` at the start, where it stands there."""
    return text.removeprefix(part)


def strip_suffix(text: str, part: str) -> str:
    """Without `part` at the end, where it stands there."""
    return text.removesuffix(part)


def ascii_(text: str) -> Result:
    """Latin letters without their marks; no value when something is left that is not ASCII."""
    plain = unicodedata.normalize("NFKD", text.translate(LATIN))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return plain if plain.isascii() else NO_MATCH


def digits_only(text: str) -> str:
    """The digits 0 to 9 alone."""
    return "".join(letter for letter in text if letter in "0123456789")


def first_present(*values: Value | NoValue) -> Result:
    """The first that has a value that is not blank."""
    for value in values:
        if not isinstance(value, NoValue) and not (isinstance(value, str) and not value.strip()):
            return value
    return NoValue("absent")


def _padded(longest: int | None, constants: tuple[Argument, ...]) -> int | None:
    length = constants[0] if constants else None
    return max(longest, length) if isinstance(length, int) and longest is not None else None


def _cut(longest: int | None, constants: tuple[Argument, ...]) -> int | None:
    length = constants[0] if constants else None
    return min(longest or LONGEST, length) if isinstance(length, int) else longest


def _sliced(longest: int | None, constants: tuple[Argument, ...]) -> int | None:
    match constants:
        case (int(first), int(last)):
            return max(0, min(longest or LONGEST, last) - first + 1)
        case _:
            return longest


FAMILY = (
    Function("trim", (SUBJECT,), "first", "Without white space at both ends.", Example((" 4711 ",), "4711"), trim,
             longest=as_first),
    Function("upper", (SUBJECT,), "first", "In upper case.", Example(("Chest",), "CHEST"), str.upper, longest=as_first),
    Function("lower", (SUBJECT,), "first", "In lower case.", Example(("Chest",), "chest"), str.lower, longest=as_first),
    Function("title", (SUBJECT,), "first", "Each word with an upper-case initial.",
             Example(("ANNA-MARIA",), "Anna-Maria"), str.title, longest=as_first),
    Function("squeeze", (SUBJECT,), "first", "White space at the ends gone, each run of it inside one space.",
             Example((" CT  chest ",), "CT chest"), squeeze, longest=as_first),
    Function("pad_left", (SUBJECT, LENGTH, FILL), Type.TEXT, "Filled at the left up to a length; never shortened.",
             Example(("4711", 8, "0"), "00004711"), pad_left, longest=_padded),
    Function("pad_right", (SUBJECT, LENGTH, FILL), Type.TEXT, "Filled at the right up to a length; never shortened.",
             Example(("A1", 4, "X"), "A1XX"), pad_right, longest=_padded),
    Function("cut", (SUBJECT, LENGTH), Type.TEXT, "The first characters, at most so many.",
             Example(("ABDOMEN", 3), "ABD"), cut, longest=_cut),
    Function("slice", (SUBJECT, Parameter("from", frozenset({Type.INT}), constant=True),
                       Parameter("to", frozenset({Type.INT}), constant=True)), Type.TEXT,
             "The characters from one position to another, both included, counted from 1.",
             Example(("ABCDEF", 2, 4), "BCD"), slice_, longest=_sliced),
    Function("replace", (SUBJECT, Parameter("old", constant=True), Parameter("new", constant=True)), Type.TEXT,
             "Every occurrence of a text replaced by another.", Example(("A-B-C", "-", "/"), "A/B/C"), replace),
    Function("before", (SUBJECT, PART), Type.TEXT, "What stands before the first occurrence of a text.",
             Example(("DOE^JOHN", "^"), "DOE"), before, can_fail=True, longest=as_first),
    Function("after", (SUBJECT, PART), Type.TEXT, "What stands after the first occurrence of a text.",
             Example(("a/b/c", "/"), "b/c"), after, can_fail=True, longest=as_first),
    Function("after_last", (SUBJECT, PART), Type.TEXT, "What stands after the last occurrence of a text.",
             Example(("a/b/c", "/"), "c"), after_last, can_fail=True, longest=as_first),
    Function("split", (SUBJECT, PART), Type.TEXT, "The texts between the occurrences of a text, as several values.",
             Example(("HEAD/NECK", "/"), ("HEAD", "NECK")), split, many=True, longest=as_first),
    Function("strip_prefix", (SUBJECT, PART), Type.TEXT, "Without a text at the start, where it stands there.",
             Example(("SITEA-4711", "SITEA-"), "4711"), strip_prefix, longest=as_first),
    Function("strip_suffix", (SUBJECT, PART), Type.TEXT, "Without a text at the end, where it stands there.",
             Example(("4711-X", "-X"), "4711"), strip_suffix, longest=as_first),
    Function("ascii", (SUBJECT,), "first",
             "Latin letters without their marks (Müller: Muller); no value when something else is left.",
             Example(("Müller^Zoë",), "Muller^Zoe"), ascii_, can_fail=True),
    Function("digits_only", (SUBJECT,), Type.TEXT, "The digits alone.", Example(("47-11 X",), "4711"), digits_only,
             longest=as_first),
    Function("first_present", (Parameter("values", ANY, repeated=True, maybe_missing=True),), "first",
             "The first of several values that is there and not blank.",
             Example((NoValue("absent"), " ", "B"), "B"), first_present, can_fail=True),
)  # fmt: skip
