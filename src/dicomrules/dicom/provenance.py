"""Original Attributes Sequence (PS3.3 C.12.1, Table C.12-1): what was changed at the top level, by whom and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dicomrules.dicom.columns import Element
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import block_of, creator_tag, is_group_length, tag_of
from dicomrules.dicom.values import CHARSET_VRS, decode

ORIGINAL_ATTRIBUTES: Final = tag_of("OriginalAttributesSequence") or 0
_SOURCE: Final = tag_of("SourceOfPreviousValues") or 0
_WHEN: Final = tag_of("AttributeModificationDateTime") or 0
_SYSTEM: Final = tag_of("ModifyingSystem") or 0
_REASON: Final = tag_of("ReasonForTheAttributeModification") or 0
_MODIFIED: Final = tag_of("ModifiedAttributesSequence") or 0


@dataclass(frozen=True, slots=True)
class Modification:
    """What one item says: the time as a DT, the system that changed the object, the reason, and the previous source."""

    when: str
    system: str
    reason: str
    source: str


def record(data_set: DataSet, original: DataSet, modification: Modification) -> bool:
    """Append the item for everything at the top of `data_set` that is not as in `original`; False when nothing changed.

    Each value is the one received, a sequence the whole one. An attribute that was not there before has no value. The
    item declares the character set received where that has changed, so its text is read as it came. What stands in the
    place of the sequence and is none gives way to it.
    """
    changed = list(_changed(data_set, original))
    if not changed:
        return False
    there = data_set.get(ORIGINAL_ATTRIBUTES)
    if there is not None and not there.is_sequence:
        data_set.delete(ORIGINAL_ATTRIBUTES)
    item = data_set.add_item(ORIGINAL_ATTRIBUTES)
    source = (modification.source,) if modification.source else ()
    item.write(_SOURCE, source, "LO")
    item.write(_WHEN, (modification.when,), "DT")
    item.write(_SYSTEM, (modification.system,), "LO")
    item.write(_REASON, (modification.reason,), "CS")
    before = item.add_item(_MODIFIED)
    for tag in changed:
        block = block_of(tag)
        creator = None if block is None else creator_tag(tag >> 16, block)
        for one in (creator, tag):
            if one is not None and one not in before:
                _put(before, one, data_set, original)
    return True


def forget(data_set: DataSet) -> bool:
    """Remove the sequence, whoever has written it; False when there is none."""
    return data_set.delete(ORIGINAL_ATTRIBUTES)


def _put(before: DataSet, tag: int, data_set: DataSet, original: DataSet) -> None:
    element = original.get(tag)
    if element is not None:
        before.put(tag, element.vr, element.raw)
        return
    added = data_set.get(tag)
    if added is not None:
        before.put(tag, added.vr, b"")


def _changed(data_set: DataSet, original: DataSet) -> Iterator[int]:
    """The tags at the top whose value is another one, in order; the same text in other bytes is the same value."""
    candidates = {*data_set.edits, *(tag for tag, items in data_set.entered.items() if items.touched)}
    for tag in sorted(candidates):
        if tag != ORIGINAL_ATTRIBUTES and not is_group_length(tag) and not _same(data_set, original, tag):
            yield tag


def _same(one: DataSet, other: DataSet, tag: int) -> bool:
    """Whether an element has the same value in both, at every depth."""
    waiting = [(one, other, tag)]
    while waiting:
        new, old, at = waiting.pop()
        mine, theirs = new.get(at), old.get(at)
        if mine is None or theirs is None or mine.is_sequence != theirs.is_sequence:
            if mine is not theirs:
                return False
        elif not mine.is_sequence:
            if not _same_value(new, mine, old, theirs):
                return False
        elif len(new.items(at)) != len(old.items(at)):
            return False
        else:
            for item, received in zip(new.items(at), old.items(at), strict=True):
                if item.touched:
                    waiting.extend((item, received, inner) for inner in {*item.tags(), *received.tags()})
    return True


def _same_value(new: DataSet, mine: Element, old: DataSet, theirs: Element) -> bool:
    raw, received = mine.raw, theirs.raw
    if mine.vr == theirs.vr and raw == received and (raw.isascii() or new.charset == old.charset):
        return True
    if mine.vr not in CHARSET_VRS or new.vr(mine.tag) != old.vr(theirs.tag):
        return False
    before = decode(received, mine.vr, old.charset)
    return isinstance(before, tuple) and decode(raw, mine.vr, new.charset) == before
