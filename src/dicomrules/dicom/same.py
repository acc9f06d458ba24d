"""Do two data sets say the same, element by element, however each of them is written?

Tags and values count. Not: the encoding, VRs as they are written, group lengths (retired by PS3.5 7.2), lengths that
are defined here and undefined there, and the padding of text. Both are gone through side by side, so nothing is held
but the place where each of them stands; values are compared in pieces.
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from dicomrules.dicom import tags, values
from dicomrules.dicom.columns import Element
from dicomrules.dicom.convert import WIDTHS, swapped
from dicomrules.dicom.index import Index
from dicomrules.dicom.traverse import Step, traverse

_PIECE: Final = 64 * 1024  # a whole number of values of every width
_LONGEST_TEXT: Final = 1024 * 1024  # bytes of text whose padding is looked at


def same_content(one: Index, other: Index) -> bool:
    """True when both have the same elements with the same values, at every depth.

    A private sequence that one of them has in UN, with nothing to tell that it is one, is not recognised: False.
    """
    for left, right in zip_longest(_steps(one), _steps(other)):
        if left is None or right is None:
            return False
        (step, element), (other_step, other_element) = left, right
        if step is not other_step or element.tag != other_element.tag:
            return False
        if step is Step.ELEMENT and not _same_value(element, other_element):
            return False
    return True


def _steps(index: Index) -> Iterator[tuple[Step, Element]]:
    for step, element, _ in traverse(index):
        if step is not Step.ELEMENT or not tags.is_group_length(element.tag):
            yield step, element


def _same_value(one: Element, other: Element) -> bool:
    if one.is_undefined != other.is_undefined:
        return False  # pixels in fragments, and pixels
    is_text = one.vr in values.TEXT_VRS or other.vr in values.TEXT_VRS
    if one.length != other.length and not is_text:
        return False
    if is_text and max(one.length, other.length) <= _LONGEST_TEXT:
        return one.raw.rstrip(b" \0") == other.raw.rstrip(b" \0")
    return all(left == right for left, right in zip_longest(_pieces(one), _pieces(other)))


def _pieces(element: Element) -> Iterator[bytes]:
    """The value in pieces, numbers in little endian."""
    width = None if element.encoding.little else WIDTHS.get(element.vr)
    if width:
        yield from swapped(element, width)
        return
    for start in range(element.value_start, element.value_end, _PIECE):
        yield bytes(element.source.read(start, min(start + _PIECE, element.value_end)))
