"""Preamble and file meta information."""

import io
import random
import zlib

import pydicom
import pytest

from dicomrules.dicom import part10
from dicomrules.dicom.index import IndexLimits
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.part10 import Part10, guess_encoding, head, plain_head, read_head
from dicomrules.dicom.source import MemoryBytes, Tail
from dicomrules.dicom.uids import is_uid
from tests.objects import ct, data_set_bytes, file_bytes, raw_element, raw_head, real_files, rtstruct, split

CT, INSTANCE = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4"
EXPLICIT, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
PREAMBLE = bytes(128) + b"DICM"


def read(data: bytes) -> Part10:
    return read_head(MemoryBytes(data))


def test_our_own_uids_are_uids() -> None:
    assert is_uid(part10.IMPLEMENTATION_CLASS_UID)
    assert is_uid(part10.RECORD_CREATOR_UID)
    assert len(part10.IMPLEMENTATION_VERSION_NAME) <= 16


def test_the_head_of_a_spool_file_is_dicom_with_a_place_for_the_record() -> None:
    made = head(CT, INSTANCE, EXPLICIT, "MODALITY")
    meta = pydicom.dcmread(io.BytesIO(made.data)).file_meta
    assert meta.MediaStorageSOPClassUID == CT
    assert meta.MediaStorageSOPInstanceUID == INSTANCE
    assert meta.TransferSyntaxUID == EXPLICIT
    assert meta.SourceApplicationEntityTitle == "MODALITY"
    assert meta.ImplementationClassUID == part10.IMPLEMENTATION_CLASS_UID
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert meta.PrivateInformationCreatorUID == part10.RECORD_CREATOR_UID
    assert meta.PrivateInformation == bytes(4096)
    assert meta.FileMetaInformationGroupLength == len(made.data) - 144
    assert made.data[made.record_offset :] == bytes(4096)


def test_the_record_is_always_the_last_thing_before_the_data_set() -> None:
    for aet in ("", "ODD", "EVEN"):
        made = head(CT, INSTANCE, EXPLICIT, aet)
        found = read(made.data + b"data set")
        assert found.dataset_start == len(made.data)
        assert made.record_offset == found.dataset_start - part10.RECORD_LENGTH
        assert ("SourceApplicationEntityTitle" in found.meta) is bool(aet)


def test_the_head_of_a_file_that_leaves_has_no_record() -> None:
    made = plain_head((CT, INSTANCE), IMPLICIT, "GATEWAY")
    meta = pydicom.dcmread(io.BytesIO(made)).file_meta
    assert meta.TransferSyntaxUID == IMPLICIT
    assert "PrivateInformation" not in meta
    assert "PrivateInformationCreatorUID" not in meta


def test_what_came_with_an_object_is_kept_beside_what_is_ours() -> None:
    came = b"MZ" + bytes(126) + b"DICM" + raw_element(0x00020000, "UL", b"\1\2\3\4")
    for tag, vr, value in (
        (0x00020001, "OB", b"\0\7"),
        (0x00020002, "UI", b"9.9\0"),
        (0x00020010, "UI", b"9.9\0"),
        (0x00020013, "SH", b"THEIRS"),
        (0x00020017, "AE", b"SENDER"),
        (0x00020100, "UI", b"1.2\0"),
        (0x00020102, "OB", b"mine"),
    ):
        came += raw_element(tag, vr, value)
    found = read(came + raw_element(0x00080016, "UI", b"1.2\0"))
    assert found.raw == came
    made = plain_head((CT, INSTANCE), EXPLICIT, came_with=found.raw)
    meta = pydicom.dcmread(io.BytesIO(made)).file_meta
    assert made[:128] == bytes(128), "the preamble may be a program"
    assert meta.MediaStorageSOPClassUID == CT
    assert meta.TransferSyntaxUID == EXPLICIT
    assert meta.ImplementationVersionName == part10.IMPLEMENTATION_VERSION_NAME
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert meta.SendingApplicationEntityTitle == "SENDER"
    assert meta.PrivateInformation == b"mine"
    assert meta.FileMetaInformationGroupLength == len(made) - 144


@pytest.mark.parametrize("length", [0, 1, 300, part10.LONGEST_META])
def test_what_an_object_came_with_is_kept_in_the_head_of_its_spool_file(length: int) -> None:
    came_with = random.Random(length).randbytes(length)
    made = head(CT, INSTANCE, EXPLICIT, "X", came_with)
    found = read_head(MemoryBytes(made.data + b"data set"), part10.LONGEST_HEAD)
    assert found.dataset_start == len(made.data)
    assert made.data[made.record_offset :] == bytes(part10.RECORD_LENGTH)
    assert part10.came_with_of(found.raw) == came_with
    assert pydicom.dcmread(io.BytesIO(made.data)).file_meta.MediaStorageSOPInstanceUID == INSTANCE


def test_an_object_that_came_without_a_file_came_with_nothing() -> None:
    assert part10.came_with_of(head(CT, INSTANCE, EXPLICIT, "X").data) is None


@pytest.mark.parametrize("place", [2, 20, 40])
def test_damage_to_what_it_came_with_is_found(place: int) -> None:
    made = bytearray(head(CT, INSTANCE, EXPLICIT, "X", random.Random(1).randbytes(60)).data)
    start = len(made) - part10.RECORD_LENGTH - len(zlib.compress(random.Random(1).randbytes(60)))
    made[start - 1 + place] ^= 0x55
    with pytest.raises(MalformedDataSet, match="damaged"):
        part10.came_with_of(bytes(made))


