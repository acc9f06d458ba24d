"""VRs that the context decides: "US or SS", "OB or OW" and the like (PS3.5 Annex A, PS3.6 section 6)."""

from dataclasses import dataclass
from typing import Final

from dicomrules.dicom.syntax import PIXEL_DATA

BITS_ALLOCATED: Final = 0x00280100
PIXEL_REPRESENTATION: Final = 0x00280103
LUT_DESCRIPTOR: Final = 0x00283002
WAVEFORM_BITS_ALLOCATED: Final = 0x54001004
# What must be known of a data set, and of those around it, to settle a VR: US values, all
CONTEXT: Final = frozenset({BITS_ALLOCATED, PIXEL_REPRESENTATION, LUT_DESCRIPTOR, WAVEFORM_BITS_ALLOCATED})


@dataclass(frozen=True, slots=True)
class Context:
    """The first value of each of `CONTEXT` at the place of an element; None where it is not there."""

    bits_allocated: int | None = None
    pixel_representation: int | None = None
    lut_entries: int | None = None
    waveform_bits: int | None = None


def settled(tag: int, vr: str, context: Context) -> str:
    """The one VR that "US or SS", "OB or OW" and the like mean here; any other VR is returned as it is.

    OW is right wherever OB is allowed as well (PS3.5 A.2), so it is taken where nothing says eight bits.
    """
    if " or " not in vr:
        return vr
    if vr == "US or SS":
        return "SS" if context.pixel_representation else "US"
    if "US" in vr:
        return "US" if context.lut_entries == 1 else "OW"
    if tag == PIXEL_DATA:
        return "OB" if context.bits_allocated is not None and context.bits_allocated <= 8 else "OW"
    if tag >> 16 == 0x5400:
        return "OB" if context.waveform_bits is not None and context.waveform_bits <= 8 else "OW"
    return "OW"
