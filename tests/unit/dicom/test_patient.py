"""Whose object is it: what counts as the same patient within one study, and what is kept of him."""

import pytest

from dicomrules.dicom.index import index
from dicomrules.dicom.patient import Naming, Patient, naming, patient
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import encoding_of
from tests.objects import ct, data_set_bytes

STUDY = "1.2.3"
DOE = Naming("4711", "HOSPITAL", "Doe^John", "19500203")


def of(**changes: str) -> Patient:
    return patient(STUDY, DOE._replace(**changes))


@pytest.mark.parametrize(
    "same",
    [
        {"patient_id": " 4711 "},
        {"patient_id": "4711\0"},
        {"issuer": ""},
        {"name": "DOE^JOHN"},
        {"name": "Doe^John^^^"},
        {"name": "Doe ^ John "},
        {"name": "Doe^John=山田^太郎"},
        {"name": ""},
        {"birth_date": ""},
        {"patient_id": ""},
    ],
)
def test_what_is_written_in_another_way_or_not_said_is_the_same_patient(same: dict[str, str]) -> None:
    assert of().may_be(of(**same))
    assert of(**same).may_be(of())


@pytest.mark.parametrize(
    "other",
    [
        {"patient_id": "4712"},
        {"patient_id": "04711"},
        {"issuer": "OTHER"},
        {"name": "Doe^Jane"},
        {"name": "Doe^^John"},
        {"birth_date": "19500204"},
    ],
)
def test_i03_anything_that_both_say_and_that_differs_is_another_patient(other: dict[str, str]) -> None:
    assert not of().may_be(of(**other))
    assert not of(**other).may_be(of())


def test_the_case_of_a_patient_id_counts() -> None:
    assert not of(patient_id="a1").may_be(of(patient_id="A1"))


def test_a_composed_and_a_decomposed_letter_are_the_same() -> None:
    assert of(name="Müller").may_be(of(name="Mu\u0308ller"))


def test_digests_tell_nothing_of_another_study_of_the_same_patient() -> None:
    one, other = patient("1.2.3", DOE), patient("1.2.4", DOE)
    assert not set(one.parts) & set(other.parts)
    assert not any(word.encode() in part for part in one.parts for word in DOE)


def test_what_one_object_leaves_open_another_one_fills_in() -> None:
    unnamed = of(name="", issuer="")
    assert unnamed.with_more(of()) == of()
    assert Patient().says_nothing
    assert not unnamed.says_nothing


def test_names_are_read_in_the_character_set_of_the_object() -> None:
    object_ = ct(size=8)
    latin = naming(index(MemoryBytes(data_set_bytes(object_)), encoding_of("1.2.840.10008.1.2.1")))
    object_.SpecificCharacterSet, object_.PatientName = "ISO_IR 192", "Müller^Jürgen"
    utf8 = naming(index(MemoryBytes(data_set_bytes(object_)), encoding_of("1.2.840.10008.1.2.1")))
    assert latin == utf8
    assert latin.name == "Müller^Jürgen"


def test_a_name_that_cannot_be_read_is_the_same_again_and_no_other() -> None:
    def said(name: bytes) -> Naming:
        raw = b"\x08\0\x05\0CS\x0a\0ISO_IR 192\x10\0\x10\0PN" + len(name).to_bytes(2, "little") + name
        return naming(index(MemoryBytes(raw), encoding_of("1.2.840.10008.1.2.1")))

    broken = patient(STUDY, said(b"M\xfcller"))
    assert broken.may_be(patient(STUDY, said(b"M\xfcller")))
    assert not broken.may_be(patient(STUDY, said(b"M\xfeller")))


def test_a_value_without_end_is_not_read_as_a_whole() -> None:
    raw = b"\x10\0\x20\0UT\0\0\x00\x00\x10\x00" + b"A" * 0x100000
    said = naming(index(MemoryBytes(raw), encoding_of("1.2.840.10008.1.2.1")))
    assert len(said.patient_id) < 2000
