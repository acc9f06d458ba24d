"""Ranges: `1 .. 5`, both ends belong to them."""

from dicomrules.lang import ast
from dicomrules.lang.check.constants import literal
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.terms import Wanted
from dicomrules.program.expression import Range
from dicomrules.text.codes.registry import diagnose


def bounds(ground: Ground, node: ast.Range, wanted: Wanted) -> Range | None:
    """The two ends of a range; None with a finding."""
    low = literal(ground, node.low.value, node.low.span, wanted)
    high = literal(ground, node.high.value, node.high.span, wanted)
    first, last = low.constant, high.constant
    if low.type is None or high.type is None or first is None or last is None:
        return None
    if node.low.value > node.high.value:
        found = diagnose("DR407", node.span, "nothing lies in this range", "the lower end comes first")
        swapped = f"{node.high.span.text} .. {node.low.span.text}"
        ground.add(found.with_fix("the other way round", node.span, swapped))
        return None
    return Range(first, last)
