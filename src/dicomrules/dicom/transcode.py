"""A data set with its pixels coded anew: compressed, decompressed, or from one compression to another.

Elements other than Pixel Data and those that describe it leave as they were, by range, in Explicit VR Little Endian,
which every compressed transfer syntax is. Frames go through one at a time.

Where something is lost (S62; PS3.3 C.7.6.1.1.5): Lossy Image Compression says so, its ratio and method are added to
those of losses before, Image Type is DERIVED, and the instance has another SOP Instance UID, made of the one before
and of what was done, so that the same loss gives the same instance.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO, Final

import numpy as np

from dicomrules.dicom.coders import METHODS
from dicomrules.dicom.compose import make_patch
from dicomrules.dicom.convert import convert
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.forms import head_of, item_head, sequence_end
from dicomrules.dicom.index import Index, IndexLimits, index
from dicomrules.dicom.patch import PatchedBytes
from dicomrules.dicom.pixels import Description, Frame, Uncodable, coded, colours, decoded_frames, native_frames
from dicomrules.dicom.source import Bytes
from dicomrules.dicom.syntax import EXPLICIT_LITTLE, PIXEL_DATA, UNDEFINED, encoding_of, is_encapsulated
from dicomrules.dicom.tags import tag_of

LIMITS: Final = IndexLimits(elements=1 << 31, nesting=1 << 16)  # intake has walked through it under its own
_PIECE: Final = 256 * 1024
_TABLES: Final = (0x7FE00001, 0x7FE00002, 0x7FE00003)  # Extended Offset Table, its lengths, total length
_ICON: Final = 0x00880200
_NO_DIGEST: Final = "00" * 32


def _tag(keyword: str) -> int:
    found = tag_of(keyword)
    assert found is not None
    return found


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to come of the pixels: `transfer_syntax`, and how good they must stay (None: nothing may be lost)."""

    transfer_syntax: str
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: the SOP Instance UID, and the new data set piece by piece, to be gone through once."""

    sop_instance: str
    pieces: Iterator[bytes | memoryview]


def has_pixels(found: Index) -> bool:
    """Whether there is Pixel Data that could be coded."""
    return found.find(PIXEL_DATA) is not None


def transcode(source: Bytes, is_in: str, wish: Wish, scratch: BinaryIO) -> Made:
    """The data set of `source`, which is in the transfer syntax `is_in`, as `wish` has it. `scratch` is an empty file
    that takes the new pixels first: what stands before them says how long they became.

    Raises Uncodable, MalformedDataSet, and ValueError for what does not exist in Explicit VR Little Endian.
    """
    found = index(source, encoding_of(is_in), LIMITS)
    described = _described(found)
    described.check()
    pixels = _Pixels(scratch)
    for frame, photometric in _frames(found, described, is_in):
        if photometric != (pixels.photometric or photometric):
            raise Uncodable("its frames have different colours")
        pixels.photometric = photometric
        if is_encapsulated(wish.transfer_syntax):
            pixels.add(coded(frame, described, photometric, wish.transfer_syntax, wish.quality))
        else:
            pixels.add(np.ascontiguousarray(frame).tobytes(), padded=False)
    uid = found.key().sop_instance
    sop_instance = uid if wish.quality is None else lossy_uid(uid, wish)
    tree = _edited(found, described, pixels, wish, sop_instance)
    edited = PatchedBytes(source, make_patch(tree, _NO_DIGEST))
    return Made(sop_instance, _pieces(edited, is_in, _pixel_data(pixels, described, wish)))


class _Pixels:
    """New frames in a file, with their lengths."""

    def __init__(self, scratch: BinaryIO) -> None:
        self.photometric = ""
        self.lengths: list[int] = []
        self._scratch = scratch

    @property
    def length(self) -> int:
        """Bytes of all frames."""
        return sum(self.lengths)

    def add(self, frame: bytes, padded: bool = True) -> None:
        """Append a frame; one that becomes a fragment has an even length (PS3.5 A.4)."""
        if padded and len(frame) % 2:
            frame += b"\0"
        self._scratch.write(frame)
        self.lengths.append(len(frame))

    def read(self) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Each frame: its length, and its bytes piece by piece."""
        self._scratch.seek(0)
        for length in self.lengths:
            yield length, self._frame(length)

    def _frame(self, length: int) -> Iterator[bytes]:
        while length:
            piece = self._scratch.read(min(length, _PIECE))
            length -= len(piece)
            yield piece


