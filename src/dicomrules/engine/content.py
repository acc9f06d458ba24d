"""What an element holds, as values of the language, or why it holds none (S11 to S22 of the language's small print)."""

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from dicomrules.dicom.charset import ASCII
from dicomrules.dicom.columns import Element
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.values import Malformed, decode
from dicomrules.program.moment import parse_age, parse_date, parse_datetime, parse_time
from dicomrules.program.types import ABSENT, BLANK, EMPTY, MALFORMED, TEXTUAL, TYPE_OF_VR, NoValue, Type, Value

# All values of one element, blank ones as BLANK, at least one of them not blank; or the reason why there are none.
# A sequence gives the places of its items, and what is only bytes a single True.
Content = tuple[Any, ...] | range | NoValue

# The longest value, in bytes, that a rule reads; what is longer is malformed.
LONGEST_READ: Final = 16 * 1024 * 1024
ESCAPE: Final = b"\x1b"
SEPARATOR: Final = b"\\"

# What most rules look at needs no decoder: one ASCII value of a VR whose spaces at both ends are padding.
PLAIN: Final = frozenset({"SH", "LO", "CS", "AE"})
PLAIN_KINDS: Final = frozenset({Type.TEXT, Type.CODE})


def content_of(dataset: DataSet, tag: int, vr: str, most: int | None) -> Content:
    """What the element `tag` of `dataset` holds, read as `vr`; more than `most` values are malformed.

    `vr` is what the dictionary says. An element that came under another VR is read by its own where that has the same
    type, by `vr` where it came as UN, and is malformed otherwise.
    """
    element = dataset.get(tag)
    if element is None:
        return ABSENT
    kind = TYPE_OF_VR[vr]
    if kind is Type.ITEMS:
        return (range(len(dataset.items(tag))) or EMPTY) if element.is_sequence else MALFORMED
    if element.length == 0:
        return EMPTY
    if kind is Type.BYTES:
        return (True,)
    if element.is_sequence or element.length > LONGEST_READ:
        return MALFORMED
    raw = element.raw
    if element.vr in PLAIN and kind in PLAIN_KINDS and raw.isascii() and SEPARATOR not in raw and ESCAPE not in raw:
        text = raw.decode("ascii").strip(" \0")
        return (text,) if text else BLANK
    content = _values(decoded(dataset, element, own_vr(element.vr, vr)), kind)
    if isinstance(content, tuple) and most is not None and len(content) > most:
        return MALFORMED
    return content


def decoded(dataset: DataSet, element: Element, vr: str) -> tuple[Any, ...] | Malformed:
    """The values of an element read as `vr`, as the VR has them."""
    raw, little = element.raw, element.vr == "UN" or dataset.encoding.little
    charset = ASCII if raw.isascii() and ESCAPE not in raw else dataset.charset
    return decode(raw, vr, charset, little=little)


def own_vr(came: str, known: str) -> str:
    """The VR to read by: the one an element came under, or the known one where it came without; "US or SS" as US."""
    vr = known if came in ("UN", "") or " " in came else came
    return vr.split(" ")[0]


def _values(found: tuple[Any, ...] | Malformed, kind: Type) -> Content:
    """Decoded values as values of `kind`."""
    if isinstance(found, Malformed):
        return MALFORMED
    values = tuple([BLANK if value is None or value == "" else _typed(value, kind) for value in found])
    if None in values:
        return MALFORMED
    return values if any(value is not BLANK for value in values) else BLANK


def _typed(value: Any, kind: Type) -> Value | None:
    """One decoded value as a value of `kind`; None when it is of another type, or malformed."""
    if isinstance(value, str):
        parse = PARSE.get(kind)
        return value if parse is None and kind in TEXTUAL else parse(value) if parse else None
    if kind is Type.INT:
        return value if isinstance(value, int) else None
    if kind is Type.DECIMAL and not isinstance(value, bytes):
        number = shortest(value) if isinstance(value, float) else Decimal(value)
        return number if number.is_finite() else None
    return None


def shortest(number: float) -> Decimal:
    """A binary fraction as the shortest decimal that reads back equal; of 32 bits where 32 bits hold it."""
    try:
        if struct.unpack("<f", struct.pack("<f", number))[0] == number:
            for digits in range(6, 9):
                text = f"{number:.{digits}g}"
                if struct.unpack("<f", struct.pack("<f", float(text)))[0] == number:
                    return Decimal(text)
            return Decimal(f"{number:.9g}")
    except OverflowError:
        return Decimal(repr(number))
    return Decimal(repr(number))


def _person(text: str) -> Value | None:
    """A name has at most three groups of five components (PS3.5 6.2.1)."""
    groups = text.split("=")
    return text if len(groups) <= 3 and all(group.count("^") <= 4 for group in groups) else None


PARSE: dict[Type, Callable[[str], Value | None]] = {
    Type.PERSON: _person,
    Type.DATE: parse_date,
    Type.TIME: parse_time,
    Type.DATETIME: parse_datetime,
    Type.AGE: parse_age,
}
