"""From the edit tree to the patch: one bottom-up pass over what was changed.

What was entered and changed is listed top-down, and worked off in reverse, so every item is done before the sequence
around it. An item received becomes splices over the bytes received, an item added becomes bytes. Lengths of enclosing
sequences and items are put right where they are defined, and stay undefined where they are not; so are group lengths.
"""

from collections.abc import Iterator
from itertools import groupby

from dicomrules.dicom import values
from dicomrules.dicom.columns import Columns, Element
from dicomrules.dicom.edit import DataSet, Items
from dicomrules.dicom.forms import FORMS, head_of, item_head
from dicomrules.dicom.patch import Patch, Splice, apply, joined
from dicomrules.dicom.syntax import UNDEFINED, Encoding

# What one data set or item became, by its identity: splices over the bytes received
_Done = dict[int, list[Splice]]


def make_patch(data_set: DataSet, base_digest: str) -> Patch:
    """The patch that makes the data set received, whose SHA-256 is `base_digest`, leave as the tree stands now.

    An element that was put again with the very bytes it had is not part of it. Raises values.TooLong when a sequence or
    item became longer than its length field can say.
    """
    done = _compose(data_set)
    return Patch(base_digest, joined(done[id(data_set)]))


def value_of(data_set: DataSet, tag: int) -> bytes | None:
    """The bytes of a value as of now, what was changed inside its items included; None when the element is absent."""
    element = data_set.get(tag)
    if element is None:
        return None
    items = data_set.entered.get(tag)
    return _changed_value(items, _compose(data_set)) if items and items.touched else element.raw


def _compose(root: DataSet) -> _Done:
    order, pending = [], [root]
    while pending:
        data_set = pending.pop()
        order.append(data_set)
        for items in data_set.entered.values():
            if items.touched:
                pending.extend(items.changed.values())
                pending.extend(items.added)
    done: _Done = {}
    for data_set in reversed(order):
        done[id(data_set)] = list(_data_set(data_set, done))
    return done


# Where a change belongs in the order of the bytes: position, insertions before what stands there, tag; and the splices
_Place = tuple[int, int, int, list[Splice]]


def _data_set(data_set: DataSet, done: _Done) -> Iterator[Splice]:
    changes = list(_changes(data_set, done))
    changes += _group_lengths(data_set, changes)
    for _, _, _, splices in sorted(changes, key=lambda change: change[:3]):
        yield from splices


def _changes(data_set: DataSet, done: _Done) -> Iterator[_Place]:
    columns = data_set.columns
    for tag, edit in data_set.edits.items():
        places = _places(columns, tag)
        if edit is None:
            new = b""
        else:
            new = _element_bytes(edit, _new_value(data_set, edit, done))
            if not places:
                start = columns.begin(columns.first_above(tag))
                yield start, 0, tag, [Splice(start, start, new)]
        for at in places:
            start, end = columns.begin(at), columns.begin(at + 1)
            if end - start != len(new) or columns.source.read(start, end) != new:
                yield start, 1, tag, [Splice(start, end, new)]
            new = b""  # an element that was there twice leaves once
    for tag, items in data_set.entered.items():
        if items.touched and tag not in data_set.edits:
            yield items.element.start, 1, tag, list(_sequence(items, done))


def _places(columns: Columns, tag: int) -> list[int]:
    if not columns.ordered:
        return [at for at, other in enumerate(columns.tags) if other == tag]
    at = columns.find(tag)
    return [at] if at >= 0 else []


def _new_value(data_set: DataSet, edit: Element, done: _Done) -> bytes:
    items = data_set.entered.get(edit.tag)
    return _changed_value(items, done) if items and items.touched else edit.raw


def _changed_value(items: Items, done: _Done) -> bytes:
    base = items.element.value_start
    moved = [Splice(one.start - base, one.end - base, one.new) for one in _items(items, done)]
    return apply(Patch("", tuple(moved)), items.element.raw)


def _element_bytes(element: Element, raw: bytes) -> bytes:
    try:
        return head_of(element.tag, element.vr, len(raw), element.encoding) + raw
    except ValueError as error:
        raise values.TooLong(str(error)) from None


def _sequence(items: Items, done: _Done) -> Iterator[Splice]:
    """A sequence received: its length field, when it has one, and what changed in it."""
    element = items.element
    inner = list(_items(items, done))
    if not element.is_undefined:
        yield from _length_field(element.value_start, element.length, _growth(inner), element.encoding)
    yield from inner


def _items(items: Items, done: _Done) -> Iterator[Splice]:
    """What changed in the value of a sequence."""
    ranges, encoding = items.ranges, items.element.items_encoding
    for at in sorted(items.removed | items.changed.keys()):
        if at in items.removed:
            yield Splice(ranges.start(at), ranges.end(at), b"")
            continue
        inner = done[id(items.changed[at])]
        start, end = ranges.content(at)
        if not ranges.is_undefined(at):
            yield from _length_field(start, end - start, _growth(inner), encoding)
        yield from inner
    if items.added:
        end = items.element.value_end
        yield Splice(end, end, b"".join(_item_bytes(done[id(item)], encoding) for item in items.added))


def _item_bytes(splices: list[Splice], encoding: Encoding) -> bytes:
    content = apply(Patch("", tuple(splices)), b"")
    if len(content) >= UNDEFINED:
        raise values.TooLong("an item longer than its length field can say")
    return item_head(len(content), encoding) + content


def _growth(splices: list[Splice]) -> int:
    return sum(len(splice.new) - (splice.end - splice.start) for splice in splices)


def _length_field(end: int, length: int, growth: int, encoding: Encoding) -> Iterator[Splice]:
    """The length, of 32 bits, that ends at `end` (PS3.5 7.1.2, 7.5)."""
    if growth:
        if length + growth >= UNDEFINED:
            raise values.TooLong("a sequence or item longer than its length field can say")
        yield Splice(end - 4, end, FORMS[encoding].length.pack(length + growth))


def _group_lengths(data_set: DataSet, changes: list[_Place]) -> list[_Place]:
    """Group lengths of the groups that changed: put right, or removed with the last element of their group."""
    columns, result = data_set.columns, []
    by_group = groupby(sorted(changes, key=lambda change: change[2]), key=lambda change: change[2] >> 16)
    for group, changed in by_group:
        tag = group << 16
        at = columns.find(tag)
        if at < 0 or tag in data_set.edits:
            continue
        element = columns.element(at)
        if element.is_sequence:  # whatever it is, it is no group length
            continue
        growth = sum(_growth(splices) for _, _, _, splices in changed)
        if not data_set.tags(tag + 1, tag | 0xFFFF):
            result.append((element.start, 1, tag, [Splice(element.start, element.end, b"")]))
        elif growth:
            length = FORMS[element.encoding].length.pack(_group_size(columns, group, at) + growth)
            new = head_of(tag, "UL", len(length), element.encoding) + length
            result.append((element.start, 1, tag, [Splice(element.start, element.end, new)]))
    return result


def _group_size(columns: Columns, group: int, at: int) -> int:
    """How many bytes the elements of a group had as received, without the group length, which is element `at`."""
    if columns.ordered:
        return columns.begin(columns.first_above(group << 16 | 0xFFFF)) - columns.begin(at + 1)
    others = (place for place, tag in enumerate(columns.tags) if tag >> 16 == group and tag & 0xFFFF)
    return sum(columns.begin(place + 1) - columns.begin(place) for place in others)
