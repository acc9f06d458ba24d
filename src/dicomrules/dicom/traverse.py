"""A data set as a flat series of steps: elements, and sequences and items that open and close, at every depth.

For whoever goes through everything once and keeps nothing. Only for a data set that was indexed: nothing is checked.
"""

from collections.abc import Iterator
from enum import Enum, auto

from dicomrules.dicom.columns import Element
from dicomrules.dicom.index import Index, ItemRanges, open_item, open_items


class Step(Enum):
    """What comes next."""

    ELEMENT = auto()  # one that is not entered: its value is one piece
    SEQUENCE = auto()  # one whose items follow
    ITEM = auto()
    END_ITEM = auto()
    END_SEQUENCE = auto()


class _Cursor:
    """A sequence that is open, and the item that comes next."""

    __slots__ = ("at", "element", "ranges")

    def __init__(self, element: Element, ranges: ItemRanges) -> None:
        self.element = element
        self.ranges = ranges
        self.at = 0


def traverse(index: Index, *, into_unknown: bool = True) -> Iterator[tuple[Step, Element, bool]]:
    """Every step, with the element it is about and whether the length of sequence or item is undefined.

    Steps of items name the element of their sequence. `into_unknown`: sequences in UN are entered too.
    """
    stack: list[Iterator[Element] | _Cursor] = [iter(index.columns)]
    while stack:
        top = stack[-1]
        if isinstance(top, _Cursor):
            element = top.element
            if top.at == len(top.ranges):
                stack.pop()
                yield Step.END_SEQUENCE, element, element.is_undefined
                continue
            content = top.ranges.content(top.at)
            yield Step.ITEM, element, top.ranges.is_undefined(top.at)
            stack.append(iter(open_item(element.source, element.items_encoding, content, index.outline)))
            top.at += 1
            continue
        for element in top:
            if element.is_sequence and (into_unknown or element.vr != "UN"):
                yield Step.SEQUENCE, element, element.is_undefined
                stack.append(_Cursor(element, open_items(element, index.outline)))
                break
            yield Step.ELEMENT, element, element.is_undefined
        else:
            stack.pop()
            if stack:
                cursor = stack[-1]
                assert isinstance(cursor, _Cursor)
                yield Step.END_ITEM, cursor.element, cursor.ranges.is_undefined(cursor.at - 1)