def _pixel_data(pixels: _Pixels, described: Description, wish: Wish) -> Iterator[bytes]:
    """The element Pixel Data."""
    if not is_encapsulated(wish.transfer_syntax):
        pad = pixels.length % 2
        if pixels.length + pad >= UNDEFINED:
            raise Uncodable("is longer than an element can be when it is not compressed")
        yield head_of(PIXEL_DATA, "OW" if described.allocated > 8 else "OB", pixels.length + pad, EXPLICIT_LITTLE)
        for _, frame in pixels.read():
            yield from frame
        yield bytes(pad)
        return
    yield head_of(PIXEL_DATA, "OB", UNDEFINED, EXPLICIT_LITTLE)
    table = _offsets(pixels.lengths)
    yield item_head(len(table), EXPLICIT_LITTLE) + table
    for length, frame in pixels.read():
        yield item_head(length, EXPLICIT_LITTLE)
        yield from frame
    yield sequence_end(EXPLICIT_LITTLE)


def _offsets(lengths: list[int]) -> bytes:
    """The Basic Offset Table (PS3.5 A.4): empty where its 32 bits do not reach."""
    offsets = list(accumulate((length + 8 for length in lengths[:-1]), initial=0))
    return struct.pack(f"<{len(offsets)}I", *offsets) if offsets[-1] <= 0xFFFFFFFF else b""


def lossy_uid(sop_instance: str, wish: Wish) -> str:
    """The SOP Instance UID of what a loss makes of an instance: of the same the same (PS3.5 B.2)."""
    text = f"{sop_instance}|{wish.transfer_syntax}|{wish.quality}"
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"


def _described(found: Index) -> Description:
    def number(keyword: str, default: int = 0) -> int:
        element = found.find(_tag(keyword))
        if element is None or element.length < 2 or element.is_undefined:
            return default
        if keyword == "NumberOfFrames":
            text = element.raw.split(b"\\")[0].strip(b" \0")
            return int(text) if text.isdigit() and len(text) < 10 else default
        return int(struct.unpack_from("<H" if element.encoding.little else ">H", element.raw)[0])

    element = found.find(_tag("PhotometricInterpretation"))
    allocated = number("BitsAllocated")
    stored = number("BitsStored", allocated)
    if number("HighBit", stored - 1) != stored - 1:
        raise Uncodable("its High Bit is not the highest of those stored")
    return Description(
        rows=number("Rows"),
        columns=number("Columns"),
        samples=number("SamplesPerPixel", 1),
        allocated=allocated,
        stored=stored,
        signed=number("PixelRepresentation") == 1,
        photometric=element.raw.strip(b" \0").decode("ascii", "replace") if element else "",
        planar=number("PlanarConfiguration"),
        frames=number("NumberOfFrames", 1),
    )


def _frames(found: Index, described: Description, is_in: str) -> Iterator[tuple[Frame, str]]:
    element = found.find(PIXEL_DATA)
    if element is None:
        raise Uncodable("there is no Pixel Data")
    start, end = element.value_start, element.end
    if element.is_undefined:
        yield from decoded_frames(found.source, start, end, described, is_in)
        return
    if described.photometric.startswith("YBR") and described.photometric not in ("YBR_FULL", "YBR_RCT", "YBR_ICT"):
        raise Uncodable(f"{described.photometric} is not coded anew when it is not compressed")
    order = "<" if element.encoding.little else ">"
    if order == ">" and element.vr == "OW" and described.allocated == 8:
        order = "swapped"
    for frame in native_frames(found.source, start, end, described, order):
        yield frame, described.photometric


