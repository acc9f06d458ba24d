"""Which types go together, and what to say when they do not."""

from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.terms import Term
from dicomrules.program.types import NUMERIC, TEXTUAL, Type
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

_TURN = {
    (True, Type.INT): 'make a text of it: `| format("%d")`',
    (True, Type.DECIMAL): 'make a text of it: `| format("%.2f")`',
    (True, Type.DATE): 'make a text of it: `| format_date("YYYY-MM-DD")`',
}


def common(left: Type, right: Type) -> Type | None:
    """The type as which two values are compared or chosen between; None when they do not go together."""
    if left is right:
        return left
    if left in TEXTUAL and right in TEXTUAL:
        return Type.PERSON if Type.PERSON in (left, right) else Type.TEXT
    if left in NUMERIC and right in NUMERIC:
        return Type.DECIMAL
    return None


def turn(have: Type, want: Type) -> str:
    """How a value of one type becomes one of the other; empty when there is no way."""
    if want in TEXTUAL:
        return _TURN.get((True, have), "")
    if have in TEXTUAL and want is Type.INT:
        return "make a number of it: `| to_int`"
    if have in TEXTUAL and want is Type.DECIMAL:
        return "make a number of it: `| to_decimal`"
    if have in TEXTUAL and want is Type.DATE:
        return 'say how the date is written: `| parse_date("YYYYMMDD")`'
    if have is Type.DECIMAL and want is Type.INT:
        return "make it whole: `| round`"
    return ""


def clash(ground: Ground, span: Span, left: Term, right: Term, message: str) -> None:
    """Report two values that do not go together."""
    assert left.type is not None
    assert right.type is not None
    found = diagnose("DR201", span, message, "these do not go together")
    found = found.with_label(left.span, NAMES[left.type]).with_label(right.span, NAMES[right.type])
    how = turn(left.type, right.type) or turn(right.type, left.type)
    ground.add(found.with_note(how or "compare each with something of its own kind"))
