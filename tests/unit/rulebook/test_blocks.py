"""`test` blocks, whole (LANGUAGE 10): several objects, destinations, what stays, verdicts, stubs, files."""

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.objects import ct, file_bytes
from tests.unit.rulebook.say import codes, failures, results

RULES = """
tags people = [PatientName, (0010,0020), /.*PhysicianName/, vr AS]
rule number { when PatientID is present set PatientID = "A-" + PatientID otherwise quarantine "too long" }
rule empties { when StudyID == "x" empty PatientName, ReferringPhysicianName }
group trial {
  rule strip { remove PatientName anywhere }
  rule odd { when StudyID == "odd" quarantine "odd number" }
}
routes all every match { always => pacs when Modality == "CT" => research through trial }
"""


ODD = 'given Modality = "CT", StudyID = "odd" '
LONG = f'given PatientID = "{64 * "1"}" '


def failing(test: str) -> list[str]:
    return failures(RULES + 'test "t" { ' + test + " }")


@pytest.mark.parametrize(
    "test",
    [
        'given PatientID = "1" expect PatientID == "A-1" given PatientID = "2" expect PatientID == "A-2"',
        'given a: PatientID = "1" given b: PatientID = "2" expect a: PatientID == "A-1" expect b: PatientID == "A-2"',
        'given a: PatientID = "1" given b: PatientID = "1" expect b: PatientID == a.PatientID',
        'given a: PatientID = "1" given b: PatientID = "2" expect b: PatientID != a.PatientID',
        'given a: Modality = "CT" given b: Modality = "CT" expect b: SOPInstanceUID != a.SOPInstanceUID',
        'given a: Modality = "CT" given b: Modality = "CT" expect b: StudyInstanceUID in [a.StudyInstanceUID]',
        'given a: PatientName = "X^Y" given b: Modality = "CT" expect b: "X" == a.PatientName.family',
        'given Modality = "CT", PatientName = "X" expect at research PatientName is absent expect PatientName == "X"',
        'given Modality = "CT", PatientName = "X" expect at pacs PatientName == "X" expect at pacs unchanged',
        'given Modality = "CT", PatientName = "X" expect at research unchanged except PatientName',
        'given Modality = "CT", PatientID = "1" expect at research original.PatientID == "1"',
        ODD + 'expect at research quarantine "odd number" expect at research quarantine',
        ODD + "expect sent to pacs expect not sent to research expect fired odd, strip",
        'given StudyID = "x", PatientName = "X", ReferringPhysicianName = "Y" expect unchanged except tags people',
        'given PatientID = "1" expect unchanged except PatientID expect unchanged except tags people',
        'given Modality = "CT", PatientName = "X" expect at research unchanged except PatientName anywhere',
        'given Modality = "CT" expect fired strip expect not fired number, odd expect sent to pacs, research',
        'given Modality = "MR" expect not fired strip, odd expect sent to pacs expect not sent to research, vna',
        LONG + "expect sent nowhere expect quarantine",
        LONG + "expect at pacs quarantine",
    ],
)
def test_what_is_so_is_met(test: str) -> None:
    assert failing(test) == []


@pytest.mark.parametrize(
    ("test", "got"),
    [
        ('given a: PatientID = "1" given b: PatientID = "2" expect b: PatientID == a.PatientID', "A-2"),
        ('given a: Modality = "CT" given b: PatientID = "2" expect b: PatientID == a.PatientID', "A-2"),
        ('given Modality = "CT", PatientName = "X" expect at research PatientName == "X"', "absent"),
        ('given Modality = "CT", PatientName = "X" expect at research unchanged', "changed: PatientName"),
        ('given Modality = "MR" expect at research PatientName is absent', "sent to pacs"),
        ('given Modality = "CT", StudyID = "odd" expect at research PatientName is absent', 'quarantine "odd number"'),
        ('given Modality = "CT", StudyID = "odd" expect sent to pacs, research', 'quarantine "odd number"'),
        ('given Modality = "CT", StudyID = "odd" expect quarantine', 'research through trial: quarantine "odd number"'),
        ('given Modality = "CT" expect at research quarantine', "sent to pacs, research"),
        ('given Modality = "CT", StudyID = "odd" expect at research quarantine "other"', "odd number"),
        (
            'given StudyID = "x", StudyDate = "20260101" expect unchanged except tags people expect fired number',
            "fired: empties",
        ),
        ('given PatientID = "1" expect unchanged except PatientName', "changed: PatientID"),
    ],
)
def test_what_is_not_so_is_told_with_what_was_seen(test: str, got: str) -> None:
    (failure,) = failing(test)
    assert got in failure


@pytest.mark.parametrize(
    ("test", "code"),
    [
        ('given a: Modality = "CT" given a: Modality = "MR" expect sent to pacs', "DR108"),
        ('given a: Modality = "CT" expect b: sent to pacs', "DR103"),
        ('given a: Modality = "CT" expect PatientID == b.PatientID', "DR103"),
        ('given a: Modality = "CT" expect PatientID == a.name', "DR103"),
        ('given a: Modality = "CT" expect PatientID == a.PatientIDD', "DR101"),
        ('given a: Modality = "CT" expect Rows == a.PatientID', "DR201"),
        ('given Modality = "CT" expect at pcas unchanged', "DR106"),
        ('given Modality = "CT" expect fired nmber', "DR107"),
        ('given Modality = "CT" expect unchanged except tags peple', "DR107"),
        ('given Modality = "CT" expect unchanged except PatientNam', "DR101"),
        ('given PatientName.family = "X" expect unchanged', "DR212"),
        ('given received_date = "20260101" expect unchanged', "DR103"),
        ("given nobody unavailable expect unchanged", "DR105"),
    ],
)
def test_every_name_in_a_test_is_checked(test: str, code: str) -> None:
    assert code in codes(RULES + 'test "t" { ' + test + " }")


def test_a_field_of_an_object_is_known_in_tests_alone() -> None:
    assert "DR103" in codes("rule r { when StudyID == image.StudyID empty StudyID }")


def test_a_test_begins_with_the_object_of_a_file_and_changes_it() -> None:
    objects = {"x.dcm": file_bytes(ct(size=16, patient="4711"))}
    text = (
        RULES
        + """test "t" { given file "x.dcm" expect PatientID == "A-4711"
        given file "x.dcm", PatientID = "12" expect PatientID == "A-12"
        given file "x.dcm", no PatientID expect unchanged }"""
    )
    assert failures(text, objects=objects) == []


def test_a_real_file_goes_through_a_group() -> None:
    with open(get_testdata_file("MR_small.dcm"), "rb") as file:  # type: ignore[arg-type]
        content = file.read()
    name = str(pydicom.dcmread(get_testdata_file("MR_small.dcm")).PatientName)  # type: ignore[arg-type]
    text = (
        RULES.replace('"CT" =>', '"MR" =>')
        + f"""test "t" {{ given file "mr.dcm" expect at pacs PatientName == "{name}"
        expect at research PatientName is absent expect at research unchanged except PatientID, PatientName }}"""
    )
    assert failures(text, objects={"mr.dcm": content}) == []


def test_a_file_that_is_not_there_fails_that_test_alone() -> None:
    ran = results(
        RULES + 'test "a" { given file "x.dcm" expect unchanged } test "b" { given Rows = 5 expect unchanged }',
        objects={"y": b""},
    )
    assert [one.passed for one in ran] == [False, True]
