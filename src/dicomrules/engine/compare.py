"""How two values of one type compare. Pure; what has no value never gets here."""

import operator
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from dicomrules.program.moment import Age, Moment, moved
from dicomrules.program.types import NUMERIC, TEXTUAL, Type, Value

Comparison = Callable[[Any, Any], bool]

OPERATORS: dict[str, Comparison] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def composed(text: str) -> str:
    """The text in Unicode's normal form C: the only folding there is."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def comparison(sign: str, kind: Type) -> Comparison:
    """The test `left sign right` for values of `kind`."""
    order = OPERATORS[sign]
    match kind:
        case Type.TEXT | Type.CODE | Type.UID:
            return lambda left, right: order(composed(left), composed(right))
        case Type.PERSON:
            return lambda left, right: order(person_key(left), person_key(right))
        case Type.TIME | Type.DATETIME:
            return lambda left, right: order(*at_one_precision(left, right))
        case Type.AGE:
            return lambda left, right: order(left.days, right.days)
        case _:
            return order


def person_key(text: str) -> tuple[tuple[str, ...], ...]:
    """Component groups of a person name, without empty components and groups at the end (PS3.5 6.2.1)."""
    groups = [tuple(group.rstrip("^").split("^")) for group in composed(text).split("=")]
    while groups and groups[-1] == ("",):
        groups.pop()
    return tuple(groups)


def constant_test(sign: str, kind: Type, constant: Value) -> Callable[[Any], bool]:
    """The test `value sign constant`. A name of one group is about the first group alone (S23)."""
    order = OPERATORS[sign]
    if kind is Type.PERSON:
        wanted = person_key(str(constant))
        first = 1 if len(wanted) == 1 else None
        return lambda value: order(person_key(value)[:first], wanted)
    if kind in TEXTUAL:
        text = composed(str(constant))
        return lambda value: order(composed(value), text)
    if kind in NUMERIC:
        return lambda value: order(value, constant)
    compare = comparison(sign, kind)
    return lambda value: compare(value, constant)


def at_one_precision(left: Moment, right: Moment) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Both moments at the coarser precision of the two; where both name an offset, on the clock of the coarser one."""
    if left.offset is not None and right.offset is not None:
        clock = left.offset if len(left.parts) < len(right.parts) else right.offset
        left, right = moved(left, clock), moved(right, clock)
    shared = min(len(left.parts), len(right.parts))
    return left.parts[:shared], right.parts[:shared]


def key_text(value: Value, kind: Type) -> str:
    """A look-up key as tables keep it: text without spaces at its ends, numbers in their shortest form."""
    if isinstance(value, int | Decimal):
        return plain_number(Decimal(value))
    if isinstance(value, date):
        return f"{value.year:04d}{value.month:02d}{value.day:02d}"
    if isinstance(value, Age):
        return f"{value.number:03d}{value.unit}"
    text = composed(str(value)).strip()
    if kind is Type.INT and text.lstrip("-").isascii() and text.lstrip("-").isdigit():
        return plain_number(Decimal(text))
    return text


def plain_number(number: Decimal) -> str:
    """A number without exponent, without zeros that say nothing."""
    if not number.is_finite() or abs(number.adjusted()) > 400:
        return str(number)
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-", "-0") else text
