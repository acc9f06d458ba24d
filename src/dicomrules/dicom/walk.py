"""The walk: one pass over a data set to its last byte, iterative, that jumps over values and refuses what is not whole.

It goes into every sequence, however encoded, because a cut or nonsensical object must be refused wherever the fault
lies, and because rules that reach "anywhere" must be able to trust that nothing is hidden. It keeps the elements of the
top level as columns, and of everything below only where content of undefined length ends.

A frame stands for one container that is open: a data set or item, whose elements follow one another, or a sequence,
whose items do. The innermost frame is read until it ends or something in it must be entered; so depth costs a list, not
the stack.
"""

from dataclasses import dataclass
from typing import Final, NoReturn

from dicomrules.dicom.columns import VR_SHIFT, Columns, Outline
from dicomrules.dicom.forms import BYTES, FORMS, LONG, SEQUENCE, SHORT, UNKNOWN, Form
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.source import Bytes
from dicomrules.dicom.syntax import IMPLICIT_LITTLE, ITEM, ITEM_END, PIXEL_DATA, SEQUENCE_END, UNDEFINED, Encoding
from dicomrules.dicom.tags import SEQUENCES, vr_of
from dicomrules.dicom.window import Window

# Before the first element of a container: groups 0000 and 0002 have no place in a data set (PS3.5 7.1, PS3.10 7.1)
_BEFORE_ALL: Final = 0x0002FFFF
_IN_UNKNOWN: Final = FORMS[IMPLICIT_LITTLE]  # PS3.5 6.2.2


@dataclass(frozen=True, slots=True)
class IndexLimits:
    """Caps on one data set: elements, items and fragments together, and how deep sequences may lie in one another."""

    elements: int = 1_000_000
    nesting: int = 64


# For bytes of our own spool: they were walked under the limits of their receiver when they came, which may be these
ADMITTED: Final = IndexLimits(elements=1_000_000_000, nesting=1000)


class _Frame:
    """One open container; `stop`: where it, or what holds it, ends.

    `outlined`: its place in the outline, -1 when its length is defined.
    """

    __slots__ = ("form", "last", "outlined", "slot", "stop")

    def __init__(self, form: Form, stop: int, outlined: int = -1, slot: int = -1) -> None:
        self.form = form
        self.stop = stop
        self.outlined = outlined
        self.slot = slot  # the sequence's place in the columns of the top level; -1: further down
        self.last = _BEFORE_ALL


class _Sequence(_Frame):
    """A frame whose content is items."""

    __slots__ = ()


