"""Deliveries become files: whole, as patched, under the name of what is in them, or not at all."""

import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicomrules.dicom.patch import Blob, Patch, Splice
from dicomrules.model.delivery import Delivery, Kind
from dicomrules.model.destination import FolderDestination
from dicomrules.model.event import Event
from dicomrules.senders.folder import FolderSender
from dicomrules.spool.errors import SpoolError
from tests.unit.senders.material import Files, delivery_of

CT = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
DATA_SET = CT[CT.index(b"\x08\x00\x05\x00CS") :]
UID = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
EXPLICIT = "1.2.840.10008.1.2.1"


class Archive:
    """A folder destination with its sender."""

    def __init__(self, root: Path) -> None:
        self.out = root / "out"
        self.files = Files(root)
        self.events: list[Event] = []
        self.sender = FolderSender(FolderDestination("archive", self.out), self.files, self.events.append)
        (root / "ref").write_bytes(b"7 bytes" + DATA_SET)

    def sent(self, *deliveries: Delivery) -> list[tuple[Kind, str]]:
        outcomes = [outcome for _, outcome in self.sender.send(deliveries)]
        assert all(outcome.started_at and outcome.ended_at for outcome in outcomes)
        return [(outcome.kind, outcome.message) for outcome in outcomes]

    def written(self) -> list[str]:
        return sorted(str(file.relative_to(self.out)) for file in self.out.rglob("*") if file.is_file())


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(tmp_path)
    yield archive
    archive.sender.close()


def delivery(*splices: Splice, data_set: bytes = DATA_SET) -> Delivery:
    patch = Patch(hashlib.sha256(data_set).hexdigest(), splices)
    return delivery_of(data_set, destination="archive", spool_ref="ref", sop_instance=UID, study="1.2", patch=patch)


def replaced(old: bytes, new: bytes) -> Splice:
    """The value of PatientID, of equal length, replaced."""
    start = DATA_SET.index(old)
    return Splice(start, start + len(old), new)


def test_what_came_leaves_byte_for_byte_in_a_file_of_ours(archive: Archive) -> None:
    assert archive.sent(delivery()) == [(Kind.SENT, "written")]
    (name,) = archive.written()
    dataset = pydicom.dcmread(archive.out / name)
    assert name == f"{dataset.PatientID}/{dataset.StudyInstanceUID}/{dataset.SOPInstanceUID}.dcm"
    assert (archive.out / name).read_bytes().endswith(DATA_SET)
    assert (archive.out / name).stat().st_size == 132 + 12 + dataset.file_meta.FileMetaInformationGroupLength + len(
        DATA_SET
    )
    assert dataset.file_meta.TransferSyntaxUID == EXPLICIT
    assert dataset.file_meta.MediaStorageSOPInstanceUID == UID
    assert dataset.file_meta.SourceApplicationEntityTitle == "CT_A1"


def test_the_name_is_that_of_what_leaves(archive: Archive) -> None:
    assert archive.sent(delivery(replaced(b"1CT1", b"../x"))) == [(Kind.SENT, "written")]
    (name,) = archive.written()
    assert name.startswith("%2E.%2Fx/")
    assert pydicom.dcmread(archive.out / name).PatientID == "../x"


def test_the_mode_is_what_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        archive = Archive(tmp_path)
    finally:
        os.umask(before)
    archive.sent(delivery())
    (name,) = archive.written()
    assert (archive.out / name).stat().st_mode & 0o777 == 0o640


def test_sending_again_is_as_good(archive: Archive) -> None:
    assert archive.sent(delivery(), delivery()) == [(Kind.SENT, "written")] * 2
    assert len(archive.written()) == 1


def test_d18_another_content_under_the_same_name_gets_a_number_and_says_so(archive: Archive) -> None:
    model = DATA_SET.index(b"RHAPSODE")
    ((_, first), (kind, second)) = archive.sent(delivery(), delivery(Splice(model, model + 8, b"OTHER123")))
    assert (first, kind) == ("written", Kind.SENT)
    assert "another file has the name" in second
    assert [name.rpartition("/")[2] for name in archive.written()] == [f"{UID}.dcm", f"{UID}~2.dcm"]


@pytest.mark.parametrize("place", [0, len(DATA_SET) // 2, len(DATA_SET) - 1])
def test_a_damaged_spool_file_never_becomes_a_file(archive: Archive, place: int) -> None:
    damaged = bytearray(b"7 bytes" + DATA_SET)
    damaged[7 + place] ^= 1
    (archive.files.folder / "ref").write_bytes(damaged)
    ((kind, message),) = archive.sent(delivery())
    assert kind is Kind.CORRUPT
    assert "SHA-256" in message
    assert archive.written() == []
    assert [event.name for event in archive.events] == ["delivery.unfit"]


def test_damage_in_bytes_that_do_not_leave_counts_too(archive: Archive) -> None:
    splice = replaced(b"1CT1", b"2CT2")
    damaged = bytearray(b"7 bytes" + DATA_SET)
    damaged[7 + splice.start] ^= 1
    (archive.files.folder / "ref").write_bytes(damaged)
    ((kind, _),) = archive.sent(delivery(splice))
    assert kind is Kind.CORRUPT
    assert archive.written() == []


def test_a_spool_file_cut_short_is_corrupt(archive: Archive) -> None:
    (archive.files.folder / "ref").write_bytes(b"7 bytes" + DATA_SET[:-10])
    ((kind, _),) = archive.sent(replace(delivery()))
    assert kind is Kind.CORRUPT
    assert archive.written() == []


@pytest.mark.parametrize(("number", "kind"), [(0, Kind.CORRUPT), (errno.EIO, Kind.DEFERRED)])
def test_a_spool_file_that_cannot_be_read(archive: Archive, number: int, kind: Kind) -> None:
    archive.files.error = SpoolError("it cannot be read", number)
    assert archive.sent(delivery()) == [(kind, "it cannot be read")]


def test_a_patch_that_breaks_the_data_set_fails(archive: Archive) -> None:
    ((kind, message),) = archive.sent(delivery(Splice(0, 3, b"")))
    assert kind is Kind.FAILED
    assert "no whole data set" in message
    assert archive.written() == []


def test_new_bytes_in_a_file_of_their_own_are_not_left_out(archive: Archive) -> None:
    ((kind, _),) = archive.sent(delivery(Splice(0, 0, Blob("blob", 3, "00" * 32))))
    assert kind is not Kind.SENT
    assert archive.written() == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_d18_what_the_file_system_cannot_do_now_is_tried_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", refuse)
    ((kind, message),) = archive.sent(delivery())
    assert kind is Kind.DEFERRED
    assert os.strerror(number) in message
    monkeypatch.undo()
    assert archive.written() == []
    assert archive.sent(delivery()) == [(Kind.SENT, "written")]


def test_d18_a_link_in_the_path_is_not_followed(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    archive.out.mkdir()
    (archive.out / "1CT1").symlink_to(tmp_path / "elsewhere")
    ((kind, message),) = archive.sent(delivery())
    assert kind is Kind.DEFERRED
    assert "link" in message
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_that_was_unmounted_is_found_again(archive: Archive) -> None:
    archive.sent(delivery())
    archive.sender.close()
    archive.out.rename(archive.out.with_name("elsewhere"))
    assert archive.sent(delivery()) == [(Kind.SENT, "written")]
    assert len(archive.written()) == 1
