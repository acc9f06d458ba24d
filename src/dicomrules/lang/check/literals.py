"""Literals: whether a VR can hold them (PS3.5 6.2), and which value they are."""

import unicodedata
from decimal import Decimal

from dicomrules.dicom.uids import is_uid
from dicomrules.program.moment import parse_age, parse_date, parse_datetime, parse_time
from dicomrules.program.types import TEXTUAL, Type, Value

LONGEST: dict[str, int] = {
    "AE": 16, "AS": 4, "CS": 16, "DA": 8, "DS": 16, "DT": 26, "IS": 12, "LO": 64, "LT": 10240, "PN": 194, "SH": 16,
    "ST": 1024, "TM": 14, "UI": 64,
}  # fmt: skip
"""The most characters of one value; UC, UR and UT have no bound that a rule could reach."""

IN_A_GROUP = 64
"""The most characters of one component group of a person name (PS3.5 6.2)."""

RANGES: dict[str, tuple[int, int]] = {
    "IS": (-(2**31), 2**31 - 1),
    "SL": (-(2**31), 2**31 - 1),
    "SS": (-(2**15), 2**15 - 1),
    "SV": (-(2**63), 2**63 - 1),
    "UL": (0, 2**32 - 1),
    "US": (0, 2**16 - 1),
    "UV": (0, 2**64 - 1),
    "US or SS": (-(2**15), 2**16 - 1),
}
"""The whole numbers that a VR holds."""


def digits(vr: str) -> int | None:
    """The most characters of a whole number of this VR; None for any other VR."""
    return max(len(str(bound)) for bound in RANGES[vr]) if vr in RANGES else None


VRS = frozenset((*LONGEST, *RANGES, "FL", "FD", "UC", "UR", "UT", "SQ", "OB", "OW", "OD", "OF", "OL", "OV", "UN", "AT"))
"""Every VR of PS3.5, and "US or SS"."""

ONE_LONG_VALUE = frozenset({"LT", "ST", "UT", "UR"})
"""VRs in whose values a backslash is a character."""

NAMES = {
    Type.TEXT: "text", Type.CODE: "a code", Type.PERSON: "a person name", Type.UID: "a UID", Type.INT: "a whole number",
    Type.DECIMAL: "a number", Type.DATE: "a date", Type.TIME: "a time", Type.DATETIME: "a date and time",
    Type.AGE: "an age", Type.BYTES: "bytes", Type.ITEMS: "a sequence", Type.TRUTH: "a condition",
}  # fmt: skip
"""Types, as people call them."""

_PARSERS = {Type.DATE: parse_date, Type.TIME: parse_time, Type.DATETIME: parse_datetime, Type.AGE: parse_age}
_FORMS = {
    Type.DATE: 'a date is eight digits that name a day, "20240131"',
    Type.TIME: 'a time is "HH", "HHMM", "HHMMSS" or "HHMMSS.FFFFFF"',
    Type.DATETIME: 'a date and time is "YYYYMMDDHHMMSS" or the beginning of it, with an offset such as "+0100" at will',
    Type.AGE: 'an age is three digits and one of D, W, M, Y: "045Y"',
}


def read_text(text: str, type_: Type) -> Value | None:
    """The value that a text literal is where this type is wanted; None when it is none."""
    if type_ in TEXTUAL:
        return text
    parser = _PARSERS.get(type_)
    return parser(text) if parser is not None else None


def form_of(type_: Type) -> str:
    """What a literal of a date or time looks like."""
    return _FORMS.get(type_, "")


def flaw(text: str, vr: str, *, whole: bool) -> str:
    """What is wrong with a text for a VR; empty when nothing is. Not `whole`: only a part of a value, or compared."""
    if any(unicodedata.category(letter) == "Cc" for letter in text if letter not in "\n\r\t\f"):
        return "control characters are not part of a value"
    if "\\" in text and vr not in ONE_LONG_VALUE:
        return "a backslash separates values (PS3.5 6.4)"
    if any(letter in "\n\r\t\f" for letter in text) and vr not in ("LT", "ST", "UT"):
        return f"a {vr} has one line and no tabs"
    check = _CHECKS.get(vr)
    problem = check(text, whole) if check is not None else ""
    return problem or (_too_long(text, vr) if whole else "")


def _too_long(text: str, vr: str) -> str:
    most = LONGEST.get(vr)
    return f"{len(text)} characters, {vr} holds {most}" if most is not None and len(text) > most else ""


def _code(text: str, whole: bool) -> str:
    if text != text.upper():
        return "a code (CS) is upper-case"
    strange = sorted({letter for letter in text if not (letter.isascii() and (letter.isalnum() or letter in " _"))})
    if strange:
        return f"a code (CS) is made of A-Z, 0-9, space and `_`, without `{''.join(strange)}`"
    return _too_long(text, "CS")


def _title(text: str, whole: bool) -> str:
    if not all(" " <= letter <= "~" for letter in text):
        return "an AE title is made of the letters of ASCII"
    return _too_long(text, "AE")


def _uid(text: str, whole: bool) -> str:
    if whole:
        return "" if is_uid(text) else "a UID is digits and dots, at most 64"
    return "" if all(letter in "0123456789." for letter in text) else "a UID is digits and dots"


def zeros_in_front(uid: str) -> str:
    """Why a UID that is written anew is none, though devices send such ones: `1.02.3`; empty when it is one."""
    padded = any(part != "0" and part.startswith("0") for part in uid.split("."))
    return "no component of a UID begins with 0 (PS3.5 9.1)" if padded else ""


def _person(text: str, whole: bool) -> str:
    groups = text.split("=")
    if len(groups) > 3:
        return "a person name has at most three groups between `=`"
    if any(group.count("^") > 4 for group in groups):
        return "a person name has at most five components between `^`"
    if whole and any(len(group) > IN_A_GROUP for group in groups):
        return "each group of a person name holds 64 characters"
    return ""


_CHECKS = {"CS": _code, "AE": _title, "UI": _uid, "PN": _person}


def number_flaw(number: int | Decimal, vr: str) -> str:
    """What is wrong with a number for a VR; empty when nothing is."""
    bounds = RANGES.get(vr)
    if bounds is None:
        return ""
    if number != int(number):
        return f"{vr} holds whole numbers"
    return "" if bounds[0] <= number <= bounds[1] else f"{vr} holds {bounds[0]} to {bounds[1]}"


_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "HEBREW", "ARABIC", "CHEROKEE")


def disguise(text: str) -> str:
    """Why a text may not be what it looks like: direction marks, or one word of several scripts; else empty."""
    if text.isascii():
        return ""
    if any(letter in _BIDI for letter in text):
        return "it holds characters that turn the direction of writing"
    for word in text.replace("^", " ").replace("=", " ").split():
        scripts = {script for letter in word for script in _SCRIPTS if unicodedata.name(letter, "").startswith(script)}
        if len(scripts) > 1:
            return f"it mixes letters of {' and '.join(sorted(script.capitalize() for script in scripts))}"
    return ""
