"""Frames of Pixel Data, decoded and coded one at a time by pydicom's coders (PS3.5 8.2, Annexes A and G).

Only a worker process imports this: coders are libraries in C that read what strangers have sent, and what one of them
does to its process must harm nobody else. Dimensions are multiplied as Python's integers and judged before anything
is decoded.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import UID

from dicomrules.dicom.coders import JPEG_2000, JPEG_2000_LOSSLESS, JPEG_BASELINE
from dicomrules.dicom.source import Bytes

LONGEST_FRAME: Final = 1 << 30  # bytes, decoded
_JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
_LOSSY_JPEG: Final = frozenset({JPEG_BASELINE, _JPEG_EXTENDED})

# Which library codes what, by transfer syntax; others of pydicom's end the process where these raise an error
_J2K = {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", *(f"1.2.840.10008.1.2.4.20{n}" for n in (1, 2, 3))}
_PLUGINS: Final[dict[str, str]] = {
    **dict.fromkeys(_J2K, "pylibjpeg"),
    **dict.fromkeys(("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"), "pyjpegls"),
    "1.2.840.10008.1.2.5": "pylibjpeg",
    "1.2.840.10008.1.2.4.50": "pillow",
    **dict.fromkeys((_JPEG_EXTENDED, "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"), "gdcm"),
}

Frame = np.ndarray[Any, Any]


class Uncodable(Exception):
    """These pixels cannot be coded as asked. The text holds no values of the object beyond its dimensions."""


@dataclass(frozen=True, slots=True)
class Description:
    """The Image Pixel module (PS3.3 C.7.6.3) as far as coders need it."""

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    signed: bool
    photometric: str
    planar: int = 0
    frames: int = 1

    @property
    def frame_length(self) -> int:
        """Bytes of one frame when it is not compressed."""
        return self.rows * self.columns * self.samples * self.allocated // 8

    def check(self) -> None:
        """Raises Uncodable for what no coder here takes."""
        if min(self.rows, self.columns, self.samples, self.frames, self.stored) < 1:
            raise Uncodable("an attribute of the Image Pixel module is missing or zero")
        if self.frame_length > LONGEST_FRAME:
            raise Uncodable(f"a frame of {self.rows} x {self.columns} pixels is larger than any that is decoded")
        if self.allocated not in (8, 16, 32) or self.stored > self.allocated or self.samples not in (1, 3):
            raise Uncodable(f"{self.samples} samples of {self.stored} bits in {self.allocated} are not coded here")

    def options(self, photometric: str = "") -> dict[str, Any]:
        """As pydicom's coders take them."""
        return {
            "rows": self.rows,
            "columns": self.columns,
            "samples_per_pixel": self.samples,
            "bits_allocated": self.allocated,
            "bits_stored": self.stored,
            "pixel_representation": int(self.signed),
            "photometric_interpretation": photometric or self.photometric,
            "number_of_frames": 1,
            "pixel_keyword": "PixelData",
            **({"planar_configuration": self.planar} if self.samples > 1 else {}),
        }


def native_frames(source: Bytes, start: int, end: int, found: Description, order: str) -> Iterator[Frame]:
    """The frames of Pixel Data that is not compressed and lies from `start` to `end`. Raises Uncodable.

    `order`: `<` little endian; `>` big endian; `swapped`: bytes in words of 16 bits that are big endian (PS3.5 7.3).
    """
    if order == "swapped" and found.frame_length % 2:
        raise Uncodable("a frame ends within a word")
    if found.frame_length * found.frames > end - start:
        raise Uncodable("Pixel Data is shorter than the Image Pixel module says")
    kind = np.dtype(f"{order[0].replace('s', '<')}{'i' if found.signed else 'u'}{found.allocated // 8}")
    shape = (found.samples, found.rows, found.columns) if found.planar else (found.rows, found.columns, found.samples)
    for number in range(found.frames):
        at = start + number * found.frame_length
        raw = np.frombuffer(bytes(source.read(at, at + found.frame_length)), np.uint8)
        flat = (raw.view(np.uint16).byteswap() if order == "swapped" else raw).view(kind)
        if found.samples == 1:
            yield flat.reshape(found.rows, found.columns).astype(kind.newbyteorder("="))
            continue
        pixels = flat.reshape(shape)
        yield np.ascontiguousarray(pixels.transpose(1, 2, 0) if found.planar else pixels)