def _edited(found: Index, described: Description, pixels: _Pixels, wish: Wish, sop_instance: str) -> DataSet:
    """The elements that describe the pixels, put right; Pixel Data itself is taken out."""
    tree = DataSet(found.columns, found.outline)
    for tag in (PIXEL_DATA, *_TABLES):
        tree.delete(tag)
    if _has_compressed_icon(tree):
        tree.delete(_ICON)  # Type 3, and all pixels of a data set are in its one transfer syntax (PS3.5 A.4)
    said = colours(described, pixels.photometric, wish.transfer_syntax, wish.quality)
    if said != described.photometric:
        _put_text(tree, "PhotometricInterpretation", "CS", said)
    if described.samples > 1 and described.planar:
        little = found.encoding.little
        tree.put(_tag("PlanarConfiguration"), "US", struct.pack("<H" if little else ">H", 0))
    if wish.quality is not None:
        ratio = described.frame_length * described.frames / pixels.length
        _mark_loss(tree, wish, sop_instance, ratio)
    return tree


def _mark_loss(tree: DataSet, wish: Wish, sop_instance: str, ratio: float) -> None:
    ratios = [*_texts(tree, "LossyImageCompressionRatio"), f"{ratio:.2f}"]
    methods = [*_texts(tree, "LossyImageCompressionMethod"), METHODS[wish.transfer_syntax]]
    kinds = _texts(tree, "ImageType") or ["", "PRIMARY"]
    _put_text(tree, "ImageType", "CS", "\\".join(["DERIVED", *kinds[1:]]))
    _put_text(tree, "LossyImageCompression", "CS", "01")
    _put_text(tree, "LossyImageCompressionRatio", "DS", "\\".join(ratios))
    _put_text(tree, "LossyImageCompressionMethod", "CS", "\\".join(methods))
    tree.put(_tag("SOPInstanceUID"), "UI", sop_instance.encode())


def _texts(tree: DataSet, keyword: str) -> list[str]:
    element = tree.get(_tag(keyword))
    text = element.raw.decode("ascii", "replace").strip(" \0") if element is not None else ""
    return text.split("\\") if text else []


def _put_text(tree: DataSet, keyword: str, vr: str, text: str) -> None:
    tree.put(_tag(keyword), vr, text.encode("ascii", "replace"))


def _has_compressed_icon(tree: DataSet) -> bool:
    if _ICON not in tree:
        return False
    pixels = [item.get(PIXEL_DATA) for item in tree.items(_ICON)]
    return any(element is not None and element.is_undefined for element in pixels)


def _pieces(edited: PatchedBytes, is_in: str, pixel_data: Iterator[bytes]) -> Iterator[bytes | memoryview]:
    """What stands before Pixel Data, Pixel Data, and what stands behind it."""
    found = index(edited, encoding_of(is_in), LIMITS)
    split = found.columns.begin(found.columns.first_above(PIXEL_DATA))
    yield from _explicit(_Part(edited, 0, split), is_in)
    yield from pixel_data
    yield from _explicit(_Part(edited, split, edited.length), is_in)


def _explicit(part: "_Part", is_in: str) -> Iterator[bytes | memoryview]:
    """Elements in Explicit VR Little Endian: as they are where they are in that."""
    encoding = encoding_of(is_in)
    ranges: Iterable[tuple[int, int] | bytes] = ((0, part.length),)
    if encoding != EXPLICIT_LITTLE:
        ranges = convert(index(part, encoding, LIMITS), EXPLICIT_LITTLE)
    for piece in ranges:
        if isinstance(piece, bytes):
            yield piece
            continue
        for start in range(piece[0], piece[1], _PIECE):
            yield part.read(start, min(start + _PIECE, piece[1]))


class _Part:
    """Some elements of a data set, as a data set."""

    def __init__(self, source: Bytes, start: int, end: int) -> None:
        self.length = end - start
        self._source = source
        self._start = start

    def read(self, start: int, end: int) -> bytes | memoryview:
        """The bytes from `start` to `end`, counted from the first of these elements."""
        return self._source.read(self._start + start, self._start + end)
