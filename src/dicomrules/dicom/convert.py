"""The same data set in another encoding, made while it is sent (PS3.5 Annex A).

Heads of elements are written anew and values copied by range, so nothing is held in memory but the new lengths of
what has a defined one. Two passes: the first measures, because a length stands before what it measures; the second
writes. Lengths that were defined stay defined.

Into explicit VR, the VR of an element is PS3.6's, settled by the context where PS3.6 leaves it open, that of the
private dictionaries for private elements, else UN; a value too long for its VR's length field becomes UN (PS3.5
6.2.2). What is UN stays UN with its value untouched: inside it is Implicit VR Little Endian whatever is around it.
Out of big endian, values are swapped by VR. Group lengths, which PS3.5 7.2 has retired, are left out: they would be
wrong.
"""

from array import array
from collections.abc import Iterator
from typing import Final

from dicomrules.dicom import ambiguous, tags, values
from dicomrules.dicom.columns import Element
from dicomrules.dicom.forms import SHORT_VRS, head_of, item_end, item_head, sequence_end
from dicomrules.dicom.index import Index
from dicomrules.dicom.syntax import LONGEST_SHORT, UNDEFINED, Encoding
from dicomrules.dicom.traverse import Step, traverse

WIDTHS: Final = {
    **dict.fromkeys(["AT", "OW", "SS", "US"], "H"),
    **dict.fromkeys(["FL", "OF", "OL", "SL", "UL"], "I"),
    **dict.fromkeys(["FD", "OD", "OV", "SV", "UV"], "Q"),
}
_PIECE: Final = 64 * 1024
_LONGEST_CREATOR: Final = 256


def convert(index: Index, to: Encoding) -> Iterator[tuple[int, int] | bytes]:
    """The data set of `index` encoded as `to`: ranges of `index.source`, and bytes, in order.

    Fragments of encapsulated Pixel Data exist in Explicit VR Little Endian only: ValueError for those into another
    encoding, and for anything into big endian.
    """
    if not to.little:
        raise ValueError("nothing is converted into big endian, which PS3.5 has retired")
    lengths = iter(_measured(index, to))
    for step, element, vr, undefined in _settled_steps(index, to):
        if step is Step.SEQUENCE:
            yield head_of(element.tag, vr, UNDEFINED if undefined else next(lengths), to)
        elif step is Step.ITEM:
            yield item_head(UNDEFINED if undefined else next(lengths), to)
        elif step is Step.ELEMENT:
            yield from _element(element, vr, to)
        elif undefined:
            yield item_end(to) if step is Step.END_ITEM else sequence_end(to)


def converted_length(index: Index, to: Encoding) -> int:
    """How many bytes `convert` makes."""
    return _measured(index, to)[-1]


def _element(element: Element, vr: str, to: Encoding) -> Iterator[tuple[int, int] | bytes]:
    undefined = element.is_undefined
    yield head_of(element.tag, vr, UNDEFINED if undefined else element.length, to)
    width = None if element.encoding.little else WIDTHS.get(vr)
    if width:
        yield from swapped(element, width)
    elif element.end > element.value_start:
        yield element.value_start, element.end


def swapped(element: Element, width: str) -> Iterator[bytes]:
    """The value with the bytes of each number turned round, in pieces; what is over at the end stays as it is."""
    for start in range(element.value_start, element.value_end, _PIECE):
        piece = bytes(element.source.read(start, min(start + _PIECE, element.value_end)))
        numbers = array(width)
        whole = len(piece) // numbers.itemsize * numbers.itemsize
        numbers.frombytes(piece[:whole])
        numbers.byteswap()
        yield numbers.tobytes() + piece[whole:]


def _measured(index: Index, to: Encoding) -> "array[int]":
    """The new lengths of sequences and items of defined length, in the order of their heads; last, the whole."""
    lengths = array("Q")
    open_places: list[int] = []  # of each open sequence and item, its place in `lengths`, -1 for undefined length
    sizes = [0]
    for step, element, vr, undefined in _settled_steps(index, to):
        if step is Step.ELEMENT:
            sizes[-1] += len(head_of(element.tag, vr, 0, to)) + element.end - element.value_start
        elif step in (Step.SEQUENCE, Step.ITEM):
            open_places.append(-1 if undefined else len(lengths))
            if not undefined:
                lengths.append(0)
            sizes[-1] += 8 if step is Step.ITEM else len(head_of(element.tag, vr, 0, to))
            sizes.append(0)
        else:
            size, place = sizes.pop(), open_places.pop()
            if place >= 0:
                if size >= UNDEFINED:
                    raise values.TooLong("a sequence or item longer than its length field can say")
                lengths[place] = size
            sizes[-1] += size + (8 if undefined else 0)
    lengths.append(sizes[0])
    return lengths


class _Scope:
    """What of a data set or item, and of those around it, settles VRs: read as the elements pass by."""

    __slots__ = ("around", "creators", "numbers")

    def __init__(self, around: "_Scope | None") -> None:
        self.around = around
        self.numbers: dict[int, int] = {} if around is None else around.numbers
        self.creators: dict[int, str] = {}

    def note(self, element: Element) -> None:
        """Remember `element` when VRs behind it depend on it."""
        tag = element.tag
        if tag in ambiguous.CONTEXT and element.length >= 2:
            raw = bytes(element.source.read(element.value_start, element.value_start + 2))
            self.numbers = self.numbers | {tag: int.from_bytes(raw, "little" if element.encoding.little else "big")}
        elif tags.is_creator(tag) and element.length <= _LONGEST_CREATOR:
            found = values.decode(element.raw, "LO")
            self.creators[tag] = str(found[0]) if isinstance(found, tuple) and len(found) == 1 else ""

    def vr(self, element: Element) -> str:
        """The one VR of an element that came without one."""
        vr, block = element.vr, tags.block_of(element.tag)
        if vr == "UN" and block is not None:
            known = tags.private_vr(self.creators.get(tags.creator_tag(element.tag >> 16, block), ""), element.tag)
            vr = "UN" if known == "SQ" else known
        return ambiguous.settled(element.tag, vr, self._context()) if " or " in vr else vr

    def _context(self) -> ambiguous.Context:
        get = self.numbers.get
        return ambiguous.Context(
            get(ambiguous.BITS_ALLOCATED),
            get(ambiguous.PIXEL_REPRESENTATION),
            get(ambiguous.LUT_DESCRIPTOR),
            get(ambiguous.WAVEFORM_BITS_ALLOCATED),
        )


def _settled_steps(index: Index, to: Encoding) -> Iterator[tuple[Step, Element, str, bool]]:
    """The steps through the data set, each with the VR that is written."""
    settles = to.explicit and not index.encoding.explicit
    scope = _Scope(None)
    for step, element, undefined in traverse(index, into_unknown=not index.encoding.explicit):
        vr = element.vr
        if step is Step.ELEMENT:
            if tags.is_group_length(element.tag):
                continue
            if settles:
                scope.note(element)
                vr = scope.vr(element)
            if undefined and vr != "UN" and not (to.explicit and index.encoding.explicit):
                raise ValueError("encapsulated Pixel Data exists in Explicit VR Little Endian only")
            if to.explicit and vr in SHORT_VRS and element.length > LONGEST_SHORT:
                vr = "UN"
        elif step is Step.ITEM:
            scope = _Scope(scope)
        elif step is Step.END_ITEM and scope.around:
            scope = scope.around
        yield step, element, vr, undefined
