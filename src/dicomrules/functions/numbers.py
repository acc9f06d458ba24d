"""Numbers: exact decimals, never binary fractions."""

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

from dicomrules.functions.record import NO_MATCH, NUMBER, OUT_OF_RANGE, Argument, Example, Function, Parameter, Result
from dicomrules.program.types import Type

# Wide enough for any DS or FD; larger results are out of range rather than rounded in silence.
EXACT = Context(prec=400)
NUMERAL = re.compile(r"[+-]?(\d{1,64}(\.\d{0,64})?|\.\d{1,64})([eE][+-]?\d{1,3})?", re.ASCII)
FORM = re.compile(
    r"(?P<head>[^%]*)%(?P<zero>0?)(?P<width>\d{0,3})(?:\.(?P<places>\d{1,2}))?(?P<kind>[df])(?P<tail>[^%]*)"
)


def number_of(text: str) -> Decimal | None:
    """The number that a text is, as DS and IS write it (PS3.5 6.2), else None."""
    text = text.strip()
    return Decimal(text) if NUMERAL.fullmatch(text) else None


def to_int(text: str) -> Result:
    """The whole number that a text is."""
    number = number_of(text)
    if number is None or abs(number) >= 2**63 or number != number.to_integral_value():
        return NO_MATCH
    return int(number)


def to_decimal(text: str) -> Result:
    """The number that a text is."""
    number = number_of(text)
    return NO_MATCH if number is None else number


def round_(number: int | Decimal, places: int = 0) -> Result:
    """Rounded to so many places, halves away from zero."""
    return _quantized(number, places, ROUND_HALF_UP)


def round_down(number: int | Decimal, places: int = 0) -> Result:
    """Cut to so many places, towards zero."""
    return _quantized(number, places, ROUND_DOWN)


def _quantized(number: int | Decimal, places: int, rounding: str) -> Result:
    try:
        return Decimal(number).quantize(Decimal(1).scaleb(-places), rounding, EXACT)
    except InvalidOperation:
        return OUT_OF_RANGE


def form_problem(form: str) -> str | None:
    """Why a text is no number format, None when it is one: one `%05d` or `%.2f`, with any text around it."""
    return None if FORM.fullmatch(form) else "a number format holds one %d or %f, as %05d or %.2f"


def format_(number: int | Decimal, form: str) -> Result:
    """The number in the form of `%05d` (whole numbers only) or `%.2f`."""
    parts = FORM.fullmatch(form)
    value = Decimal(number)
    if parts is None or not value.is_finite() or abs(value.adjusted()) > 64:
        return OUT_OF_RANGE
    places = int(parts["places"] or "6") if parts["kind"] == "f" else 0
    if parts["kind"] == "d" and value != value.to_integral_value():
        return OUT_OF_RANGE
    rounded = _quantized(value, places, ROUND_HALF_UP)
    text = f"{rounded:{parts['zero']}{parts['width']}f}"
    return parts["head"] + text + parts["tail"]


def _longest(longest: int | None, constants: tuple[Argument, ...]) -> int | None:
    """As many characters as the number has, or the form asks for, with what stands around them."""
    parts = FORM.fullmatch(str(constants[0])) if constants else None
    if longest is None or parts is None:
        return None
    places = int(parts["places"] or "6") + 1 if parts["kind"] == "f" else 0
    return len(parts["head"] + parts["tail"]) + max(longest + places, int(parts["width"] or "0"))


PLACES = Parameter("places", frozenset({Type.INT}), constant=True, low=0, high=16, optional=True)
NUMERIC_SUBJECT = Parameter("number", NUMBER)

FAMILY = (
    Function("to_int", (Parameter("text"),), Type.INT, "The whole number that a text is.", Example(("0042",), 42),
             to_int, can_fail=True),
    Function("to_decimal", (Parameter("text"),), Type.DECIMAL, "The number that a text is.",
             Example(("1.50",), Decimal("1.50")), to_decimal, can_fail=True),
    Function("round", (NUMERIC_SUBJECT, PLACES), Type.DECIMAL, "Rounded to so many places, halves away from zero.",
             Example((Decimal("1.25"), 1), Decimal("1.3")), round_, can_fail=True),
    Function("round_down", (NUMERIC_SUBJECT, PLACES), Type.DECIMAL, "Cut to so many places.",
             Example((Decimal("1.29"), 1), Decimal("1.2")), round_down, can_fail=True),
    Function("format", (NUMERIC_SUBJECT, Parameter("form", constant=True)), Type.TEXT,
             "A number as text: %05d (whole numbers only), %.2f.", Example((42, "%05d"), "00042"), format_,
             can_fail=True, sure_of=frozenset({Type.INT}), longest=_longest),
)  # fmt: skip
