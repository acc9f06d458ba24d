"""Reading a data set as of now: VRs, character sets and values, which depend on what stands around an element."""

from abc import ABC, abstractmethod
from typing import Final

from dicomrules.dicom import ambiguous, private, tags, values
from dicomrules.dicom.charset import ASCII, CharacterSet, character_set
from dicomrules.dicom.columns import Element

# The longest value that is read as a value unless the caller says otherwise
LONGEST_VALUE: Final = 16 * 1024**2


class Reading(ABC):
    """A data set or item that can be asked for its elements."""

    __slots__ = ()

    @property
    @abstractmethod
    def parent(self) -> "Reading | None":
        """The data set or item around this item; None at the top."""

    @abstractmethod
    def find(self, tag: int) -> Element | None:
        """The element as of now, its VR as PS3.6 has it where none stands in the bytes."""

    @abstractmethod
    def tags(self, low: int = 0, high: int = 0xFFFFFFFF) -> list[int]:
        """The tags from `low` to `high`, both included, in the order in which they leave; each once."""

    def get(self, tag: int) -> Element | None:
        """The element as of now. Its `raw` does not show what was changed inside its items: see `compose.value_of`."""
        element = self.find(tag)
        if element is None or " or " not in element.vr:
            return element
        return element._replace(vr=self._settled(tag, element.vr))

    @property
    def charset(self) -> CharacterSet:
        """The character set that text is read and written in here."""
        return self.declared_charset

    @property
    def declared_charset(self) -> CharacterSet:
        """What the nearest Specific Character Set says (PS3.5 7.5.3)."""
        at: Reading | None = self
        while at is not None:
            element = at.find(tags.SPECIFIC_CHARACTER_SET)
            if element:
                found = values.decode(element.raw, "CS")
                return character_set(("?",) if isinstance(found, values.Malformed) else tuple(map(str, found)))
            at = at.parent
        return ASCII

    def vr(self, tag: int) -> str:
        """The VR to read or write `tag` by here, "UN" when nobody knows.

        That of the element when it has one, else the dictionaries': PS3.6's, and for private elements the one of the
        creator of the block. A known attribute that came as UN is read by its dictionary VR.
        """
        return self._vr(tag, self.get(tag))

    def _vr(self, tag: int, element: Element | None) -> str:
        if element and element.vr != "UN":
            return element.vr
        known = self._settled(tag, tags.vr_of(tag))
        if known == "UN" and tags.block_of(tag) is not None:
            creator = self.creator(tag)
            known = tags.private_vr(creator, tag) if creator else "UN"
        if known == "SQ" and element and not element.is_sequence:
            return "UN"
        return known

    def value(self, tag: int, longest: int = LONGEST_VALUE) -> tuple[values.Value, ...] | values.Malformed | None:
        """The values as of now; None when the element is absent, Malformed when it has over `longest` bytes.

        Sequences have no values: ValueError.
        """
        element = self.get(tag)
        if element is None:
            return None
        if element.length > longest:
            return values.Malformed(f"longer than {longest} bytes")
        raw, vr = element.raw, self._vr(tag, element)
        charset = ASCII if raw.isascii() and b"\x1b" not in raw else self.charset
        return values.decode(raw, vr, charset, little=element.vr == "UN" or element.encoding.little)

    def creator(self, tag: int) -> str:
        """The creator of the block that a private element lies in; empty when there is none."""
        return private.creator_of(self, tag)

    def _settled(self, tag: int, vr: str) -> str:
        if " or " not in vr:
            return vr
        return ambiguous.settled(
            tag,
            vr,
            ambiguous.Context(
                self._number(ambiguous.BITS_ALLOCATED),
                self._number(ambiguous.PIXEL_REPRESENTATION),
                self._number(ambiguous.LUT_DESCRIPTOR),
                self._number(ambiguous.WAVEFORM_BITS_ALLOCATED),
            ),
        )

    def _number(self, tag: int) -> int | None:
        """The first two bytes of the nearest element with this tag, here or around, as US."""
        at: Reading | None = self
        while at is not None:
            element = at.find(tag)
            raw = element.raw[:2] if element else b""
            if element and len(raw) == 2:
                return int.from_bytes(raw, "little" if element.encoding.little else "big")
            at = at.parent
        return None
