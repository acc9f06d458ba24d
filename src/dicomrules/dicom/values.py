"""Values of elements: from the bytes of a VR to Python values and back (PS3.5 6.2).

What does not parse under its VR is a value too, `Malformed`; reading never raises. Writing raises `Unencodable` (a
character that the character set lacks, a number outside its range, text outside the form of the VR) or `TooLong`.

| VR | Python |
|---|---|
| AE AS CS DA DT LO LT PN SH ST TM UC UI UR UT | `str`, without the padding that does not count |
| IS SL SS SV UL US UV | `int` |
| AT | `int`, a tag |
| DS | `Decimal`, with the digits as they stand |
| FL FD | `float` |
| OB OD OF OL OV OW UN and VRs we do not know | one `bytes` |

A component of a number that is blank is None. No value at all (zero length) is the empty tuple.
"""

import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from dicomrules.dicom.charset import ASCII, CharacterSet, UndecodableText, UnencodableText

Value = str | int | float | Decimal | bytes | None

# Text in the character set of the data set; all other text is ASCII (PS3.5 6.1.2.2)
CHARSET_VRS: Final = frozenset(["LO", "LT", "PN", "SH", "ST", "UC", "UT"])
# Text in which a backslash is a character: always one value (PS3.5 6.2)
SINGLE_VRS: Final = frozenset(["LT", "ST", "UR", "UT"])
TEXT_VRS: Final = CHARSET_VRS | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
_OTHER_LIMITS: Final = {"AS": 4, "DA": 8, "DT": 26, "IS": 12, "LT": 10_240, "ST": 1024, "TM": 14}
_SHORT_LIMITS: Final = dict.fromkeys(["AE", "CS", "DS", "SH"], 16)
# The longest value in characters; PN counts each of its three groups (PS3.5 Table 6.2-1)
LONGEST: Final = _SHORT_LIMITS | dict.fromkeys(["LO", "PN", "UI"], 64) | _OTHER_LIMITS
# Both ends are padding, or only the end (PS3.5 Table 6.2-1)
BOTH_ENDS: Final = frozenset(["AE", "CS", "DS", "IS", "LO", "SH"])
_NUMBERS: Final = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
# Digits beyond which a decimal string is nonsense rather than a number; int() itself is quadratic in them
_LONGEST_NUMBER: Final = 64
_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,3})?", re.ASCII)
_FORMS: Final = {
    "AS": re.compile(r"[0-9]{3}[DWMY]", re.ASCII),
    "CS": re.compile(r"[A-Z0-9_ ]*", re.ASCII),
    "DA": re.compile(r"[0-9]{8}", re.ASCII),
    "DT": re.compile(
        r"[0-9]{4}(?:[01][0-9](?:[0-3][0-9](?:[0-2][0-9](?:[0-5][0-9](?:[0-6][0-9](?:\.[0-9]{1,6})?)?)?)?)?)?"
        r"(?:[+-][01][0-9][0-5][0-9])?",
        re.ASCII,
    ),
    "TM": re.compile(r"(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?)?)?", re.ASCII),
    "UI": re.compile(r"[0-9.]*", re.ASCII),
}
# Control characters have a place in long text only (PS3.5 6.1.3)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
# Forms that a device's value may break without becoming useless: lower case in CS is common
_READ_FREELY: Final = frozenset({"CS"})


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that do not parse under their VR. `reason` is constant text and holds nothing of them."""

    reason: str


class ValueRefused(ValueError):
    """A value that cannot be written as it is. The message says why, without the value."""


class Unencodable(ValueRefused):
    """A character, number or form that the VR or the character set does not have."""


class TooLong(ValueRefused):
    """A value longer than its VR, or than the length field of its VR, allows."""


def decode(raw: bytes, vr: str, charset: CharacterSet = ASCII, *, little: bool = True) -> tuple[Value, ...] | Malformed:
    """The values in `raw`. `little`: the byte order of numbers. Sequences are no values: ValueError."""
    if not raw:
        return ()
    if vr in TEXT_VRS:
        return _decode_text(raw, vr, charset)
    if vr in _NUMBERS:
        return _unpack(raw, _NUMBERS[vr], little)
    if vr == "AT":
        halves = _unpack(raw, "HH", little)
        return halves if isinstance(halves, Malformed) else _tags(halves)
    if vr == "SQ":
        raise ValueError("a sequence has items, not values")
    return (raw,)


def _decode_text(raw: bytes, vr: str, charset: CharacterSet) -> tuple[Value, ...] | Malformed:
    if raw.isascii() and 0x1B not in raw:
        text = raw.decode("ascii")
    else:
        try:
            text = (charset if vr in CHARSET_VRS else ASCII).decode(raw, vr)
        except UndecodableText as error:
            return Malformed(str(error))
    parts = [text] if vr in SINGLE_VRS else text.split("\\")
    strip = str.strip if vr in BOTH_ENDS else str.rstrip
    values = [strip(part, " \0") for part in parts]
    if vr == "IS":
        return _parsed(values, _INTEGER, int)
    if vr == "DS":
        return _parsed(values, _DECIMAL, Decimal)
    form = _FORMS.get(vr)
    if form and vr not in _READ_FREELY and not all(_fits(value, vr, form) for value in values if value):
        return Malformed(f"not of the form of {vr}")
    return tuple(values)


def _parsed(values: list[str], form: re.Pattern[str], convert: Callable[[str], Value]) -> tuple[Value, ...] | Malformed:
    numbers: list[Value] = []
    for value in values:
        if value and (len(value) > _LONGEST_NUMBER or not form.fullmatch(value)):
            return Malformed("not a number")
        numbers.append(convert(value) if value else None)
    return tuple(numbers)


def _fits(value: str, vr: str, form: re.Pattern[str]) -> bool:
    if not form.fullmatch(value):
        return False
    if vr in ("DA", "DT") and len(digits := value.partition("+")[0].partition("-")[0].partition(".")[0]) >= 6:
        return _is_date(int(digits[:4]), int(digits[4:6]), int(digits[6:8] or 1))
    return True


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _unpack(raw: bytes, code: str, little: bool) -> tuple[Value, ...] | Malformed:
    order = "<" if little else ">"
    size = struct.calcsize(order + code)
    count, rest = divmod(len(raw), size)
    if rest:
        return Malformed(f"not a whole number of values of {size} bytes")
    return struct.unpack(f"{order}{count * code if len(code) > 1 else f'{count}{code}'}", raw)


def _tags(halves: tuple[Value, ...]) -> tuple[Value, ...]:
    numbers = [half for half in halves if isinstance(half, int)]
    return tuple(group << 16 | element for group, element in zip(numbers[::2], numbers[1::2], strict=True))


def encode(values: Iterable[Value], vr: str, charset: CharacterSet = ASCII, *, little: bool = True) -> bytes:
    """The bytes of `values`, padded to even length. Raises Unencodable or TooLong.

    Text is checked against length and form of its VR, so what leaves is right even where what came was not. A backslash
    in a value of a VR that may have several is Unencodable: it would become two.
    """
    values = tuple(values)
    if vr in TEXT_VRS:
        return padded(_encode_text(values, vr, charset), vr)
    try:
        if vr in _NUMBERS:
            return struct.pack(f"{'<' if little else '>'}{len(values)}{_NUMBERS[vr]}", *values)
        if vr == "AT":
            halves = [half for value in values for half in divmod(value, 0x10000)]  # type: ignore[operator]
            return struct.pack(f"{'<' if little else '>'}{len(halves)}H", *halves)
    except (struct.error, OverflowError, TypeError):
        raise Unencodable(f"not a number that {vr} can hold") from None
    if len(values) > 1 or not all(isinstance(value, bytes) for value in values):
        raise Unencodable(f"{vr} holds bytes")
    return padded(b"".join(value for value in values if isinstance(value, bytes)), vr)


def padded(raw: bytes, vr: str) -> bytes:
    """`raw` at even length (PS3.5 6.2): text is padded with a space, UIDs and bytes with NUL."""
    if len(raw) % 2 == 0:
        return raw
    return raw + (b" " if vr in TEXT_VRS and vr != "UI" else b"\0")


def _encode_text(values: tuple[Value, ...], vr: str, charset: CharacterSet) -> bytes:
    texts = [_text(value, vr) for value in values]
    for text in texts:
        _check(text, vr)
    if vr in SINGLE_VRS and len(texts) > 1:
        raise Unencodable(f"{vr} holds one value")
    try:
        return (charset if vr in CHARSET_VRS else ASCII).encode("\\".join(texts), vr)
    except UnencodableText as error:
        raise Unencodable(str(error)) from None


def _text(value: Value, vr: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if vr == "IS" and isinstance(value, int):
        return str(value)
    if vr == "DS" and isinstance(value, int | float | Decimal):
        return decimal_text(value)
    raise Unencodable(f"not a value that {vr} can hold")


def _check(text: str, vr: str) -> None:
    """Raise unless `text` is a value that `vr` may have."""
    longest = LONGEST.get(vr)
    parts = text.split("=") if vr == "PN" else [text]
    if longest and any(len(part) > longest for part in parts):
        raise TooLong(f"longer than the {longest} characters of {vr}")
    if "\\" in text and vr not in SINGLE_VRS:
        raise Unencodable("a backslash, which separates values")
    if (_CONTROL_IN_TEXT if vr in ("LT", "ST", "UT") else _CONTROL).search(text):
        raise Unencodable("a control character")
    if vr == "PN" and (len(parts) > 3 or any(part.count("^") > 4 for part in parts)):
        raise Unencodable("a person name with more than three groups or five components")
    form = {"IS": _INTEGER, "DS": _DECIMAL}.get(vr) or _FORMS.get(vr)
    if form and text and not _fits(text, vr, form):
        raise Unencodable(f"not of the form of {vr}")
    if vr == "IS" and text and not -(2**31) <= int(text) < 2**31:
        raise Unencodable("not a number that IS can hold")


def decimal_text(number: int | float | Decimal) -> str:
    """The shortest decimal string that reads back equal, rounded to the 16 characters of DS (PS3.5 6.2)."""
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not exact.is_finite():
        raise Unencodable("not a number that DS can hold")
    plain = f"{exact:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    if len(plain) <= LONGEST["DS"]:
        return plain
    rounded = [f"{exact:.{digits}g}" for digits in range(16, 0, -1)]
    return next(text for text in rounded if len(text) <= LONGEST["DS"])