def decoded_frames(
    source: Bytes, start: int, end: int, found: Description, transfer_syntax: str
) -> Iterator[tuple[Frame, str]]:
    """The frames of encapsulated Pixel Data whose value lies from `start` to `end`, each with its colours
    (Photometric Interpretation). Raises Uncodable.
    """
    if transfer_syntax == _JPEG_EXTENDED and found.allocated > 8:
        raise Uncodable("JPEG Extended with 12 bits is decoded by nothing here: it can only leave as it came")
    decoder = get_decoder(UID(transfer_syntax))
    how: dict[str, Any] = {
        "as_rgb": transfer_syntax in _LOSSY_JPEG,
        "decoding_plugin": _PLUGINS.get(transfer_syntax, ""),
    }
    fragments: Any = io.BufferedReader(_Stream(source, start, end))
    count = 0
    try:
        for coded in generate_frames(fragments, number_of_frames=found.frames):
            pixels, meta = decoder.as_array(encapsulate([coded]), **found.options(), **how)
            count += 1
            if pixels.dtype.itemsize * 8 != found.allocated or pixels.size * found.allocated // 8 != found.frame_length:
                raise Uncodable("what was decoded is not what the Image Pixel module says")
            yield pixels, str(meta["photometric_interpretation"])
    except Uncodable:
        raise
    except Exception as error:
        raise Uncodable(f"cannot be decoded ({type(error).__name__})") from error
    if count != found.frames:
        raise Uncodable(f"has {count} frames, and says {found.frames}")


def colours(found: Description, photometric: str, transfer_syntax: str, quality: int | None) -> str:
    """The Photometric Interpretation that frames have when coded (PS3.5 8.2)."""
    if photometric == "RGB" and transfer_syntax in (JPEG_2000_LOSSLESS, JPEG_2000) and found.allocated == 8:
        return "YBR_RCT" if quality is None else "YBR_ICT"
    if transfer_syntax == JPEG_BASELINE and found.samples == 3:
        return "YBR_FULL_422"
    return photometric


def coded(pixels: Frame, found: Description, photometric: str, transfer_syntax: str, quality: int | None) -> bytes:
    """One frame, coded; `photometric` are the colours that it has now. Without a quality it is decoded again and
    compared, because nothing may be lost. Raises Uncodable.
    """
    if quality is not None and photometric == "PALETTE COLOR":
        raise Uncodable("a palette does not bear loss: its pixels are numbers of colours")
    said = colours(found, photometric, transfer_syntax, quality)
    options = replace(found, planar=0).options(said)
    options.pop("number_of_frames")
    options.pop("pixel_keyword")
    try:
        if transfer_syntax == JPEG_BASELINE:
            return _jpeg(pixels, found, photometric, quality)
        # JPEG 2000 (.91) may be free of loss too (PS3.5 A.4.4); pydicom knows only its lossy form
        way = JPEG_2000_LOSSLESS if quality is None and transfer_syntax == JPEG_2000 else transfer_syntax
        encoder = get_encoder(UID(way))
        extra = {**_loss(transfer_syntax, quality, found), "encoding_plugin": _PLUGINS[way]}
        frame = bytes(encoder.encode(pixels, number_of_frames=1, **options, **extra))
    except Uncodable:
        raise
    except Exception as error:
        raise Uncodable(f"cannot be coded ({type(error).__name__})") from error
    if quality is None:
        _compare(pixels, frame, replace(found, planar=0, photometric=said), way)
    return frame


def _loss(transfer_syntax: str, quality: int | None, found: Description) -> dict[str, Any]:
    """The coder's own words for a quality of 1 to 100."""
    if quality is None:
        return {}
    if transfer_syntax == JPEG_2000:
        return {"j2k_psnr": [25 + 0.45 * quality]}  # decibels: 25 to 70
    # JPEG-LS bounds the error of each pixel: none at 100, at most a hundredth of the range at 1
    return {"jls_error": round((100 - quality) / 99 * min(255, 2**found.stored / 100))}


def _jpeg(pixels: Frame, found: Description, photometric: str, quality: int | None) -> bytes:
    """JPEG, process 1 (PS3.5 A.4.1)."""
    from PIL import Image

    if found.stored != 8 or found.allocated != 8 or found.signed:
        raise Uncodable(f"JPEG Baseline holds 8 bits, and these pixels have {found.stored}")
    if found.samples == 3 and photometric not in ("RGB", "YBR_FULL"):
        raise Uncodable(f"{photometric} is not coded as JPEG")
    mode = {"RGB": "RGB", "YBR_FULL": "YCbCr"}.get(photometric, "L")
    out = io.BytesIO()
    Image.fromarray(pixels, mode).save(out, "JPEG", quality=quality, subsampling=1)  # 4:2:2
    return out.getvalue()


def _compare(pixels: Frame, frame: bytes, found: Description, transfer_syntax: str) -> None:
    options = found.options() | {"as_rgb": False, "decoding_plugin": _PLUGINS[transfer_syntax]}
    again, _ = get_decoder(UID(transfer_syntax)).as_array(encapsulate([frame]), **options)
    if not np.array_equal(pixels, again):
        raise Uncodable("what was coded is not what is decoded from it")


class _Stream(io.RawIOBase):
    """A part of a source as a file."""

    def __init__(self, source: Bytes, start: int, end: int) -> None:
        self._source = source
        self._start = start
        self._end = end
        self._at = start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: self._start, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = min(max(base + offset, self._start), self._end)
        return self._at - self._start

    def tell(self) -> int:
        return self._at - self._start

    def readinto(self, buffer: Any) -> int:
        piece = self._source.read(self._at, min(self._at + len(buffer), self._end))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
