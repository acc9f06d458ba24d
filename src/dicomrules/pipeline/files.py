"""DICOM files outside the spool, opened for deciding: what `apply` and `explain` read."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dicomrules.dicom.deflate import inflate
from dicomrules.dicom.index import Index, IndexLimits, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.part10 import Part10, guess_encoding, read_head
from dicomrules.dicom.source import Bytes, MemoryBytes
from dicomrules.dicom.syntax import EXPLICIT_VR_LITTLE_ENDIAN, encoding_of, is_deflated
from dicomrules.model.instance import Envelope, Peer
from dicomrules.model.receiver import Limits
from dicomrules.spool.calls import SYSTEM
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.file import DatasetBytes, OpenFile

_LONGEST_INFLATED = 512 * 1024 * 1024  # held in memory here, so less than the gateway takes
_FIRST = 64 * 1024  # bytes read at once: file meta and nearly every header; a longer one is read on by windows
_NO_DIGEST = hashlib.sha256().hexdigest()


class Unfit(Exception):
    """This file is no whole DICOM object, or cannot be read. The text holds no values of the object."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file and the Envelope made of it; the data set begins at `head.dataset_start` and is read through `source`.

    `transfer_syntax` is that of `source`: a deflated data set is read inflated. `as_opened` is how the file looked
    before anything of it was read.
    """

    path: Path
    fd: int
    head: Part10
    source: Bytes
    transfer_syntax: str
    envelope: Envelope
    as_opened: tuple[int, int]

    def check_unchanged(self) -> None:
        """Raises Unfit when somebody has written to the file since."""
        if _look(self.fd) != self.as_opened:
            raise Unfit("it changed while it was read")


def below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, and every folder there that cannot be read: what becomes of it is told as of a file.

    Links to folders are not followed.
    """
    unread: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=lambda error: unread.append(Path(error.filename))):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names))
    yield from unread


@contextmanager
def opened(path: Path, peer: Peer, limits: Limits | None = None) -> Iterator[OpenedFile]:
    """Open one file and walk it to its last byte. Raises Unfit.

    The digest of the Envelope is not that of the bytes: files of a person's own folder are rewritten in one go, and
    `apply` looks at the file's size and time instead, before and after.
    """
    file = OpenFile(SYSTEM, _descriptor(path))
    try:
        yield _opened(path, file, peer, limits or Limits())
    except MalformedDataSet as malformed:
        raise Unfit(_words(malformed)) from malformed
    except SpoolError as error:
        raise Unfit("cannot be read to its end") from error
    finally:
        file.close()


def _descriptor(path: Path) -> int:
    """Of a regular file, opened for reading; a FIFO or a device would keep us waiting."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise Unfit(f"cannot be read: {(error.strerror or type(error).__name__).lower()}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Unfit("is no file but a folder, a pipe or a device")
    return fd


def _look(fd: int) -> tuple[int, int]:
    """Size and time of the last change: what differs once somebody has written."""
    status = os.fstat(fd)
    return status.st_size, status.st_mtime_ns


def _words(malformed: MalformedDataSet) -> str:
    """What is wrong, and where when there is a where."""
    place = str(malformed) if malformed.offset or malformed.tag else malformed.reason
    return f"no whole DICOM object: {place.removesuffix(', no element')}"


def _opened(path: Path, file: OpenFile, peer: Peer, limits: Limits) -> OpenedFile:
    as_opened = _look(file.fd)
    size, _ = as_opened
    first = file.read(min(size, _FIRST), 0)
    head = read_head(DatasetBytes(file, 0, size, first))
    length = size - head.dataset_start
    source: Bytes = DatasetBytes(file, head.dataset_start, length, first[head.dataset_start :])
    syntax, found = _walked(source, head, IndexLimits(limits.elements, limits.nesting))
    key = found.key()
    if not key.sop_class or not key.sop_instance:
        raise Unfit("no whole DICOM object: it has no SOP Class UID or no SOP Instance UID")
    envelope = Envelope(
        key=key,
        index=found,
        spool_ref="",
        peer=peer,
        received_at=datetime.now(UTC),
        transfer_syntax=head.transfer_syntax or syntax,
        length=length,
        digest=_NO_DIGEST,
        source_path=path.name,
        meta=head.meta,
    )
    return OpenedFile(path, file.fd, head, found.source, syntax, envelope, as_opened)


def _walked(source: Bytes, head: Part10, limits: IndexLimits) -> tuple[str, Index]:
    """Transfer syntax and index, of the inflated data set where it is deflated."""
    if not head.transfer_syntax:
        return guess_encoding(source, limits)
    if not is_deflated(head.transfer_syntax):
        return head.transfer_syntax, index(source, encoding_of(head.transfer_syntax), limits)
    pieces = (
        source.read(at, min(at + DatasetBytes.WINDOW, source.length))
        for at in range(0, source.length, DatasetBytes.WINDOW)
    )
    inflated = MemoryBytes(b"".join(inflate(pieces, min(_LONGEST_INFLATED, max(100 * source.length, 1024 * 1024)))))
    return EXPLICIT_VR_LITTLE_ENDIAN, index(inflated, encoding_of(EXPLICIT_VR_LITTLE_ENDIAN), limits)
