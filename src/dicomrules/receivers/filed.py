"""A DICOM file (PS3.10 7) that stands still, and how its data set gets into the spool."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from dicomrules.dicom import part10, uids
from dicomrules.dicom.index import IndexLimits, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.part10 import Part10
from dicomrules.dicom.syntax import encoding_of, is_deflated
from dicomrules.model.instance import Envelope, Peer
from dicomrules.model.receiver import Limits
from dicomrules.receivers.arrival import CANNOT_UNDERSTAND, Arrival, Refusal, envelope
from dicomrules.receivers.settling import Look
from dicomrules.receivers.watched import look_of
from dicomrules.receivers.writers import has_writer
from dicomrules.spool.file import FileBytes
from dicomrules.spool.incoming import Incoming
from dicomrules.spool.spool import Spool

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StillFile:
    """A file open for reading, and how it looked while it stood still; closes it as a context manager.

    `ours`: nobody else can reach it.
    """

    fd: int
    look: Look
    ours: bool = False

    @property
    def is_still(self) -> bool:
        """It looks as it did, and nobody has it open for writing."""
        return self.ours or (look_of(os.fstat(self.fd)) == self.look and not has_writer(self.fd))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when a file was found. `source_path` is its name in the watched folder, for people and rules."""

    peer: Peer
    received_at: datetime
    source_path: str


def received(file: StillFile, origin: Origin, spool: Spool, limits: Limits) -> Envelope | Refusal | None:
    """The file's data set in the spool, or why it is refused; None when somebody is writing the file.

    After anything but an Envelope nothing is left in the spool. Blocks on the disk. OSError and SpoolError: the file
    cannot be read, the spool cannot keep it.
    """
    if not file.is_still:
        return None
    if file.look.size > limits.object:
        return Refusal(CANNOT_UNDERSTAND, "the file is longer than `limits.object` of the gateway file")
    try:
        form = _form(file, limits)
    except MalformedDataSet as malformed:
        return Refusal(CANNOT_UNDERSTAND, f"{malformed.reason}, at byte {malformed.offset}")
    if not all(map(uids.is_uid, (form.sop_class, form.sop_instance, form.transfer_syntax))):
        return Refusal(CANNOT_UNDERSTAND, "SOP class, SOP instance or transfer syntax is not a UID")
    incoming = spool.receive(
        form.sop_class, form.sop_instance, form.transfer_syntax, origin.peer.calling_aet, form.head.raw
    )
    try:
        _copy(file, form.head.dataset_start, incoming)
        still = file.is_still
    except BaseException:
        spool.discard(incoming.name)
        raise
    if not still:
        spool.discard(incoming.name)
        return None
    return envelope(_arrival(incoming, form, origin), spool, limits)


@dataclass(frozen=True, slots=True)
class _Form:
    """What the data set says of itself. File meta that names another instance is not believed (PS3.10 7.1)."""

    head: Part10
    transfer_syntax: str
    sop_class: str
    sop_instance: str


def _form(file: StillFile, limits: Limits) -> _Form:
    """Walk the file as it lies there. Raises MalformedDataSet when it is no whole data set.

    A deflated one is walked later, when it is inflated; until then its file meta has to do.
    """
    size = file.look.size
    head = part10.read_head(FileBytes(file.fd, 0, size))
    if is_deflated(head.transfer_syntax):
        sop_class, sop_instance = map(head.meta.get, ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID"))
        return _Form(head, head.transfer_syntax, sop_class or "", sop_instance or "")
    data_set = FileBytes(file.fd, head.dataset_start, size - head.dataset_start)
    caps = IndexLimits(limits.elements, limits.nesting)
    if head.transfer_syntax:
        transfer_syntax, found = head.transfer_syntax, index(data_set, encoding_of(head.transfer_syntax), caps)
    else:
        transfer_syntax, found = part10.guess_encoding(data_set, caps)
    key = found.key()
    return _Form(head, transfer_syntax, key.sop_class, key.sop_instance)


def _arrival(incoming: Incoming, form: _Form, origin: Origin) -> Arrival:
    return Arrival(
        incoming=incoming,
        transfer_syntax=form.transfer_syntax,
        peer=origin.peer,
        received_at=origin.received_at,
        source_path=origin.source_path,
        head=form.head,
    )


def _copy(file: StillFile, start: int, incoming: Incoming) -> None:
    while piece := os.pread(file.fd, min(_CHUNK, file.look.size - start), start):
        incoming.write(piece)
        start += len(piece)
