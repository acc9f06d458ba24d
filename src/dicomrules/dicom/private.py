"""Private blocks in the data set or item at hand (PS3.5 7.8.1)."""

from collections.abc import Iterator
from typing import Protocol

from dicomrules.dicom import tags, values
from dicomrules.dicom.charset import CharacterSet
from dicomrules.dicom.columns import Element

_LONGEST_CREATOR = 256


class Readable(Protocol):
    """What of a data set or item is needed in order to find a block."""

    @property
    def charset(self) -> CharacterSet: ...

    def get(self, tag: int) -> Element | None: ...

    def tags(self, low: int = ..., high: int = ...) -> list[int]: ...


class Writable(Readable, Protocol):
    """What of it is needed in order to reserve one."""

    def write(self, tag: int, new: tuple[values.Value, ...], vr: str = ...) -> None: ...


def creator_of(container: Readable, tag: int) -> str:
    """The creator of the block that private element `tag` lies in; empty when there is none."""
    block = tags.block_of(tag)
    return creator_at(container, tags.creator_tag(tag >> 16, block)) if block is not None else ""


def blocks(container: Readable, group: int, creator: str) -> Iterator[int]:
    """The blocks that `creator` reserves in `group`: more than one is allowed."""
    creators = container.tags(group << 16 | 0x10, group << 16 | 0xFF)
    return (tag & 0xFF for tag in creators if creator_at(container, tag) == creator)


def block(container: Readable, group: int, creator: str) -> int | None:
    """The block that `creator` reserves in `group`; of several the first. None: it has none."""
    return next(blocks(container, group, creator), None)


def reserve(container: Writable, group: int, creator: str) -> int | None:
    """The block of `creator`, reserved now when it had none: the first with nothing in it. None: all are taken.

    Raises values.Unencodable or values.TooLong when `creator` is no value of LO.
    """
    found = block(container, group, creator)
    if found is not None:
        return found
    there = container.tags(group << 16, group << 16 | 0xFFFF)
    taken = {tag & 0xFF if tags.is_creator(tag) else tag >> 8 & 0xFF for tag in there}
    free = next((number for number in range(0x10, 0x100) if number not in taken), None)
    if free is not None:
        container.write(tags.creator_tag(group, free), (creator,), "LO")
    return free


def elements_of(creator_tag: int) -> tuple[int, int]:
    """The first and the last tag of the block that a creator reserves."""
    first = creator_tag >> 16 << 16 | (creator_tag & 0xFF) << 8
    return first, first | 0xFF


def creator_at(container: Readable, tag: int) -> str:
    """The creator that a creator element names; empty when it names none."""
    element = container.get(tag)
    if element is None or element.length > _LONGEST_CREATOR:
        return ""
    found = values.decode(element.raw, "LO", container.charset)
    return str(found[0]) if isinstance(found, tuple) and len(found) == 1 else ""
