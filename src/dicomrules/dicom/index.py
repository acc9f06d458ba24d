"""The index of a data set: what the walk found out, and where every element of the top level lies.

The index has two storeys. The top level is there from the walk; the inside of a sequence is opened on demand by
stepping over its direct children again, which needs no second validation: the walk went through everything.
"""

from array import array
from dataclasses import dataclass
from typing import Final

from dicomrules.dicom.columns import VR_SHIFT, Columns, Element, Outline
from dicomrules.dicom.forms import FORMS, SHORT
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.source import Bytes
from dicomrules.dicom.syntax import SEQUENCE_END, UNDEFINED, Encoding
from dicomrules.dicom.tags import (
    ACCESSION_NUMBER,
    SERIES_INSTANCE_UID,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    STUDY_INSTANCE_UID,
)
from dicomrules.dicom.uids import InstanceKey
from dicomrules.dicom.walk import ADMITTED, IndexLimits, Walk
from dicomrules.dicom.window import Window

__all__ = ["ADMITTED", "Index", "IndexLimits", "ItemRanges", "MalformedDataSet", "index", "open_item", "open_items"]

_LONGEST_UID: Final = 128


@dataclass(frozen=True, slots=True)
class Index:
    """What one walk found in `source`.

    `columns`: the top-level elements; `outline`: ends of what has undefined length; `disorder`: offset of the first
    element, at any depth, that is twice in its container or out of order, -1 when there is none; `count`: elements,
    items and fragments; `nesting`: how deep sequences lie in one another.
    """

    source: Bytes
    encoding: Encoding
    columns: Columns
    outline: Outline
    disorder: int
    count: int
    nesting: int

    @property
    def length(self) -> int:
        """Bytes of the data set."""
        return self.source.length

    def find(self, tag: int) -> Element | None:
        """The first top-level element with this tag, as received."""
        at = self.columns.find(tag)
        return self.columns.element(at) if at >= 0 else None

    def key(self) -> InstanceKey:
        """The UIDs that name the instance; empty where absent, not ASCII, or longer than any UID."""
        tags = (SOP_CLASS_UID, SOP_INSTANCE_UID, SERIES_INSTANCE_UID, STUDY_INSTANCE_UID)
        return InstanceKey(*map(self._uid, tags))

    def accession(self) -> str:
        """Accession Number (0008,0050); empty where absent, not ASCII, or far longer than an SH may be."""
        return self._uid(ACCESSION_NUMBER)

    def _uid(self, tag: int) -> str:
        element = self.find(tag)
        if element is None or element.length > _LONGEST_UID:
            return ""
        raw = element.raw.strip(b" \0")
        return raw.decode("ascii") if raw.isascii() else ""


def index(source: Bytes, encoding: Encoding, limits: IndexLimits | None = None) -> Index:
    """Walk through all of `source`. Raises MalformedDataSet when it is cut, nonsensical, or over a limit."""
    walk = Walk(source, encoding, limits or IndexLimits())
    walk.run()
    return Index(source, encoding, walk.columns, walk.outline, walk.disorder, walk.count, walk.nesting)


class ItemRanges:
    """Where the items of one sequence lie: 17 bytes each."""

    __slots__ = ("_ends", "_starts", "_undefined")

    def __init__(self) -> None:
        self._starts = array("Q")
        self._ends = array("Q")
        self._undefined = bytearray()

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, start: int, end: int, undefined: bool) -> None:
        """Append one item with its head at `start`; a delimiter, if any, ends at `end`."""
        self._starts.append(start)
        self._ends.append(end)
        self._undefined.append(undefined)

    def start(self, at: int) -> int:
        """Where the head of item `at` (from 0) begins."""
        return self._starts[at]

    def end(self, at: int) -> int:
        """Where item `at` ends, its delimiter included."""
        return self._ends[at]

    def content(self, at: int) -> tuple[int, int]:
        """Where the elements of item `at` lie."""
        return self._starts[at] + 8, self._ends[at] - 8 * self._undefined[at]

    def is_undefined(self, at: int) -> bool:
        """True when item `at` has undefined length."""
        return bool(self._undefined[at])


def open_items(element: Element, outline: Outline) -> ItemRanges:
    """The items of a sequence that was walked through with `outline`."""
    ranges = ItemRanges()
    window, head = Window(element.source, element.end), FORMS[element.items_encoding].item.unpack_from
    position, stop = element.value_start, element.value_end
    while position < stop:
        if position > window.safe:
            window.move(position)
        group, number, length = head(window.data, position - window.base)
        if group << 16 | number == SEQUENCE_END:
            break
        undefined = length == UNDEFINED
        end = outline.end(position + 8) if undefined else position + 8 + length
        ranges.add(position, end, undefined)
        position = end
    return ranges


def open_item(source: Bytes, encoding: Encoding, content: tuple[int, int], outline: Outline) -> Columns:
    """The elements of an item whose content was walked through with `outline`."""
    columns, window, form = Columns(source, encoding, content[0]), Window(source, content[1]), FORMS[encoding]
    position, stop, last = *content, -1
    vr = 0
    while position < stop:
        if position > window.safe:
            window.move(position)
        offset = position - window.base
        if encoding.explicit:
            group, number, vr, length = form.head.unpack_from(window.data, offset)
            head = 8 if form.kind(vr) == SHORT else 12
            if head == 12:
                (length,) = form.length.unpack_from(window.data, offset + 8)
        else:
            group, number, length = form.head.unpack_from(window.data, offset)
            head = 8
        tag = group << 16 | number
        end = position + head + length
        columns.add(tag, vr << VR_SHIFT | head, end)
        if length == UNDEFINED:
            end = outline.end(position + head)
            columns.close(len(columns) - 1, end)
        columns.ordered &= tag > last
        position, last = end, tag
    return columns
