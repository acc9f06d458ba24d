"""Unique identifiers."""

import pytest
from pynetdicom.sop_class import _STORAGE_CLASSES

from dicomrules.dicom import uids
from dicomrules.dicom.tags import tag_of

CT = "1.2.840.10008.5.1.4.1.1.2"


def test_registered_uids_have_keyword_and_name() -> None:
    assert uids.uid_of("CTImageStorage") == CT
    assert uids.uid_keyword(CT) == "CTImageStorage"
    assert uids.uid_name(CT) == "CT Image Storage"
    assert uids.uid_of("NoSuchThing") is None
    assert uids.uid_name("1.2.3") == "1.2.3"
    assert "ExplicitVRLittleEndian" in uids.uid_keywords()


def test_registered_uids_are_told_from_those_of_instances() -> None:
    assert uids.is_registered(CT)
    assert not uids.is_registered("1.2.840.113619.2.1")


def test_every_class_that_travels_by_c_store_is_a_storage_class() -> None:
    assert all(uids.is_storage_class(uid) for uid in _STORAGE_CLASSES.values())


@pytest.mark.parametrize(
    "keyword",
    ["Verification", "StorageCommitmentPushModel", "MediaStorageDirectoryStorage", "ImplicitVRLittleEndian"],
)
def test_other_uids_are_no_storage_classes(keyword: str) -> None:
    uid = uids.uid_of(keyword)
    assert uid is not None
    assert not uids.is_storage_class(uid)


def test_transfer_syntaxes_are_known() -> None:
    assert uids.is_transfer_syntax("1.2.840.10008.1.2.1")
    assert not uids.is_transfer_syntax(CT)


@pytest.mark.parametrize("text", ["1", "1.2.840.10008.1.2", "2.25." + "1" * 39, "0.0"])
def test_digits_and_dots_are_a_uid(text: str) -> None:
    assert uids.is_uid(text)


@pytest.mark.parametrize("text", ["", ".", "..", "1.", ".1", "1..2", "1.2/3", "1.2 ", "1" * 65, "../x", "١.٢"])
def test_everything_else_is_no_uid(text: str) -> None:
    assert not uids.is_uid(text)


def test_attributes_that_hold_classes_are_told_from_those_that_name_an_instance() -> None:
    classes = ("SOPClassUID", "ReferencedSOPClassUID", "CodingSchemeUID", "AvailableTransferSyntaxUID")
    instances = ("SOPInstanceUID", "ReferencedSOPInstanceUID", "FrameOfReferenceUID", "UID", "TrackingUID")
    assert all(uids.holds_classes(tag_of(keyword) or 0) for keyword in classes)
    assert not any(uids.holds_classes(tag_of(keyword) or 0) for keyword in instances)
    assert not uids.holds_classes(0x00091010)
