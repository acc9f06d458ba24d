"""One part of a request on its way into the spool: a DICOM file (PS3.10 7) that is written as it comes.

Its beginning is held until the file meta information is whole, which names the file of the spool; all else goes
straight to the disk. A part that is refused is read on and thrown away.
"""

from dataclasses import dataclass
from datetime import datetime

from dicomrules.dicom import part10, uids
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.source import MemoryBytes
from dicomrules.model.instance import Envelope, Peer
from dicomrules.model.receiver import Limits
from dicomrules.receivers.arrival import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, Arrival, Refusal, envelope
from dicomrules.receivers.room import has_room
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.incoming import Incoming
from dicomrules.spool.spool import Spool

PROCESSING_FAILURE = 0x0110  # PS3.18 I.2.2

TOO_LONG = Refusal(OUT_OF_RESOURCES, "the object is longer than `limits.object`")
NO_ROOM = Refusal(OUT_OF_RESOURCES, "the disk is full")
_SPOOL_FAILED = Refusal(OUT_OF_RESOURCES, "the spool cannot keep the object")
_OTHER_STUDY = Refusal(PROCESSING_FAILURE, "it belongs to another study than the URL names", "(0020,000D)")
_HEAD = part10.LONGEST_META + 4  # of so many bytes it is sure where the data set begins


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where parts go, and what holds for them."""

    spool: Spool
    limits: Limits


@dataclass(frozen=True, slots=True)
class Origin:
    """How a part came. `study`: the Study Instance UID of the URL, empty: it names none."""

    peer: Peer
    source_path: str
    received_at: datetime
    study: str = ""


class Part:
    """One part. `write` what comes, then `finish` or `abandon`. All of them may block on the disk."""

    def __init__(self, shelf: Shelf, origin: Origin, refusal: Refusal | None = None) -> None:
        self.length = 0
        self.refusal = refusal
        self.announced = ("", "")  # SOP class and instance, as the file meta says
        self._shelf = shelf
        self._origin = origin
        self._held = bytearray()
        self._head = part10.Part10(0)
        self._incoming: Incoming | None = None

    def write(self, piece: bytes | memoryview) -> None:
        """Take what came."""
        self.length += len(piece)
        if self.refusal is not None:
            return
        if self.length > self._shelf.limits.object:
            self._refuse(TOO_LONG)
        elif self._incoming is None:
            self._held += piece
            if len(self._held) > _HEAD:
                self._begin()
        else:
            self._append(self._incoming, piece)

    def finish(self) -> Envelope | Refusal:
        """The part is whole. After a Refusal nothing of it is left; an Envelope's files belong to whoever takes it."""
        if self._incoming is None and self.refusal is None:
            self._begin()
        if self.refusal is not None or self._incoming is None:
            return self.refusal or _SPOOL_FAILED
        arrival = Arrival(
            incoming=self._incoming,
            transfer_syntax=self._head.transfer_syntax,
            peer=self._origin.peer,
            received_at=self._origin.received_at,
            announced=self.announced,
            source_path=self._origin.source_path,
            head=self._head,
        )
        self._incoming = None
        made = envelope(arrival, self._shelf.spool, self._shelf.limits)
        if isinstance(made, Envelope) and self._origin.study and made.key.study != self._origin.study:
            for name in filter(None, (made.spool_ref, made.derived_ref)):
                self._shelf.spool.discard(name)
            return _OTHER_STUDY
        return made

    def abandon(self) -> None:
        """Remove what is written of it."""
        if self._incoming is not None:
            self._shelf.spool.discard(self._incoming.name)
            self._incoming = None

    def _begin(self) -> None:
        """Read the file meta information, open the file of the spool, and write what is held of the data set."""
        held, self._held = bytes(self._held), bytearray()
        try:
            self._head = part10.read_head(MemoryBytes(held))
        except MalformedDataSet as malformed:
            return self._refuse(Refusal(CANNOT_UNDERSTAND, f"{malformed.reason}, at byte {malformed.offset}"))
        meta = self._head.meta
        self.announced = meta.get("MediaStorageSOPClassUID", ""), meta.get("MediaStorageSOPInstanceUID", "")
        if not all(map(uids.is_uid, (*self.announced, self._head.transfer_syntax))):
            text = "no file meta with SOP class, instance and transfer syntax"
            return self._refuse(Refusal(CANNOT_UNDERSTAND, text))
        if not has_room(self._shelf.spool, self._shelf.limits):
            return self._refuse(NO_ROOM)
        try:
            source_aet, came = self._origin.peer.calling_aet, self._head
            incoming = self._shelf.spool.receive(*self.announced, came.transfer_syntax, source_aet, came.raw)
        except SpoolError:
            return self._refuse(_SPOOL_FAILED)
        self._incoming = incoming
        return self._append(incoming, memoryview(held)[self._head.dataset_start :])

    def _append(self, incoming: Incoming, piece: bytes | memoryview) -> None:
        try:
            incoming.write(piece)
        except SpoolError:
            self._refuse(_SPOOL_FAILED)

    def _refuse(self, refusal: Refusal) -> None:
        self.refusal = refusal
        self._held.clear()
        self.abandon()
