"""Transfer syntaxes: how the elements of a data set are encoded (PS3.5 sections 7.1 and 10, Annex A)."""

from dataclasses import dataclass
from typing import Final

IMPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"

# Those whose whole data set is a deflate stream (PS3.5 A.5); the two of JPIP refer to pixels elsewhere
_DEFLATED: Final = frozenset({DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})
_NOT_ENCAPSULATED: Final = _DEFLATED | {
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    "1.2.840.10008.1.2.4.94",
    "1.2.840.10008.1.2.4.204",
}

# A value length that says: ends with a delimiter (PS3.5 7.1.1)
UNDEFINED: Final = 0xFFFFFFFF
# The longest value of a VR whose length field has 16 bits (PS3.5 7.1.2); lengths are even
LONGEST_SHORT: Final = 65_534

ITEM: Final = 0xFFFEE000
ITEM_END: Final = 0xFFFEE00D
SEQUENCE_END: Final = 0xFFFEE0DD
PIXEL_DATA: Final = 0x7FE00010


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the elements of one data set or item are written: with or without VR, little or big endian."""

    explicit: bool
    little: bool


EXPLICIT_LITTLE: Final = Encoding(explicit=True, little=True)
IMPLICIT_LITTLE: Final = Encoding(explicit=False, little=True)
EXPLICIT_BIG: Final = Encoding(explicit=True, little=False)


def encoding_of(transfer_syntax: str) -> Encoding:
    """The encoding of a data set in `transfer_syntax`; of a deflated one, after inflating.

    All encapsulated transfer syntaxes, those we do not know included, are Explicit VR Little Endian (PS3.5 A.4).
    """
    if transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN:
        return IMPLICIT_LITTLE
    if transfer_syntax == EXPLICIT_VR_BIG_ENDIAN:
        return EXPLICIT_BIG
    return EXPLICIT_LITTLE


def is_deflated(transfer_syntax: str) -> bool:
    """True when the whole data set is one deflate stream, to be inflated before it is indexed."""
    return transfer_syntax in _DEFLATED


def is_encapsulated(transfer_syntax: str) -> bool:
    """True when Pixel Data lies in fragments; such a data set exists in this transfer syntax only."""
    return transfer_syntax not in _NOT_ENCAPSULATED
