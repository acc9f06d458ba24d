"""How values look to people: in changes, in clauses. At most `WIDTH` characters."""

from decimal import Decimal
from typing import Any

from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.values import TEXT_VRS, Malformed
from dicomrules.engine.compare import plain_number
from dicomrules.engine.content import decoded
from dicomrules.engine.fit import written
from dicomrules.program.types import NoValue

WIDTH = 120
LONGEST_READ = 64 * 1024
READABLE = TEXT_VRS | {"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"}


def shown(dataset: DataSet, tag: int) -> str | None:
    """What an element holds; None when it is not there."""
    element = dataset.get(tag)
    if element is None:
        return None
    if element.is_sequence:
        count = len(dataset.items(tag))
        return f"{count} item" + ("" if count == 1 else "s")
    if element.length == 0:
        return ""
    vr = dataset.vr(tag)
    if element.length > LONGEST_READ or vr not in READABLE:
        return f"{element.length} bytes"
    values = decoded(dataset, element, vr)
    return f"{element.length} bytes" if isinstance(values, Malformed) else seen(values)


def seen(value: Any) -> str:
    """A value of the language."""
    match value:
        case NoValue(why):
            return why
        case tuple():
            return cut("\\".join(seen(part) for part in value))
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain_number(value)
        case None:
            return ""
        case float() | int():
            return str(value)
        case str():
            return cut(value if value.isprintable() else value.encode("unicode_escape").decode("ascii"))
        case _:
            return cut(written(value, "DT"))


def cut(text: str) -> str:
    """The text, shortened with an ellipsis."""
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