class Walk:
    """One walk over `source`. After `run`: `columns`, `outline`, `disorder`, `count`, `nesting`."""

    def __init__(self, source: Bytes, encoding: Encoding, limits: IndexLimits) -> None:
        self.columns = Columns(source, encoding, 0)
        self.outline = Outline()
        self.disorder = -1
        self.count = 0
        self.nesting = 0
        self._limits = limits
        self._window = Window(source, source.length)
        self._position = 0
        self._frames: list[_Frame] = [_Frame(FORMS[encoding], source.length)]

    @classmethod
    def over_items(cls, source: Bytes, encoding: Encoding, limits: IndexLimits) -> "Walk":
        """A walk over the value of a sequence: items instead of elements."""
        walk = cls(source, encoding, limits)
        walk._frames = [_Sequence(FORMS[encoding], source.length)]
        walk.nesting = 1
        return walk

    def run(self) -> None:
        """Walk to the last byte. Raises MalformedDataSet."""
        frames = self._frames
        depth = self.nesting
        while frames:
            frame = frames[-1]
            if isinstance(frame, _Sequence):
                inner = self._items(frame)
            elif frame.form.explicit:
                inner = self._explicit(frame)
            else:
                inner = self._implicit(frame)
            if inner is None:
                frames.pop()
                depth -= isinstance(frame, _Sequence)
                continue
            frames.append(inner)
            if isinstance(inner, _Sequence):
                depth += 1
                if depth > self._limits.nesting:
                    self._refuse(self._position, 0, f"sequences lie deeper than {self._limits.nesting} in one another")
                self.nesting = max(self.nesting, depth)

    def _explicit(self, frame: _Frame) -> _Frame | None:
        """Read elements with VR until the frame ends (None) or a sequence is to be entered."""
        window, form, stop, last = self._window, frame.form, frame.stop, frame.last
        data, base, safe, head, kinds = window.data, window.base, window.safe, form.head.unpack_from, form.kinds
        position, count, cap = self._position, self.count, self._limits.elements
        columns = self.columns
        add_tag, add_shape, add_end = columns.tags.append, columns.shapes.append, columns.ends.append
        top = len(self._frames) == 1
        while position < stop:
            if position > safe:
                window.move(position)
                data, base, safe = window.data, window.base, window.safe
            group, number, vr, length = head(data, position - base)
            tag = group << 16 | number
            kind = kinds.get(vr)
            if kind == SHORT:
                start = position + 8
            else:
                if kind is None and (kind := form.kind(vr)) is None:
                    self.count = count
                    self._delimiter(frame, position, tag)
                    return None
                start = position + 12
                (length,) = form.length.unpack_from(data, position - base + 8)
            count += 1
            if tag <= last:
                self._step_back(position, tag, last)
            last = tag
            if top:
                add_tag(tag)
                add_shape(vr << VR_SHIFT | start - position)
                add_end(start + length)
            if kind and (length == UNDEFINED or kind == SEQUENCE or (kind == UNKNOWN and tag in SEQUENCES)):
                self._position, self.count, frame.last = start, count, tag
                if inner := self._enter(frame, tag, kind, length):
                    return inner
                position, count = self._position, self.count
                data, base, safe = window.data, window.base, window.safe
                continue
            if start + length > stop or count > cap:
                self._over(position, tag, count)
            position = start + length
        self._finish(frame, position, count)
        return None

    def _implicit(self, frame: _Frame) -> _Frame | None:
        """Read elements without VR until the frame ends (None) or a sequence is to be entered."""
        window, stop, last = self._window, frame.stop, frame.last
        data, base, safe, head = window.data, window.base, window.safe, frame.form.head.unpack_from
        position, count, cap = self._position, self.count, self._limits.elements
        columns = self.columns
        add_tag, add_shape, add_end = columns.tags.append, columns.shapes.append, columns.ends.append
        top = len(self._frames) == 1
        while position < stop:
            if position > safe:
                window.move(position)
                data, base, safe = window.data, window.base, window.safe
            group, number, length = head(data, position - base)
            tag = group << 16 | number
            if group == 0xFFFE:
                self.count = count
                self._delimiter(frame, position, tag)
                return None
            start = position + 8
            count += 1
            if tag <= last:
                self._step_back(position, tag, last)
            last = tag
            if top:
                add_tag(tag)
                add_shape(8)
                add_end(start + length)
            if length == UNDEFINED or tag in SEQUENCES:
                self._position, self.count, frame.last = start, count, tag
                kind = SEQUENCE if tag in SEQUENCES or vr_of(tag) == "UN" else LONG
                if inner := self._enter(frame, tag, kind, length):
                    return inner
                position, count = self._position, self.count
                data, base, safe = window.data, window.base, window.safe
                continue
            if start + length > stop or count > cap:
                self._over(position, tag, count)
            position = start + length
        self._finish(frame, position, count)
        return None

    def _enter(self, frame: _Frame, tag: int, kind: int, length: int) -> _Frame | None:
        """The sequence whose value begins here, or None when fragments began here and are behind us now."""
        start, undefined, top = self._position, length == UNDEFINED, len(self._frames) == 1
        slot = len(self.columns) - 1 if top and undefined else -1
        if undefined and (kind == BYTES or tag == PIXEL_DATA):
            inner = _Sequence(frame.form, frame.stop, self.outline.open(start), slot)
            self._fragments(inner, tag)
            return None
        if kind < UNKNOWN:
            self._refuse(start, tag, "a value of undefined length that is neither a sequence nor fragments")
        stop = frame.stop if undefined else start + length
        if stop > frame.stop or self.count > self._limits.elements:
            self._over(start, tag, self.count)
        form = _IN_UNKNOWN if kind == UNKNOWN else frame.form
        return _Sequence(form, stop, self.outline.open(start) if undefined else -1, slot)

    def _items(self, frame: _Frame) -> _Frame | None:
        """Read items until the sequence ends (None) or an item with content is to be entered."""
        window, stop, head = self._window, frame.stop, frame.form.item.unpack_from
        position, count = self._position, self.count
        while position < stop:
            if position > window.safe:
                window.move(position)
            group, number, length = head(window.data, position - window.base)
            tag, start = group << 16 | number, position + 8
            if tag == SEQUENCE_END:
                self.count = count
                self._end(frame, position, tag, length)
                return None
            if tag != ITEM:
                self._refuse(position, tag, "something else than an item in a sequence")
            count += 1
            undefined = length == UNDEFINED
            if count > self._limits.elements or start + (0 if undefined else length) > stop:
                self._over(position, tag, count)
            if length:
                self._position, self.count = start, count
                end = stop if undefined else start + length
                return _Frame(frame.form, end, self.outline.open(start) if undefined else -1)
            position = start
        self._finish(frame, position, count)
        return None

    def _fragments(self, frame: _Sequence, owner: int) -> None:
        """Jump over the fragments of an encapsulated value to behind its delimiter (PS3.5 A.4)."""
        window, stop, head = self._window, frame.stop, frame.form.item.unpack_from
        position, count, cap = self._position, self.count, self._limits.elements
        while position < stop:
            if position > window.safe:
                window.move(position)
            group, number, length = head(window.data, position - window.base)
            if number == 0xE0DD and group == 0xFFFE:
                self.count = count
                self._end(frame, position, SEQUENCE_END, length)
                return
            if number != 0xE000 or group != 0xFFFE:
                self._refuse(position, owner, "something else than a fragment in an encapsulated value")
            count += 1
            position += 8 + length
            if position > stop or count > cap:
                self._over(position - 8 - length, owner, count)
        self._finish(frame, position, count)

    def _delimiter(self, frame: _Frame, position: int, tag: int) -> None:
        """No element stands here: the end of an item of undefined length, or nonsense."""
        if tag == ITEM_END:
            window = self._window
            _, _, length = frame.form.item.unpack_from(window.data, position - window.base)
            self._end(frame, position, tag, length)
            return
        if position + 8 > frame.stop:
            self._refuse(position, 0, "cut in the head of an element")
        if tag >> 16 == 0xFFFE:
            self._refuse(position, tag, "an item or delimiter where an element belongs")
        self._refuse(position, tag, "no value representation stands here")

    def _end(self, frame: _Frame, position: int, tag: int, length: int) -> None:
        """A delimiter ends the frame, if it is one of undefined length."""
        self._position = position + 8
        if frame.outlined < 0:
            self._refuse(position, tag, "a delimiter in something of defined length")
        if length or self._position > frame.stop:
            self._refuse(position, tag, "a delimiter that is cut or has a length")
        self.outline.close(frame.outlined, self._position)
        if frame.slot >= 0:
            self.columns.close(frame.slot, self._position)

    def _finish(self, frame: _Frame, position: int, count: int) -> None:
        """The bytes of the frame are all read: right for one of defined length only."""
        self._position, self.count = position, count
        if frame.outlined >= 0:
            self._refuse(position, 0, "cut: a sequence or item of undefined length has no end")

    def _step_back(self, position: int, tag: int, last: int) -> None:
        """An element that does not follow in order (PS3.5 7.1): noted; in groups 0000 and 0002 refused."""
        if tag >> 16 in (0x0000, 0x0002):
            self._refuse(position, tag, "an element of a command set or of file meta information in the data set")
        if last != _BEFORE_ALL:
            if self.disorder < 0:
                self.disorder = position
            if len(self._frames) == 1:
                self.columns.ordered = False

    def _over(self, position: int, tag: int, count: int) -> NoReturn:
        if count > self._limits.elements:
            self._refuse(position, tag, f"more than {self._limits.elements} elements and items")
        self._refuse(position, tag, "cut, or longer than what holds it")

    def _refuse(self, position: int, tag: int, reason: str) -> NoReturn:
        # behind a head that is cut, the value would begin after the last byte
        raise MalformedDataSet(min(position, self._frames[0].stop), tag, reason)
