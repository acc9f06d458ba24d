"""From a value of the language to what its VR can hold (PS3.5 6.2), or the reason why it cannot."""

from datetime import date
from decimal import Decimal, DecimalException
from typing import Any

from dicomrules.dicom import values
from dicomrules.dicom.charset import character_set
from dicomrules.dicom.values import SINGLE_VRS, TEXT_VRS, TooLong, Unencodable, encode
from dicomrules.engine.compare import plain_number
from dicomrules.program.moment import Age, Moment, write_moment
from dicomrules.program.types import NoValue

TOO_LONG = NoValue("too long")
TOO_MANY = NoValue("too many values")
NOT_ALLOWED = NoValue("not allowed in its VR")

# What an element holds once written.
Fitted = tuple[values.Value, ...]

# Holds every character: with it, `encode` judges length and form alone.
UNICODE = character_set(("ISO_IR 192",))


def fit(value: Any, vr: str, most: int | None) -> Fitted | NoValue:
    """A value, or several, as `vr` holds them; NoValue with the reason when it cannot."""
    parts = value if isinstance(value, tuple) else (value,)
    if most is not None and len(parts) > most:
        return TOO_MANY
    try:
        fitted = tuple(_one(part, vr) for part in parts)
        encode(fitted, vr, UNICODE)
    except TooLong:
        return TOO_LONG
    except (Unencodable, DecimalException, ValueError, TypeError):
        return TOO_MANY if vr in SINGLE_VRS and len(parts) > 1 else NOT_ALLOWED
    return fitted


def _one(value: Any, vr: str) -> values.Value:
    if vr in TEXT_VRS and vr not in ("DS", "IS"):
        return written(value, vr)
    if isinstance(value, str) and vr in ("DS", "IS"):
        return value
    if vr in ("DS", "FL", "FD"):
        number = Decimal(value)
        return number if vr == "DS" else float(number)
    if Decimal(value) != Decimal(value).to_integral_value():
        raise Unencodable("not a whole number")
    return int(value)


def written(value: Any, vr: str) -> str:
    """A value as DICOM text."""
    match value:
        case Decimal():
            return plain_number(value)
        case date():
            return f"{value.year:04d}{value.month:02d}{value.day:02d}"
        case Moment():
            return write_moment(value, is_time=vr == "TM")
        case Age(number, unit):
            return f"{number:03d}{unit}"
        case _:
            return str(value)
