"""Small data sets as bytes, written by hand, and larger ones."""

import struct

from tests.peers.raw_dul import CT


def explicit(tag, vr, value):
    """An element of a short VR, or OW, in Explicit VR Little Endian."""
    value += (b"\0" if vr in ("UI", "OB") else b" ") * (len(value) % 2)
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    if vr in ("OW", "OB", "SQ"):
        return head + struct.pack("<HL", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def ct_slice(instance, pixels=2000, sop_class=CT, patient="P1", study="1.2.1"):
    """A CT slice in Explicit VR Little Endian; its `pixels` bytes of Pixel Data name its patient again and again."""
    mark = (patient.encode() * (pixels // len(patient) + 1))[:pixels]
    return b"".join(
        (
            explicit(0x00080016, "UI", sop_class.encode()),
            explicit(0x00080018, "UI", instance.encode()),
            explicit(0x00080060, "CS", b"CT"),
            explicit(0x00100020, "LO", patient.encode()),
            explicit(0x0020000D, "UI", study.encode()),
            explicit(0x0020000E, "UI", study.encode() + b".1"),
            explicit(0x7FE00010, "OW", mark),
        )
    )
