"""Deliveries of small objects, and a spool to take them from, for senders that write Part 10."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from dicomrules.dicom.patch import Patch
from dicomrules.model.delivery import Delivery, State
from dicomrules.spool.errors import SpoolError
from tests.objects import CTImageStorage, raw_element

EXPLICIT = "1.2.840.10008.1.2.1"


class StoredFile:
    """A spool file in a folder of its own; the data set begins behind a few bytes."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDONLY)
        self.dataset_offset = 7
        self.length = path.stat().st_size - 7

    def meta(self) -> dict[str, str]:
        """It says nothing."""
        return {}

    def came_with(self) -> bytes | None:
        """It came by C-STORE."""
        return None

    def blob(self, file: str) -> int:
        """It has none."""
        raise SpoolError(f"{file} is not there")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


class Files:
    """The spool, as a sender sees it; with an `error`, one that cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.error: SpoolError | None = None

    def open(self, ref: str) -> StoredFile:
        if self.error:
            raise self.error
        return StoredFile(self.folder / ref)

    def delivery(self, number: int = 1, size: int = 100, **more: Any) -> Delivery:
        """A delivery of an object made for it, with `size` bytes of Pixel Data."""
        data_set = small(number, size)
        (self.folder / str(number)).write_bytes(b"7 bytes" + data_set)
        return delivery_of(data_set, number, **more)


def small(number: int, size: int = 100) -> bytes:
    """A data set with little in it."""
    return b"".join(
        (
            raw_element(0x00080016, "UI", CTImageStorage.encode() + b"\0"),
            raw_element(0x00080018, "UI", f"1.2.3.{1000 + number}".encode()),
            raw_element(0x00100020, "LO", b"4711"),
            raw_element(0x0020000D, "UI", b"1.2.3\0"),
            raw_element(0x7FE00010, "OB", bytes(size)),
        )
    )


def delivery_of(data_set: bytes, number: int = 1, **more: Any) -> Delivery:
    """A delivery of `data_set`, which lies under its number."""
    digest = hashlib.sha256(data_set).hexdigest()
    return Delivery(
        **{
            "id": number,
            "instance_id": number,
            "destination": "vna",
            "spool_ref": str(number),
            "sop_class": CTImageStorage,
            "sop_instance": f"1.2.3.{1000 + number}",
            "study": "1.2.3",
            "transfer_syntax": EXPLICIT,
            "length": len(data_set),
            "digest": digest,
            "patch": Patch(digest),
            "state": State.SENDING,
            "attempts": 1,
            "next_attempt": datetime(2026, 1, 1, tzinfo=UTC),
            "calling_aet": "CT_A1",
            **more,
        }
    )
