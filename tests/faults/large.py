"""Objects too large to be in memory, made piece by piece: as iterators of bytes, Explicit VR Little Endian."""

import struct
from collections.abc import Iterator

STUDY, SERIES = "2.25.111", "2.25.222"
PIECE = 1024 * 1024


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    """One element with a short VR, padded to even length."""
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def head(sop_class: str, sop_instance: str, modality: str) -> bytes:
    """What every object begins with."""
    return b"".join(
        (
            element(0x00080016, b"UI", sop_class.encode()),
            element(0x00080018, b"UI", sop_instance.encode()),
            element(0x00080060, b"CS", modality.encode()),
            element(0x00100010, b"PN", b"Large^Object"),
            element(0x00100020, b"LO", b"4711"),
            element(0x0020000D, b"UI", STUDY.encode()),
            element(0x0020000E, b"UI", SERIES.encode()),
        )
    )


def multiframe(sop_class: str, sop_instance: str, pixels: int) -> Iterator[bytes]:
    """A multi-frame image with so many bytes of Pixel Data (even)."""
    yield head(sop_class, sop_instance, "US")
    yield element(0x00280008, b"IS", str(pixels // PIECE).encode())
    yield struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, pixels)
    piece = bytes(range(256)) * (PIECE // 256)
    for left in range(pixels, 0, -PIECE):
        yield piece[: min(PIECE, left)]


def structure_set(sop_class: str, sop_instance: str, contours: int) -> Iterator[bytes]:
    """An RT Structure Set: one ROI with so many contours of about 12 KB each, all in sequences (PS3.3 C.8.8.6)."""
    yield head(sop_class, sop_instance, "RTSTRUCT")
    undefined = 0xFFFFFFFF
    yield struct.pack("<HH2sHI", 0x3006, 0x0039, b"SQ", 0, undefined)  # ROI Contour Sequence
    yield struct.pack("<HHI", 0xFFFE, 0xE000, undefined)
    yield struct.pack("<HH2sHI", 0x3006, 0x0040, b"SQ", 0, undefined)  # Contour Sequence
    points = "\\".join(f"{n % 512}.25" for n in range(2100)).encode()
    contour = (
        element(0x30060042, b"CS", b"CLOSED_PLANAR")
        + element(0x30060046, b"IS", b"700")
        + element(0x30060050, b"DS", points)
    )
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(contour)) + contour
    for _ in range(contours):
        yield item
    end_of_item = struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    end_of_sequence = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    yield end_of_sequence + end_of_item + end_of_sequence


def enhanced(sop_class: str, sop_instance: str, elements: int) -> Iterator[bytes]:
    """An enhanced object whose per-frame functional groups hold nearly so many elements and items (PS3.3 C.7.6.16)."""
    yield head(sop_class, sop_instance, "MR")
    inner = element(0x00200032, b"DS", b"1\\2\\3") + element(0x00200037, b"DS", b"1\\0")
    position = struct.pack("<HH2sHI", 0x0020, 0x9113, b"SQ", 0, 8 + len(inner)) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, len(inner)
    )
    frame = position + inner
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(frame)) + frame
    in_an_item = 5  # item, sequence, item, two elements
    frames = (elements - 20) // in_an_item
    yield struct.pack("<HH2sHI", 0x5200, 0x9230, b"SQ", 0, frames * len(item))
    batch = PIECE // len(item)
    for left in range(frames, 0, -batch):
        yield item * min(batch, left)
