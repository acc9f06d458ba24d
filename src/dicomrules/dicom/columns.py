"""The elements of one data set or item as columns of numbers, and where things of undefined length end."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, NamedTuple

from dicomrules.dicom.forms import FORMS
from dicomrules.dicom.source import Bytes
from dicomrules.dicom.syntax import IMPLICIT_LITTLE, PIXEL_DATA, Encoding
from dicomrules.dicom.tags import SEQUENCES, vr_of

# A delimiter: tag and a length of zero (PS3.5 7.5)
_DELIMITER: Final = 8
# In the shape of an element: undefined length, and how far its VR is shifted
UNDEFINED_VALUE: Final = 0x80
VR_SHIFT: Final = 8


class Element(NamedTuple):
    """One element where it lies: head from `start`, value from `value_start` to `value_end`, the next from `end`.

    `vr` is the VR that stands in the bytes, or PS3.6's where none does ("US or SS" and the like included). `end` lies
    behind `value_end` only for a value of undefined length, by its delimiter.
    """

    tag: int
    vr: str
    encoding: Encoding
    source: Bytes
    start: int
    value_start: int
    value_end: int
    end: int

    @property
    def length(self) -> int:
        """The length of the value in bytes, without the delimiter."""
        return self.value_end - self.value_start

    @property
    def is_undefined(self) -> bool:
        """True when the length is undefined and a delimiter ends the value."""
        return self.end != self.value_end

    @property
    def raw(self) -> bytes:
        """The value as it lies there, read now: ask for `length` first where it may be long."""
        return bytes(self.source.read(self.value_start, self.value_end))

    @property
    def is_sequence(self) -> bool:
        """True when the value is items: SQ, and UN of undefined length or whose tag PS3.6 calls SQ (PS3.5 6.2.2)."""
        if self.vr == "SQ":
            return True
        return self.vr == "UN" and self.tag != PIXEL_DATA and (self.is_undefined or self.tag in SEQUENCES)

    @property
    def items_encoding(self) -> Encoding:
        """The encoding inside the items: Implicit VR Little Endian in UN, else that of the element (PS3.5 6.2.2)."""
        return IMPLICIT_LITTLE if self.vr == "UN" else self.encoding


class Columns:
    """All elements of one data set or item, in the order of the bytes. Each takes 16 bytes."""

    __slots__ = ("encoding", "ends", "ordered", "shapes", "source", "start", "tags")

    def __init__(self, source: Bytes, encoding: Encoding, start: int) -> None:
        self.source = source
        self.encoding = encoding
        self.start = start
        self.ordered = True  # every tag higher than the one before
        self.tags = array("I")
        self.shapes = array("I")  # the VR as a number, `UNDEFINED_VALUE`, and the length of the head in the lowest bits
        self.ends = array("Q")

    def __len__(self) -> int:
        return len(self.tags)

    def add(self, tag: int, shape: int, end: int) -> None:
        """Append one element. `shape`: `vr << VR_SHIFT | length of the head`."""
        self.tags.append(tag)
        self.shapes.append(shape)
        self.ends.append(end)

    def close(self, at: int, end: int) -> None:
        """Element `at` has undefined length and ends, delimiter included, at `end`."""
        self.shapes[at] |= UNDEFINED_VALUE
        self.ends[at] = end

    @property
    def end(self) -> int:
        """Where the last element ends."""
        return self.ends[-1] if self.ends else self.start

    def begin(self, at: int) -> int:
        """Where element `at` begins; `at` may be one past the last."""
        return self.ends[at - 1] if at else self.start

    def find(self, tag: int) -> int:
        """The place of the first element with this tag; -1: none."""
        if self.ordered:
            at = bisect_left(self.tags, tag)
            return at if at < len(self.tags) and self.tags[at] == tag else -1
        return next((at for at, other in enumerate(self.tags) if other == tag), -1)

    def first_above(self, tag: int) -> int:
        """The place of the first element with a higher tag; one past the last when there is none."""
        if self.ordered:
            return bisect_left(self.tags, tag + 1)
        return next((at for at, other in enumerate(self.tags) if other > tag), len(self.tags))

    def element(self, at: int) -> Element:
        """Element `at`."""
        tag, shape, end = self.tags[at], self.shapes[at], self.ends[at]
        start = self.begin(at)
        undefined = shape & UNDEFINED_VALUE
        vr = FORMS[self.encoding].vr(shape >> VR_SHIFT) or self._implied_vr(tag, undefined=bool(undefined))
        value_start = start + (shape & UNDEFINED_VALUE - 1)
        return Element(
            tag, vr, self.encoding, self.source, start, value_start, end - _DELIMITER if undefined else end, end
        )

    @staticmethod
    def _implied_vr(tag: int, *, undefined: bool) -> str:
        if undefined and tag != PIXEL_DATA:
            return "SQ"
        return vr_of(tag)

    def __iter__(self) -> Iterator[Element]:
        return (self.element(at) for at in range(len(self.tags)))


class Outline:
    """Where values and items of undefined length end, by where their content starts. The walk notes it once."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts = array("Q")
        self._ends = array("Q")

    def open(self, start: int) -> int:
        """Content of undefined length starts here. Returns what `close` wants to know."""
        self._starts.append(start)
        self._ends.append(0)
        return len(self._starts) - 1

    def close(self, at: int, end: int) -> None:
        """It ends, its delimiter included, at `end`."""
        self._ends[at] = end

    def end(self, start: int) -> int:
        """Where the content that starts at `start` ends, its delimiter included."""
        return self._ends[bisect_left(self._starts, start)]
