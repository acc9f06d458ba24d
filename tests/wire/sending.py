"""What the tests of senders share: files that stand for the spool, and deliveries of them."""

import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import _read_file_meta_info, read_preamble

from dicomrules.dicom.patch import Patch
from dicomrules.model.delivery import Delivery, Outcome, State
from dicomrules.model.destination import DicomDestination, Timeouts
from dicomrules.model.event import Event
from dicomrules.senders.cstore import CStoreSender
from dicomrules.spool.errors import SpoolError

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG = "1.2.840.10008.1.2.4.50"


class OpenFile:
    """An open file whose data set begins at `dataset_offset`, as the spool gives it."""

    def __init__(self, path: Path, dataset_offset: int) -> None:
        self.fd = os.open(path, os.O_RDONLY)
        self.dataset_offset = dataset_offset
        self.length = os.fstat(self.fd).st_size - dataset_offset

    def __enter__(self) -> "OpenFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.fd)


class Folder:
    """Data sets in a folder, each behind 100 bytes that stand for preamble and file meta."""

    HEAD = b"\xee" * 100

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opened = 0

    def open(self, ref: str) -> OpenFile:
        self.opened += 1
        try:
            return OpenFile(self.root / ref, len(self.HEAD))
        except FileNotFoundError:
            raise SpoolError(f"{ref} is not in the spool") from None

    def add(self, number: int, data_set: bytes, sop_class: str = CT, syntax: str = EXPLICIT) -> Delivery:
        """Keep a data set and return its delivery, in its first attempt."""
        ref = f"{number}.dcm"
        (self.root / ref).write_bytes(self.HEAD + data_set)
        digest = hashlib.sha256(data_set).hexdigest()
        return Delivery(
            id=number,
            instance_id=number,
            destination="sink",
            spool_ref=ref,
            sop_class=sop_class,
            sop_instance=f"1.2.3.{number}",
            study="1.2.3",
            transfer_syntax=syntax,
            length=len(data_set),
            digest=digest,
            patch=Patch(digest),
            state=State.SENDING,
            attempts=1,
            next_attempt=datetime(2026, 1, 1, tzinfo=UTC),
        )

    def damage(self, delivery: Delivery, position: int) -> None:
        """Flip one bit of a kept data set."""
        path = self.root / delivery.spool_ref
        raw = bytearray(path.read_bytes())
        raw[len(self.HEAD) + position] ^= 0x10
        path.write_bytes(raw)


def some(number: int, length: int = 20_000) -> bytes:
    """Bytes that stand for a data set: the sink looks at none of them."""
    return hashlib.shake_128(str(number).encode()).digest(length)


def destination(port: int, response: float = 5.0, connect: float = 2.0, max_pdu: int = 128 * 1024) -> DicomDestination:
    """A destination on this machine."""
    timeouts = Timeouts(timedelta(seconds=connect), timedelta(seconds=response))
    return DicomDestination("sink", "SINK", "127.0.0.1", port, "DICOMRULES", timeouts=timeouts, max_pdu=max_pdu)


class Sending:
    """A sender to a destination, and the events it emitted."""

    def __init__(self, to: DicomDestination, folder: Folder) -> None:
        self.events: list[Event] = []
        self.sender = CStoreSender(to, folder, self.events.append)

    def __call__(self, *deliveries: Delivery) -> list[Outcome]:
        """Send a batch: the outcomes, which must come in order, one for each."""
        pairs = list(self.sender.send(deliveries))
        assert [delivery.id for delivery, _ in pairs] == [delivery.id for delivery in deliveries]
        return [outcome for _, outcome in pairs]

    def names(self) -> list[str]:
        """The names of the events so far."""
        return [event.name for event in self.events]

    def __enter__(self) -> "Sending":
        return self

    def __exit__(self, *_: object) -> None:
        self.sender.close()


def taken_apart(path: Path) -> tuple[FileMetaDataset, bytes]:
    """The file meta and the bytes of the data set of a Part 10 file, by pydicom."""
    with path.open("rb") as file:
        read_preamble(file, False)
        meta = _read_file_meta_info(file)
        return meta, file.read()


def sample(folder: Folder, number: int, name: str) -> Delivery:
    """The delivery of one of pydicom's test files."""
    meta, data_set = taken_apart(Path(str(get_testdata_file(name))))
    delivery = folder.add(number, data_set, str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID))
    return replace(delivery, sop_instance=str(meta.MediaStorageSOPInstanceUID))
