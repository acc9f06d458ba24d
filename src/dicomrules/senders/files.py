"""Sends DICOM files as they are: a plain C-STORE SCU, for trying things out (PS3.10 files, PS3.4 Annex B)."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from dicomrules.dicom import part10
from dicomrules.dicom.index import index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.patch import Patch
from dicomrules.dicom.syntax import encoding_of, is_deflated
from dicomrules.dicom.uids import is_uid
from dicomrules.model.delivery import Delivery, Kind, Outcome, State
from dicomrules.model.destination import DicomDestination
from dicomrules.model.event import Event
from dicomrules.senders.cstore import CStoreSender
from dicomrules.senders.received import Received
from dicomrules.spool.errors import SpoolError, from_os

# So many files are looked at before the first of them is sent, so that one association is proposed for all of them.
GROUP = 500
_UNKNOWN_DIGEST = "00" * 32


def store_files(destination: DicomDestination, paths: Iterable[Path]) -> Iterator[tuple[Path, Outcome]]:
    """Send each file, in order, and yield how it ended. Nothing is retried, and nothing raises for what a file or
    peer is.

    A file goes out in the transfer syntax it is in; one of the uncompressed ones also in another of them, where the
    peer takes only that.
    """
    rest = iter(paths)
    with closing(CStoreSender(destination, _Files(), _ignore)) as sender:
        while group := list(islice(rest, GROUP)):
            looked_at = [_look_at(path, destination.name) for path in group]
            outcomes = sender.send([found for found in looked_at if isinstance(found, Delivery)])
            for path, found in zip(group, looked_at, strict=True):
                yield path, next(outcomes)[1] if isinstance(found, Delivery) else found


class _File:
    """A DICOM file, open for reading. Raises SpoolError and MalformedDataSet."""

    def __init__(self, path: str) -> None:
        try:
            # Without waiting for whoever writes into a pipe: what it is, is seen once it is open.
            self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise from_os("opening a file", error) from error
        try:
            if not stat.S_ISREG(os.fstat(self.fd).st_mode):
                raise SpoolError("no DICOM object: a folder, a pipe or a device", errno.EINVAL)
            self.head = part10.read_head(Received(self.fd, 0, os.fstat(self.fd).st_size))
        except OSError as error:
            os.close(self.fd)
            raise from_os("reading a file", error) from error
        except BaseException:
            os.close(self.fd)
            raise
        self.dataset_offset = self.head.dataset_start
        self.length = os.fstat(self.fd).st_size - self.dataset_offset

    def data_set(self) -> Received:
        """The data set, by position."""
        return Received(self.fd, self.dataset_offset, self.length)

    def meta(self) -> dict[str, str]:
        """Texts of the file meta, by keyword."""
        return self.head.meta

    def came_with(self) -> bytes:
        """Preamble and file meta, as they stand in the file."""
        return self.head.raw

    def blob(self, file: str) -> int:
        """A file of somebody's own has none."""
        raise SpoolError("this file has no blobs", errno.ENOENT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.fd)


class _Files:
    """Opens files by their paths."""

    def open(self, ref: str) -> _File:
        """Open one. Raises SpoolError."""
        try:
            return _File(ref)
        except MalformedDataSet as malformed:
            raise SpoolError(f"no DICOM file: {malformed.reason}", errno.EINVAL) from malformed


def _look_at(path: Path, destination: str) -> Delivery | Outcome:
    """What there is to send, or why nothing can be."""
    try:
        with _File(str(path)) as file:
            sop_class, sop_instance, transfer_syntax = _names(file)
            length = file.length
    except MalformedDataSet as malformed:
        return Outcome(Kind.FAILED, f"no DICOM object: {malformed.reason}, at byte {malformed.offset}")
    except SpoolError as error:
        return Outcome(Kind.FAILED, str(error))
    if not all(map(is_uid, (sop_class, sop_instance, transfer_syntax))):
        return Outcome(Kind.FAILED, "no DICOM object: SOP class, SOP instance or transfer syntax is missing or no UID")
    return Delivery(
        id=0,
        instance_id=0,
        destination=destination,
        spool_ref=str(path),
        sop_class=sop_class,
        sop_instance=sop_instance,
        study="",
        transfer_syntax=transfer_syntax,
        length=length,
        digest="",
        patch=Patch(_UNKNOWN_DIGEST),
        state=State.SENDING,
        attempts=1,
        next_attempt=datetime.now(UTC),
    )


def _names(file: _File) -> tuple[str, str, str]:
    """SOP class, SOP instance and transfer syntax: as file meta says, else as the data set does; empty where neither
    does.
    """
    meta, transfer_syntax = file.head.meta, file.head.transfer_syntax
    sop_class, sop_instance = meta.get("MediaStorageSOPClassUID", ""), meta.get("MediaStorageSOPInstanceUID", "")
    if transfer_syntax and ((sop_class and sop_instance) or is_deflated(transfer_syntax)):
        return sop_class, sop_instance, transfer_syntax
    if transfer_syntax:
        walked = index(file.data_set(), encoding_of(transfer_syntax))
    else:
        transfer_syntax, walked = part10.guess_encoding(file.data_set())
    key = walked.key()
    return sop_class or key.sop_class, sop_instance or key.sop_instance, transfer_syntax


def _ignore(event: Event) -> None:
    """The outcomes say it all."""
