"""Cuts a stream of bytes into PDUs, and P-DATA-TF into pieces of PDVs, without ever holding a data set (PS3.8 9.3.1,
9.3.5).

What is held between two calls is at most one head of six bytes or one short PDU under its cap. A PDV that spans several
buffers comes out as one piece for each; a piece says whether its PDV ends with it.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from dicomrules.wire.errors import Malformed

_PDU_HEAD = struct.Struct(">BxL")
_PDV_HEAD = struct.Struct(">LBB")


class Take(Enum):
    """What to do with the body of the PDU whose head was just read."""

    WHOLE = auto()
    PIECES = auto()
    SKIP = auto()


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole PDU other than P-DATA-TF, without its head."""

    kind: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of one PDV; `control` is its message control header (PS3.8 E.2), `ends` is true for the last bytes
    of it.
    """

    context_id: int
    control: int
    data: memoryview
    ends: bool


class Reader:
    """Reads one stream. `on_head(kind, length)` is asked what to do with each PDU, and may raise `Malformed` to
    refuse it.
    """

    def __init__(self, on_head: Callable[[int, int], Take]) -> None:
        self.begun = 0  # PDUs whose head was read
        self._on_head = on_head
        self._held = bytearray()  # of a head, or of a PDU that is taken whole
        self._kind = 0
        self._take: Take | None = None  # None: between two PDUs
        self._left = 0  # bytes of the PDU that have not come yet
        self._pdv_left = 0  # bytes of the PDV that have not come yet
        self._pdv = (0, 0)

    @property
    def mid_pdu(self) -> bool:
        """Whether a PDU has begun and not ended."""
        return self._take is not None or bool(self._held)

    def feed(self, view: memoryview) -> Iterator[Whole | Piece]:
        """What `view` brings, in order. Raises `Malformed`; the stream cannot be read on after that."""
        while view.nbytes or (self._take is Take.WHOLE and self._left == 0):
            if self._take is None:
                view = self._head(view)
            elif self._take is Take.WHOLE:
                view = self._hold(view, self._left)
                if self._left == 0:
                    body = bytes(self._held)
                    self._held.clear()
                    self._take = None
                    yield Whole(self._kind, body)
            elif self._take is Take.SKIP:
                view = self._pass(view)
            elif self._pdv_left == 0:
                view, empty = self._pdv_head(view)
                if empty is not None:
                    yield empty
            else:
                view, piece = self._piece(view)
                yield piece

    def _hold(self, view: memoryview, wanted: int) -> memoryview:
        """Move up to `wanted` bytes into what is held; the rest."""
        self._held += view[:wanted]
        self._left -= min(wanted, view.nbytes)
        return view[wanted:]

    def _head(self, view: memoryview) -> memoryview:
        missing = _PDU_HEAD.size - len(self._held)
        self._held += view[:missing]
        if len(self._held) == _PDU_HEAD.size:
            self._kind, self._left = _PDU_HEAD.unpack(self._held)
            self._held.clear()
            self.begun += 1
            self._take = self._on_head(self._kind, self._left)
            self._end_of_pdu()
        return view[missing:]

    def _pass(self, view: memoryview) -> memoryview:
        skipped = min(self._left, view.nbytes)
        self._left -= skipped
        self._end_of_pdu()
        return view[skipped:]

    def _pdv_head(self, view: memoryview) -> tuple[memoryview, Piece | None]:
        """Read the six bytes before the data of a PDV; a PDV without data is a piece at once."""
        if self._left < _PDV_HEAD.size:
            raise Malformed("a P-DATA-TF ends inside the head of a PDV")
        missing = _PDV_HEAD.size - len(self._held)
        self._held += view[:missing]
        if len(self._held) < _PDV_HEAD.size:
            return view[missing:], None
        length, context_id, control = _PDV_HEAD.unpack(self._held)
        self._held.clear()
        if length < 2 or length + 4 > self._left:
            raise Malformed("the length of a PDV does not fit its P-DATA-TF")
        self._left -= _PDV_HEAD.size
        self._pdv_left, self._pdv = length - 2, (context_id, control)
        if self._pdv_left:
            return view[missing:], None
        self._end_of_pdu()
        return view[missing:], Piece(context_id, control, view[:0], True)

    def _piece(self, view: memoryview) -> tuple[memoryview, Piece]:
        taken = min(self._pdv_left, view.nbytes)
        self._pdv_left -= taken
        self._left -= taken
        piece = Piece(*self._pdv, view[:taken], self._pdv_left == 0)
        self._end_of_pdu()
        return view[taken:], piece

    def _end_of_pdu(self) -> None:
        if self._left == 0 and self._take is not Take.WHOLE:
            self._take = None
