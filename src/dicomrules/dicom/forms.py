"""The head of an element as it lies in the bytes (PS3.5 7.1.2, 7.1.3, 7.5), for each encoding."""

from dataclasses import dataclass
from functools import cache
from struct import Struct
from typing import Final, Literal

from dicomrules.dicom.syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, UNDEFINED, Encoding

Order = Literal["little", "big"]

_TEXTS: Final = ["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI"]
# VRs whose length field has 16 bits (PS3.5 Table 7.1-2); that of all others, those of the future included, has 32
# (Table 7.1-1)
SHORT_VRS: Final = frozenset([*_TEXTS, "AT", "FD", "FL", "SL", "SS", "UL", "US"])
LONG_VRS: Final = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])

# What the VR says about length and value
SHORT, LONG, BYTES, UNKNOWN, SEQUENCE = range(5)
_KINDS: Final = {"SQ": SEQUENCE, "UN": UNKNOWN, "OB": BYTES, "OW": BYTES}


@dataclass(frozen=True, slots=True)
class Form:
    """How to read a head: `head` is group, element, VR and 16-bit length (without VR: group, element, 32-bit length),
    `item` the head of an item or delimiter, `length` a 32-bit length. VRs are numbers, as they lie in the bytes.
    """

    head: Struct
    item: Struct
    length: Struct
    kinds: dict[int, int]
    order: Order
    explicit: bool

    def vr(self, number: int) -> str:
        """The VR that `number` stands for; empty for 0, no VR."""
        return _text(number, self.order) if number else ""

    def kind(self, number: int) -> int | None:
        """What the VR says; one we do not know has a 32-bit length (PS3.5 6.2). None: that is no VR."""
        kind = self.kinds.get(number)
        if kind is None and number:
            text = number.to_bytes(2, self.order)
            return LONG if text.isalpha() and text.isupper() else None
        return kind


@cache
def _text(number: int, order: Order) -> str:
    return number.to_bytes(2, order).decode("ascii")


def _order(encoding: Encoding) -> Order:
    return "little" if encoding.little else "big"


def _form(encoding: Encoding) -> Form:
    order = _order(encoding)
    kinds = {int.from_bytes(vr.encode(), order): SHORT for vr in SHORT_VRS}
    kinds |= {int.from_bytes(vr.encode(), order): _KINDS.get(vr, LONG) for vr in LONG_VRS}
    mark = "<" if encoding.little else ">"
    head = Struct(mark + ("HHHH" if encoding.explicit else "HHL"))
    return Form(head, Struct(mark + "HHL"), Struct(mark + "L"), kinds, order, encoding.explicit)


FORMS: Final[dict[Encoding, Form]] = {
    encoding: _form(encoding) for encoding in (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG)
}


def head_of(tag: int, vr: str, length: int, encoding: Encoding) -> bytes:
    """The head of an element of `length` bytes, `UNDEFINED` for one that ends with a delimiter.

    Raises ValueError when the length does not fit the VR's length field.
    """
    group, element = tag >> 16, tag & 0xFFFF
    form = FORMS[encoding]
    if length > UNDEFINED:
        raise ValueError("longer than any element can be")
    if not encoding.explicit:
        return form.head.pack(group, element, length)
    number = int.from_bytes(vr.encode("ascii"), form.order)
    if vr in SHORT_VRS:
        if length > 0xFFFF:
            raise ValueError("longer than a short VR can be")
        return form.head.pack(group, element, number, length)
    return form.head.pack(group, element, number, 0) + form.length.pack(length)


def item_head(length: int, encoding: Encoding) -> bytes:
    """The head of an item of `length` bytes."""
    return FORMS[encoding].item.pack(0xFFFE, 0xE000, length)


def sequence_end(encoding: Encoding) -> bytes:
    """The Sequence Delimitation Item (PS3.5 7.5.1)."""
    return FORMS[encoding].item.pack(0xFFFE, 0xE0DD, 0)


def item_end(encoding: Encoding) -> bytes:
    """The Item Delimitation Item (PS3.5 7.5.1)."""
    return FORMS[encoding].item.pack(0xFFFE, 0xE00D, 0)
