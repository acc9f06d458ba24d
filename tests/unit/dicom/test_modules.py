"""What PS3.3 says of levels and types, as far as the table has it."""

import pytest

from dicomrules.dicom.modules import Level, kinds, levels_of
from dicomrules.dicom.tags import tag_of

CT = "1.2.840.10008.5.1.4.1.1.2"


def tag(keyword: str) -> int:
    found = tag_of(keyword)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("keyword", "level"),
    [
        ("PatientID", Level.PATIENT),
        ("IssuerOfPatientID", Level.PATIENT),
        ("StudyDescription", Level.STUDY),
        ("PatientAge", Level.STUDY),
        ("AccessionNumber", Level.STUDY),
        ("Modality", Level.SERIES),
        ("InstitutionName", Level.SERIES),
        ("RequestAttributesSequence", Level.SERIES),
        ("SOPInstanceUID", Level.INSTANCE),
        ("Rows", Level.INSTANCE),
    ],
)
def test_an_attribute_has_the_level_of_its_module(keyword: str, level: Level) -> None:
    assert levels_of(tag(keyword)) == (level,)


def test_an_attribute_of_several_modules_may_have_several_levels() -> None:
    assert levels_of(tag("ProtocolName")) == (Level.SERIES, Level.INSTANCE)


def test_what_the_standard_does_not_place_has_no_level() -> None:
    assert levels_of(0x00091001) == ()
    assert levels_of(tag("PatientAddress")) == ()  # retired


def test_a_class_has_the_required_attributes_of_its_mandatory_modules() -> None:
    (ct,) = kinds([CT])
    assert ct.name == "CT Image"
    assert {tag("Modality"), tag("ImageType"), tag("Rows")} <= ct.type1
    assert {tag("PatientID"), tag("KVP")} <= ct.type2
    assert not ct.type1 & ct.type2


def test_every_object_has_a_patient_a_study_and_a_series() -> None:
    assert len(kinds()) > 150
    for each in kinds():
        assert {tag("StudyInstanceUID"), tag("SeriesInstanceUID"), tag("SOPInstanceUID")} <= each.type1
        assert tag("PatientID") in each.type2


def test_a_class_that_is_not_known_has_no_kind() -> None:
    assert kinds(["1.2.3"]) == ()
