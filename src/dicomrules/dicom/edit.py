"""The edit tree: a data set as it will leave, over the bytes as they came.

A `DataSet` is the top level or one item. It knows its elements as received and what was put or removed since;
whatever it is asked, it answers as of now. A sequence is opened only when somebody enters it, and an item is kept
only when it was changed, so a tree over an object of any size costs what was changed, not what is there.

A tree is not safe to use from several threads at once. `compose.make_patch` makes the patch from it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, overload
from weakref import WeakValueDictionary

from dicomrules.dicom import private, tags, values
from dicomrules.dicom.charset import CharacterSet
from dicomrules.dicom.columns import Columns, Element, Outline
from dicomrules.dicom.forms import SHORT_VRS
from dicomrules.dicom.index import Index, ItemRanges, open_item, open_items
from dicomrules.dicom.reading import Reading
from dicomrules.dicom.source import Bytes, MemoryBytes
from dicomrules.dicom.syntax import LONGEST_SHORT, Encoding
from dicomrules.dicom.walk import IndexLimits, Walk

_LIMITS: Final = IndexLimits(nesting=512)
_NOTHING: Final = MemoryBytes(b"")


@dataclass(frozen=True, slots=True)
class _Closed:
    """An item that nobody has entered yet."""

    source: Bytes
    encoding: Encoding
    content: tuple[int, int]

    def open(self, outline: Outline) -> Columns:
        return open_item(self.source, self.encoding, self.content, outline)


class DataSet(Reading):
    """One data set or item, as of now."""

    __slots__ = (
        *(
            "__weakref__",
            "_blocks",
            "_edits",
            "_items",
            "_received",
            "ordinal",
            "outline",
            "owner",
            "spoken",
            "touched",
        ),
    )

    def __init__(self, received: "Columns | _Closed", outline: Outline, owner: "Items | None" = None) -> None:
        self._received = received
        self.outline = outline
        self.owner = owner  # the sequence this item belongs to
        self.ordinal = -1  # its place among the items received, from 0
        self.touched = False  # something in it, or below, is not as received
        self.spoken: CharacterSet | None = (
            None  # at the top: what all text is in for the time being, whatever is declared
        )
        self._edits: dict[int, Element | None] = {}
        self._items: dict[int, Items] = {}
        self._blocks: dict[int, int] = {}

    @property
    def columns(self) -> Columns:
        """The elements as received."""
        if isinstance(self._received, _Closed):
            self._received = self._received.open(self.outline)
        return self._received

    @property
    def encoding(self) -> Encoding:
        """How elements are written here; inside UN it is Implicit VR Little Endian (PS3.5 6.2.2)."""
        return self._received.encoding

    @property
    def parent(self) -> "DataSet | None":
        """The data set or item around this item; None at the top."""
        return self.owner.owner if self.owner else None

    @property
    def charset(self) -> CharacterSet:
        """The character set that holds here: the nearest one declared (PS3.5 7.5.3), unless the top says `spoken`."""
        top = self
        while top.owner:
            top = top.owner.owner
        return top.spoken or self.declared_charset

    @property
    def edits(self) -> dict[int, Element | None]:
        """What was put (the new element) or removed (None), by tag."""
        return self._edits

    @property
    def entered(self) -> "dict[int, Items]":
        """The sequences that were opened, by tag."""
        return self._items

    def find(self, tag: int) -> Element | None:
        """The element as of now, its VR as PS3.6 has it where none stands in the bytes."""
        if tag in self._edits:
            return self._edits[tag]
        at = self.columns.find(tag)
        return self.columns.element(at) if at >= 0 else None

    def __contains__(self, tag: int) -> bool:
        if tag in self._edits:
            return self._edits[tag] is not None
        return self.columns.find(tag) >= 0

    def tags(self, low: int = 0, high: int = 0xFFFFFFFF) -> list[int]:
        """The tags from `low` to `high`, both included, in the order in which they leave; each once."""
        received, columns = self.columns.tags, self.columns
        if columns.ordered:
            found = received[bisect_left(received, low) : bisect_right(received, high)].tolist()
        else:
            found = list(dict.fromkeys(tag for tag in received if low <= tag <= high))
        if not self._edits:
            return found
        there = set(found)
        kept = [tag for tag in found if tag not in self._edits or self._edits[tag]]
        some = self._edits.keys() if len(self._edits) < high - low else range(low, high + 1)
        new = [tag for tag in some if low <= tag <= high and self._edits.get(tag) and tag not in there]
        if columns.ordered:
            return sorted(kept + new)
        for tag in sorted(new):
            kept.insert(next((at for at, other in enumerate(kept) if other > tag), len(kept)), tag)
        return kept

    def __iter__(self) -> Iterator[Element]:
        """The elements as of now, in the order in which they leave."""
        return (element for tag in self.tags() if (element := self.get(tag)))

    def write(self, tag: int, new: Iterable[values.Value], vr: str = "") -> None:
        """Put the values, encoded by `vr` or what `self.vr` says, in the character set that holds here.

        Raises values.Unencodable or values.TooLong; then nothing is changed.
        """
        vr = vr or self.vr(tag)
        self.put(tag, vr, values.encode(new, vr, self.charset, little=self.encoding.little))

    # Changes

    def put(self, tag: int, vr: str, raw: bytes) -> None:
        """Make the element's value `raw` (padded when odd), adding the element when it is not there.

        The value of a sequence is its items in the encoding of this data set. Raises values.TooLong when the length
        does not fit the VR's length field (PS3.5 7.1.2), MalformedDataSet when `raw` is no items.
        """
        vr = self._settled(tag, vr)
        if vr != "SQ" and not (vr == "UN" and tag in tags.SEQUENCES):  # items keep their length
            raw = values.padded(raw, vr)
        if self.encoding.explicit and vr in SHORT_VRS and len(raw) > LONGEST_SHORT:
            raise values.TooLong(f"longer than the {LONGEST_SHORT} bytes that {vr} can have in explicit VR")
        element = Element(tag, vr, self.encoding, MemoryBytes(raw), 0, 0, len(raw), len(raw))
        if element.is_sequence:
            Walk.over_items(element.source, element.items_encoding, _LIMITS).run()
        self._count(tag, +1)
        self._edits[tag] = element
        self._items.pop(tag, None)
        self.touch()

    def delete(self, tag: int) -> bool:
        """Remove the element; False when it was not there.

        With the last element of a private block its creator goes too, with a creator its block (PS3.5 7.8.1).
        """
        if tag not in self:
            return False
        self._count(tag, -1)
        if self.columns.find(tag) >= 0:
            self._edits[tag] = None
        else:
            del self._edits[tag]
        self._items.pop(tag, None)
        self.touch()
        if tags.is_creator(tag):
            for other in self.tags(*private.elements_of(tag)):
                self.delete(other)
        elif (block := tags.block_of(tag)) is not None and not self._blocks[tag >> 8]:
            self.delete(tags.creator_tag(tag >> 16, block))
        return True

    def touch(self) -> None:
        """Note, here and upwards, that something is not as received."""
        at: DataSet | None = self
        while at is not None and not at.touched:
            at.touched = True
            if at.owner:
                at.owner.keep(at)
            at = at.parent

    # Sequences

    def items(self, tag: int) -> "Sequence[DataSet]":
        """The items of a sequence as of now; none when the element is absent. ValueError when it is no sequence."""
        return self._enter(tag) if tag in self else ()

    def add_item(self, tag: int) -> "DataSet":
        """Append an empty item, making the sequence when it is absent. ValueError when the element is no sequence."""
        if tag not in self:
            self.put(tag, "SQ", b"")
        return self._enter(tag).append()

    def remove_item(self, tag: int, at: int) -> None:
        """Remove item `at` (from 0) of the sequence. IndexError when there is no such item."""
        if tag not in self:
            raise IndexError(f"{tags.format_tag(tag)} has no item {at}")
        self._enter(tag).remove(at)

    def _enter(self, tag: int) -> "Items":
        if tag in self._items:
            return self._items[tag]
        element = self.get(tag)
        if element is None or not element.is_sequence:
            raise ValueError(f"{tags.format_tag(tag)} is no sequence")
        outline = self.outline
        if tag in self._edits:
            walk = Walk.over_items(element.source, element.items_encoding, _LIMITS)
            walk.run()
            outline = walk.outline
        self._items[tag] = Items(self, element, outline)
        return self._items[tag]

    # Private blocks

    def private_block(self, group: int, creator: str) -> int | None:
        """The block, 10H to FFH, that `creator` reserves in `group` here; of several the first. None: it has none."""
        return private.block(self, group, creator)

    def private_blocks(self, group: int, creator: str) -> Iterator[int]:
        """The blocks that `creator` reserves in `group` here."""
        return private.blocks(self, group, creator)

    def reserve_block(self, group: int, creator: str) -> int | None:
        """The block of `creator`, reserved now when it had none. None: all are taken. Raises as `write` does."""
        return private.reserve(self, group, creator)

    def _count(self, tag: int, step: int) -> None:
        """Keep the number of elements in the block of `tag`, which is there before a step down, and after a step up."""
        if tags.block_of(tag) is None:
            return
        key = tag >> 8
        if key not in self._blocks:
            self._blocks[key] = len(self.tags(key << 8, key << 8 | 0xFF))
        self._blocks[key] += step if step < 0 or tag not in self else 0

    # Variants

    def copy(self) -> "DataSet":
        """The whole tree of a top-level data set once more; changes to one are not seen by the other."""
        root = self.twin(None)
        pending = [(self, root)]
        while pending:
            old, new = pending.pop()
            for tag, items in old._items.items():
                if items.touched:
                    twin, pairs = items.twin(new)
                    new._items[tag] = twin
                    pending.extend(pairs)
        return root

    def twin(self, owner: "Items | None") -> "DataSet":
        """This data set once more, without what was entered: a step of `copy`."""
        twin = DataSet(self._received, self.outline, owner)
        twin.ordinal = self.ordinal
        twin.spoken = self.spoken
        twin.touched, twin._edits, twin._blocks = self.touched, dict(self._edits), dict(self._blocks)
        return twin


class Items(Sequence[DataSet]):
    """The items of one sequence as of now: those received that were not removed, then those that were added.

    An item is opened when it is asked for and forgotten when nobody holds it any more, unless it was changed.
    """

    __slots__ = ("_kept", "_opened", "_order", "added", "element", "outline", "owner", "ranges", "removed", "touched")

    def __init__(self, owner: DataSet, element: Element, outline: Outline) -> None:
        self.owner = owner
        self.element = element
        self.outline = outline
        self.ranges: ItemRanges = open_items(element, outline)
        self.removed: set[int] = set()  # by their place among the items received
        self.added: list[DataSet] = []
        self.touched = False
        self._kept: dict[int, DataSet] = {}
        self._opened: WeakValueDictionary[int, DataSet] | None = None
        self._order: list[int] | None = None

    @property
    def changed(self) -> dict[int, DataSet]:
        """The received items that were changed, by their place among the items received."""
        return self._kept

    def __len__(self) -> int:
        return len(self.ranges) - len(self.removed) + len(self.added)

    @overload
    def __getitem__(self, at: int) -> DataSet: ...
    @overload
    def __getitem__(self, at: slice) -> list[DataSet]: ...
    def __getitem__(self, at: int | slice) -> DataSet | list[DataSet]:
        """Item `at`, from 0; negative counts from the end. IndexError when there is none."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        if not 0 <= place < len(self):
            raise IndexError(f"the sequence has no item {at}")
        received = len(self.ranges) - len(self.removed)
        return self.added[place - received] if place >= received else self._item(self._ordinal(place))

    def append(self) -> DataSet:
        """Add an empty item at the end."""
        item = DataSet(Columns(_NOTHING, self.element.items_encoding, 0), Outline(), self)
        item.touched = True
        self.added.append(item)
        self._touch()
        return item

    def remove(self, at: int) -> None:
        """Remove item `at`, from 0. IndexError when there is none."""
        if not 0 <= at < len(self):
            raise IndexError(f"the sequence has no item {at}")
        received = len(self.ranges) - len(self.removed)
        if at >= received:
            del self.added[at - received]
        else:
            ordinal = self._ordinal(at)
            self.removed.add(ordinal)
            self._kept.pop(ordinal, None)
            if self._order is not None:
                del self._order[at]
        self._touch()

    def keep(self, item: DataSet) -> None:
        """Item `item` was changed, so it is kept."""
        if item.ordinal >= 0 and item.ordinal not in self.removed:
            self._kept[item.ordinal] = item
            if len(self._kept) == len(self.ranges):
                self._opened = None
        self.touched = True

    def twin(self, owner: DataSet) -> "tuple[Items, list[tuple[DataSet, DataSet]]]":
        """The same items of another tree, and the pairs of items whose inside is still to be copied."""
        twin = Items.__new__(Items)
        twin.owner, twin.element, twin.outline, twin.ranges = owner, self.element, self.outline, self.ranges
        twin.removed, twin.touched = set(self.removed), self.touched
        twin._order = None
        twin._opened = None
        twin._kept = {ordinal: item.twin(twin) for ordinal, item in self._kept.items()}
        twin.added = [item.twin(twin) for item in self.added]
        pairs = [(self._kept[ordinal], item) for ordinal, item in twin._kept.items()]
        return twin, pairs + list(zip(self.added, twin.added, strict=True))

    def _touch(self) -> None:
        self.touched = True
        self.owner.touch()

    def _ordinal(self, place: int) -> int:
        if not self.removed:
            return place
        if self._order is None:
            self._order = [at for at in range(len(self.ranges)) if at not in self.removed]
        return self._order[place]

    def _item(self, ordinal: int) -> DataSet:
        item = self._kept.get(ordinal)
        if item is None and self._opened is not None:
            item = self._opened.get(ordinal)
        if item is None:
            element = self.element
            closed = _Closed(element.source, element.items_encoding, self.ranges.content(ordinal))
            item = DataSet(closed, self.outline, self)
            item.ordinal = ordinal
            if self._opened is None:
                self._opened = WeakValueDictionary()
            self._opened[ordinal] = item
        return item


def open_dataset(index: Index) -> DataSet:
    """A tree over the data set of `index`, with nothing changed yet. As many as wanted may stand over one index."""
    return DataSet(index.columns, index.outline)