def test_what_is_kept_grows_no_longer_than_what_may_come() -> None:
    bomb = head(CT, INSTANCE, EXPLICIT, "X", bytes(part10.LONGEST_META + 1)).data
    with pytest.raises(MalformedDataSet, match="damaged"):
        part10.came_with_of(bomb)


def test_who_sent_it_stays_as_it_came() -> None:
    came = bytes(128) + b"DICM" + raw_element(0x00020016, "AE", b"THEM")
    assert read(plain_head((CT, INSTANCE), EXPLICIT, "DROP", came)).meta["SourceApplicationEntityTitle"] == "THEM"
    assert read(plain_head((CT, INSTANCE), EXPLICIT, "DROP", b"")).meta["SourceApplicationEntityTitle"] == "DROP"


def test_our_own_record_never_leaves() -> None:
    made = plain_head((CT, INSTANCE), EXPLICIT, came_with=head(CT, INSTANCE, EXPLICIT, "X").data)
    assert made == plain_head((CT, INSTANCE), EXPLICIT, "X")


def test_a_file_of_pydicom_is_read() -> None:
    content = file_bytes(ct(8))
    found = read(content)
    assert found.transfer_syntax == EXPLICIT
    assert found.meta["MediaStorageSOPClassUID"] == CT
    assert content[found.dataset_start :] == data_set_bytes(ct(8))


def test_real_files_are_read_as_pydicom_reads_them() -> None:
    compared = 0
    for path in real_files():
        content = path.read_bytes()
        if 140 < len(content) < 1_000_000:
            found = read(content)
            assert (found.transfer_syntax, found.dataset_start) == split(content), path.name
            compared += 1
    assert compared > 150


def test_group_length_preamble_and_all_of_it_may_be_missing() -> None:
    meta = raw_element(0x00020010, "UI", b"1.2.840.10008.1.2\0")
    element = raw_element(0x00080016, "", b"1.2\0")
    assert read(PREAMBLE + meta + element) == Part10(158, IMPLICIT, {"TransferSyntaxUID": IMPLICIT}, PREAMBLE + meta)
    assert read(meta + element).dataset_start == 26
    assert read(b"DICM" + meta + element).dataset_start == 30
    assert read(PREAMBLE + element) == Part10(132, "", {}, PREAMBLE)
    assert read(element) == Part10(0)
    assert read(b"") == Part10(0)


def test_file_meta_information_without_vr_is_read() -> None:
    meta = raw_element(0x00020000, "", b"\x1a\0\0\0") + raw_element(0x00020010, "", b"1.2.840.10008.1.2\0")
    assert read(PREAMBLE + meta + raw_element(0x00080016, "", b"1.2\0")).transfer_syntax == IMPLICIT


def test_a_wrong_group_length_does_not_matter() -> None:
    meta = raw_element(0x00020000, "UL", b"\xff\xff\xff\xff") + raw_element(0x00020010, "UI", b"1.2.840.10008.1.2\0")
    assert read(PREAMBLE + meta + raw_element(0x00080016, "", b"1.2\0")).dataset_start == len(PREAMBLE + meta)


@pytest.mark.parametrize(
    "meta",
    [
        raw_head(0x00020010, "UI", 100) + b"1.2",
        raw_head(0x00020102, "OB", 0xFFFFFFFF) + bytes(100),
        raw_head(0x00020102, "OB", 0x7FFFFFFF),
        raw_head(0x00020102, "OB", 4)[:-2],
        raw_element(0x00020000, "UL", bytes(4)) + b"\2\0\x10\0\0\0\4\0abcd",
        raw_element(0x00020102, "OB", bytes(70_000)) + raw_element(0x00080016, "UI", b"1 "),
        b"".join(raw_element(0x00020100, "UI", b"1 ") for _ in range(20_000)),
        b"".join(raw_element(0x00020100, "UI", b"") for _ in range(3_000)),
    ],
)
def test_p06_nonsense_in_file_meta_information_is_refused(meta: bytes) -> None:
    with pytest.raises(MalformedDataSet):
        read(PREAMBLE + meta)


@pytest.mark.parametrize("transfer_syntax", [EXPLICIT, IMPLICIT, BIG])
@pytest.mark.parametrize("data_set", [ct(16), rtstruct(1, 1, 3)], ids=["ct", "rtstruct"])
def test_what_nothing_says_is_guessed_when_one_encoding_fits(data_set: pydicom.Dataset, transfer_syntax: str) -> None:
    data = data_set_bytes(data_set, transfer_syntax)
    guessed, walked = guess_encoding(Tail(MemoryBytes(PREAMBLE + data), 132))
    assert guessed == transfer_syntax
    assert walked.key().sop_instance == data_set.SOPInstanceUID


@pytest.mark.parametrize("data", [b"", b"a text file is no image", bytes(1000), raw_element(0x00100020, "LO", b"4711")])
def test_nothing_is_guessed_where_nothing_fits(data: bytes) -> None:
    with pytest.raises(MalformedDataSet, match="guess"):
        guess_encoding(MemoryBytes(data), IndexLimits())
