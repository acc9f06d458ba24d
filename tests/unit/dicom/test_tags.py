"""Tags and the dictionaries."""

import pytest
from pydicom.datadict import DicomDictionary

from dicomrules.dicom import tags
from dicomrules.dicom.path import Step, TagPath


@pytest.mark.parametrize("text", ["(0010,0020)", "00100020", "( 0010 , 0020 )", "0010,0020"])
def test_a_tag_is_read_in_the_forms_people_write(text: str) -> None:
    assert tags.parse_tag(text) == 0x00100020
    assert tags.format_tag(0x00100020) == "(0010,0020)"


@pytest.mark.parametrize("text", ["", "(0010)", "PatientID", "(0010,00200)", "(001g,0020)", "(60xx,3000)"])
def test_what_is_no_tag_is_none(text: str) -> None:
    assert tags.parse_tag(text) is None


def test_keyword_vr_vm_and_name_come_from_the_dictionary() -> None:
    assert tags.tag_of("PatientID") == 0x00100020
    assert tags.keyword_of(0x00100020) == "PatientID"
    assert (tags.vr_of(0x00100020), tags.vm_of(0x00100020)) == ("LO", "1")
    assert tags.name_of(0x00100020) == "Patient ID"
    assert tags.tag_of("NoSuchThing") is None
    assert tags.keyword_of(0x00110001) == ""


def test_every_attribute_of_the_dictionary_is_known() -> None:
    assert all(tags.vr_of(tag) == entry[0] for tag, entry in DicomDictionary.items())
    assert len(tags.keywords()) == 5085


def test_repeating_groups_are_known_by_any_of_their_tags() -> None:
    assert tags.keyword_of(0x60023000) == "OverlayData"
    assert tags.vr_of(0x60003000) == "OB or OW"
    mask = tags.mask_of("OverlayData")
    assert mask is not None
    assert mask.fits(0x60FE3000)
    assert not mask.fits(0x60003001)
    assert tags.mask_of("PatientID") is None


def test_group_lengths_and_creators_have_a_vr_in_every_group() -> None:
    assert tags.vr_of(0x00090000) == "UL"
    assert tags.vr_of(0x00090010) == "LO"
    assert tags.vr_of(0x00091001) == "UN"


def test_private_elements_are_known_by_their_creator() -> None:
    assert tags.private_vr("GEMS_ACQU_01", 0x00191002) == "SL"
    assert tags.private_vr("SIEMENS MR HEADER", 0x0019100C) == "IS", "pydicom writes hexadecimal letters in upper case"
    assert tags.private_vr("GEMS_ACQU_01", 0x0019AA02) == "SL"
    assert tags.private_vr("NOBODY", 0x00191002) == "UN"


def test_blocks_are_where_the_standard_puts_them() -> None:
    assert tags.is_private(0x00091001)
    assert not tags.is_private(0x00100020)
    assert tags.is_creator(0x000900FF)
    assert not tags.is_creator(0x00090100)
    assert tags.block_of(0x00091001) == 0x10
    assert tags.block_of(0x00090010) is None
    assert tags.block_of(0x00100020) is None
    assert tags.private_tag(0x0009, 0x10, 0x01) == 0x00091001
    assert tags.creator_tag(0x0009, 0x10) == 0x00090010


def test_a_mask_stands_for_every_tag_that_fits() -> None:
    mask = tags.parse_mask("(60xx,3000)")
    assert mask is not None
    assert mask.fits(0x60123000)
    assert not mask.fits(0x61123000)
    assert tags.parse_mask("(60zz,3000)") is None


def test_a_path_reads_as_people_write_it() -> None:
    path = TagPath((Step(0x00400275),)).into(1, 0x00400009)
    assert str(path) == "RequestAttributesSequence[item 1].ScheduledProcedureStepID"
    assert str(TagPath((Step(0x0019100F, creator="SIEMENS MR HEADER"),))) == '(0019,"SIEMENS MR HEADER",0F)'
    assert str(TagPath((Step(0x00090010),))) == "(0009,0010)"
