"""I-10, I-11, I-12, I-14, I-17: rules that would harm are found before they run, and what does not fit is not cut."""

from io import BytesIO

import pydicom
import pytest

from dicomrules.dicom.patch import segments
from dicomrules.model.instance import Verdict
from tests.unit.engine.make import dataset, encode, with_items
from tests.unit.rulebook.whole import codes, leaving, loaded, rule, run

SECRET = "set PatientID = PatientID | keyed_hash(salt, 16) otherwise keep "
GROUP = "group g {{ rule hidden {{ {} }} }} routes x first match {{ else => research through g }}"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (SECRET, True),
        (SECRET + "empty PatientName", True),
        (SECRET + "empty PatientName remove OtherPatientIDsSequence, OtherPatientNames", False),
    ],
    ids=["the number alone", "number and name, not the other numbers", "all of them"],
)
def test_i10_identity_that_goes_in_one_place_and_stays_in_another_is_a_finding(body: str, found: bool) -> None:
    assert ("DR504" in codes(GROUP.format(body))) is found


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("set StationName = StudyDescription", "seventeen letters"),
        ("set AccessionNumber = StudyDescription", "seventeen letters"),
        ('settings { unencodable => hold "does not fit" } set StationName = StudyDescription', "Łódź"),
    ],
    ids=["longer than SH", "longer than the number", "no letters of the object's character set"],
)
def test_i11_a_value_that_does_not_fit_is_never_cut_and_the_object_is_held(statement: str, value: str) -> None:
    settings, _, body = statement.rpartition("} ")
    made = dataset(SpecificCharacterSet="ISO_IR 192", StudyDescription=value)
    if settings:
        made = dataset(StudyDescription="x")
        body = f'set StationName = "{value}"'
        text = rule(body, settings + "}")
    else:
        text = rule(f'{body} otherwise hold "does not fit"')
    result = run(text, made)
    assert (result.decision.verdict, result.decision.reasons) == (Verdict.HOLD, ("does not fit",))
    assert result.decision.variants == (), "nothing of it leaves"


def test_i11_a_constant_that_no_object_could_hold_is_refused_before_it_runs() -> None:
    assert codes(rule(f'set StationName = "{"x" * 17}"')) & {"DR203", "DR204"}
    assert "DR203" in codes(rule('set StudyInstanceUID = "1.2.x" override'))
    assert "DR203" in codes(rule('set Modality = "ct scan"'))


@pytest.mark.parametrize(
    "keyword", ["PixelSpacing", "ImageOrientationPatient", "RescaleSlope", "SOPClassUID", "Modality"]
)
def test_i12_taking_away_what_an_image_must_have_is_a_finding(keyword: str) -> None:
    ct = 'when SOPClassUID == "1.2.840.10008.5.1.4.1.1.2" '
    assert codes(rule(f"{ct}remove {keyword}")) & {"DR505", "DR207"}


def test_i14_every_byte_outside_what_was_changed_is_the_one_that_came() -> None:
    made = dataset(PatientID="4711", PatientComments="odd")
    made.RequestAttributesSequence = with_items({"RequestedProcedureDescription": "head"})
    made.add_new(0x7FE00010, "OW", bytes(range(256)) * 8)
    received = encode(made)
    result = run(rule('set PatientID = "0815" set IssuerOfPatientID = "A"'), made)
    patch = result.decision.variants[0].patch
    kept = [one for one in segments(patch, len(received)) if isinstance(one, tuple)]
    changed = len(received) - sum(end - start for start, end in kept)
    assert changed <= len(b"\x10\x00\x20\x00LO\x04\x004711")
    left = leaving(made, patch)
    assert left.PatientID == "0815"
    same = [element.tag for element in left if element.tag in made and element == made[element.tag]]
    assert len(same) == len(made) - 1


def test_i17_rules_that_leave_an_object_without_a_route_do_not_run() -> None:
    found = loaded('routes x first match { when Modality == "CT" => pacs }')
    assert "DR401" in {one.code for one in found.diagnostics}
    assert found.program is None


def test_i17_of_two_routes_that_match_the_first_or_both_count_as_the_table_says() -> None:
    arms = 'when Modality == "CT" => pacs when PatientID == "1" => research else => pacs'
    made = dataset(Modality="CT", PatientID="1")
    assert run(f"routes x first match {{ {arms} }}", made).decision.destinations == ("pacs",)
    assert set(run(f"routes x every match {{ {arms} }}", made).decision.destinations) == {"pacs", "research"}
    assert pydicom.dcmread(BytesIO(encode(made)), force=True).PatientID == "1"
