"""Which transfer syntaxes pixels can be coded into and out of, and what has to be installed for it. Imports no coder.

The coders are pydicom's, with the libraries that it takes them from; they are the extra `pixels` of this package. JPEG
in its lossy form is Pillow's, because pydicom has no coder into it.
"""

from importlib.util import find_spec
from typing import Final

JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
JPEG_LS_LOSSLESS: Final = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR_LOSSLESS: Final = "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
JPEG_2000: Final = "1.2.840.10008.1.2.4.91"
RLE_LOSSLESS: Final = "1.2.840.10008.1.2.5"

# What we code into, with the modules that do it. What is also done without loss stands in `LOSSLESS`.
ENCODERS: Final[dict[str, str]] = {
    JPEG_2000_LOSSLESS: "openjpeg",
    JPEG_LS_LOSSLESS: "jpeg_ls",
    RLE_LOSSLESS: "rle",
    JPEG_2000: "openjpeg",
    JPEG_LS_NEAR_LOSSLESS: "jpeg_ls",
    JPEG_BASELINE: "PIL",
}
LOSSLESS: Final = frozenset({JPEG_2000_LOSSLESS, JPEG_LS_LOSSLESS, RLE_LOSSLESS, JPEG_2000})
# Those in which a quality says how much may be lost
_LOSSY: Final = frozenset({JPEG_2000, JPEG_LS_NEAR_LOSSLESS, JPEG_BASELINE})
DECODERS: Final = ("numpy", "openjpeg", "jpeg_ls", "PIL", "rle", "gdcm")
EXTRA: Final = "pixels"

DEFAULT_QUALITY: Final = 90

# Defined Terms of Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1)
METHODS: Final = {
    JPEG_BASELINE: "ISO_10918_1",
    JPEG_LS_NEAR_LOSSLESS: "ISO_14495_1",
    JPEG_2000: "ISO_15444_1",
}


def quality_of(transfer_syntax: str, said: int | None) -> int | None:
    """The quality, 1 to 100, that pixels are coded with; None: nothing may be lost.

    JPEG 2000 (.91) without a quality loses nothing. JPEG Baseline and JPEG-LS near-lossless are asked for by name.
    """
    if transfer_syntax not in _LOSSY:
        return None
    return said if said is not None or transfer_syntax == JPEG_2000 else DEFAULT_QUALITY


def takes_quality(transfer_syntax: str) -> bool:
    """Whether a quality says anything here."""
    return transfer_syntax in _LOSSY


def can_encode(transfer_syntax: str) -> bool:
    """Whether there is a coder into it."""
    return transfer_syntax in ENCODERS


def missing(transfer_syntax: str = "") -> tuple[str, ...]:
    """The modules that are not installed and that coding into `transfer_syntax`, and out of any, needs."""
    needed = (*DECODERS, *filter(None, [ENCODERS.get(transfer_syntax)]))
    return tuple(module for module in dict.fromkeys(needed) if find_spec(module) is None)
