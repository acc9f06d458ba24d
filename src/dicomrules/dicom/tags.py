"""Tags, and what the dictionaries know of them: keyword, VR, VM, name (PS3.6), private ones by creator (PS3.5 7.8)."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from dicomrules.dicom.dictionaries import ATTRIBUTES, PRIVATE, REPEATING, Entry

SPECIFIC_CHARACTER_SET: Final = 0x00080005
SOP_CLASS_UID: Final = 0x00080016
ACCESSION_NUMBER: Final = 0x00080050
SOP_INSTANCE_UID: Final = 0x00080018
STUDY_INSTANCE_UID: Final = 0x0020000D
SERIES_INSTANCE_UID: Final = 0x0020000E
PIXEL_REPRESENTATION: Final = 0x00280103

# Attributes that PS3.6 calls sequences
SEQUENCES: Final = frozenset(tag for tag, entry in ATTRIBUTES.items() if entry[0] == "SQ")

_VRS: Final[dict[int, str]] = {tag: str(entry[0]) for tag, entry in ATTRIBUTES.items()}
_TAGS: Final[dict[str, int]] = {entry[4]: tag for tag, entry in ATTRIBUTES.items() if entry[4]}
_REPEATERS: Final[dict[str, str]] = {entry[4]: mask for mask, entry in REPEATING.items() if entry[4]}
_TAG: Final = re.compile(r"\(? *([0-9A-Fa-f]{4}) *,? *([0-9A-Fa-f]{4}) *\)?", re.ASCII)
_MASK: Final = re.compile(r"\(? *([0-9A-Fa-fxX]{4}) *,? *([0-9A-Fa-fxX]{4}) *\)?", re.ASCII)


def format_tag(tag: int) -> str:
    """`(0010,0020)`, hexadecimal digits in upper case."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def parse_tag(text: str) -> int | None:
    """The tag of `(0010,0020)` or `00100020`; None when the text is no tag."""
    match = _TAG.fullmatch(text)
    return int(match[1] + match[2], 16) if match else None


def tag_of(keyword: str) -> int | None:
    """The tag of a keyword of PS3.6; None when unknown or when it names a repeating group (see `mask_of`)."""
    return _TAGS.get(keyword)


def keyword_of(tag: int) -> str:
    """The keyword of PS3.6, repeating groups included; empty when unknown or private."""
    entry = _entry(tag)
    return entry[4] if entry else ""


def vr_of(tag: int) -> str:
    """The VR of PS3.6, "US or SS" and the like where the context decides; "UN" for what the dictionary does not know.

    Group lengths are UL and private creators LO whatever the group (PS3.5 7.2, 7.8.1).
    """
    vr = _VRS.get(tag)
    if vr is not None:
        return vr
    if is_group_length(tag):
        return "UL"
    if is_creator(tag):
        return "LO"
    entry = _entry(tag)
    return str(entry[0]) if entry else "UN"


def vm_of(tag: int) -> str:
    """The VM of PS3.6 ("1", "1-n", "2-2n", …); empty when unknown."""
    entry = _entry(tag)
    return entry[1] if entry else ""


def name_of(tag: int) -> str:
    """The attribute's name in PS3.6; empty when unknown."""
    entry = _entry(tag)
    return entry[2] if entry else ""


def keywords() -> tuple[str, ...]:
    """Every keyword of PS3.6 that names one tag."""
    return tuple(_TAGS)


@lru_cache(maxsize=4096)
def _entry(tag: int) -> Entry | None:
    entry = ATTRIBUTES.get(tag)
    if entry is None and not is_private(tag):
        return next((entry for mask, entry in _repeating() if mask.fits(tag)), None)
    return entry


@cache
def _repeating() -> tuple[tuple["TagMask", Entry], ...]:
    masks = ((parse_mask(mask), entry) for mask, entry in REPEATING.items())
    return tuple((mask, entry) for mask, entry in masks if mask is not None)


def is_private(tag: int) -> bool:
    """True for odd groups (PS3.5 7.8), the forbidden ones 0001 to 0007 and FFFF included."""
    return bool(tag >> 16 & 1)


def is_group_length(tag: int) -> bool:
    """True for (gggg,0000) (PS3.5 7.2)."""
    return not tag & 0xFFFF


def is_creator(tag: int) -> bool:
    """True for (gggg,0010) to (gggg,00FF) of an odd group: where creators reserve blocks (PS3.5 7.8.1)."""
    return is_private(tag) and 0x10 <= tag & 0xFFFF <= 0xFF


def block_of(tag: int) -> int | None:
    """The block, 0x10 to 0xFF, a private element lies in; None for creators and whatever lies in no block."""
    block = tag >> 8 & 0xFF
    return block if is_private(tag) and block >= 0x10 else None


def creator_tag(group: int, block: int) -> int:
    """The tag of the creator that reserves `block` of `group`."""
    return group << 16 | block


def private_tag(group: int, block: int, offset: int) -> int:
    """The tag of element `offset` (00 to FF) in `block` of `group`."""
    return group << 16 | block << 8 | offset


def private_vr(creator: str, tag: int) -> str:
    """The VR that the private dictionaries give to an element of `creator`'s block; "UN" when they do not know it."""
    entries = PRIVATE.get(creator)
    if entries is None:
        return "UN"
    group, offset = f"{tag >> 16:04X}", f"{tag & 0xFF:02X}"
    entry = entries.get(f"{group}xx{offset}") or entries.get(f"{group[:2]}xxxx{offset}")
    return entry[0] if entry else "UN"


@dataclass(frozen=True, slots=True)
class TagMask:
    """Tags with some digits left open: `(60xx,3000)`. A tag fits when its other digits are those of `value`."""

    value: int
    mask: int

    def fits(self, tag: int) -> bool:
        """True when `tag` is one of those the mask stands for."""
        return tag & self.mask == self.value


def parse_mask(text: str) -> TagMask | None:
    """The mask of `(60xx,3000)`, where `x` is any hexadecimal digit; None when the text is none."""
    match = _MASK.fullmatch(text)
    if match is None:
        return None
    digits = (match[1] + match[2]).lower()
    value = int(digits.replace("x", "0"), 16)
    return TagMask(value, int("".join("0" if digit == "x" else "f" for digit in digits), 16))


def mask_of(keyword: str) -> TagMask | None:
    """The tags of a keyword of a repeating group of PS3.6, such as OverlayData; None when it is none."""
    mask = _REPEATERS.get(keyword)
    return parse_mask(mask) if mask else None
