"""Functions on all values of an attribute, or all items of a sequence."""

from dicomrules.functions.record import ANY, Example, Function, Parameter, Result, Takes
from dicomrules.program.types import Type, Value


def count(values: tuple[Value, ...]) -> int:
    """How many values or items."""
    return len(values)


def join(values: tuple[str, ...], part: str) -> Result:
    """All values with a text between them."""
    return part.join(values)


FAMILY = (
    Function("count", (Parameter("values", ANY | {Type.ITEMS}, takes=Takes.WHOLE),), Type.INT,
             "How many values an attribute has, or items a sequence; 0 when it is not there.",
             Example((("A", "B"),), 2), count),
    Function("join", (Parameter("values", takes=Takes.WHOLE), Parameter("part", constant=True)), Type.TEXT,
             "All values as one text, with a text between them.", Example((("A", "B"), "/"), "A/B"), join),
)  # fmt: skip
