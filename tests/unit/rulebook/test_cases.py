"""The `test` blocks of rule files: what is given, what is expected, what is told (S67 to S72)."""

from datetime import UTC, datetime

import pytest
from pydicom.data import get_testdata_file

from dicomrules.program.case import Given, GivenContext
from dicomrules.rulebook.arrived import arrived
from dicomrules.rulebook.cases import TEST_SECRET, run_cases, unreached
from tests.unit.rulebook.say import failures, program, results

RULE = 'rule r { when Modality == "CT" set StudyID = "S" }\n'
ROUTES = 'routes main first match { when Modality == "CT" => pacs and vna  else => nowhere "no image" }\n'


def test_expectations_that_come_true_pass() -> None:
    text = (
        RULE
        + ROUTES
        + """
    test "t" {
      given Modality = "CT", PatientName = "DOE^JANE"
      expect StudyID == "S" and PatientName.given == "JANE"
      expect fired r
      expect sent to vna, pacs
      expect not sent to research
      expect at pacs StudyID == "S"
      expect at pacs unchanged except StudyID
      expect unchanged except StudyID
    }
    """
    )
    assert failures(text) == []


@pytest.mark.parametrize(
    ("expectation", "got"),
    [
        ('StudyID == "X"', 'StudyID == "X": S'),
        ('PatientID == "X"', 'PatientID == "X": absent'),
        ("not fired r", "fired: r"),
        ("sent to pacs", "sent to pacs, vna"),
        ("not sent to vna", "sent to pacs, vna"),
        ("sent nowhere", "sent to pacs, vna"),
        ("unchanged", "changed: StudyID"),
        ("at pacs unchanged", "changed: StudyID"),
        ("quarantine", "no verdict"),
        ('hold "later"', "no verdict"),
    ],
)
def test_expectations_that_do_not_come_true_say_what_was_seen(expectation: str, got: str) -> None:
    text = RULE + ROUTES + 'test "t" { given Modality = "CT"  expect ' + expectation + " }"
    assert failures(text) == [got]


@pytest.mark.parametrize("verdict", ["quarantine", "hold", "reject", "drop"])
def test_a_verdict_is_expected_with_or_without_its_reason(verdict: str) -> None:
    rules = f'rule r {{ {verdict} "why" }} routes m first match {{ else => pacs }} '
    text = rules + 'test "t" { given Modality = "CT"  expect '
    assert failures(text + verdict + ' "why" }') == []
    assert failures(text + verdict + " }") == []
    assert failures(text + "fired r }") == []
    assert failures(text + verdict + ' "other" }') == [f'{verdict} "why"']
    assert failures(text + "sent to pacs }") == [f'{verdict} "why"']


def test_sent_nowhere_is_expected_where_every_table_says_nowhere() -> None:
    assert failures(RULE + ROUTES + 'test "t" { given Modality = "US"  expect sent nowhere  expect not fired r }') == []


def test_several_objects_are_chosen_by_name_or_the_last_above() -> None:
    text = (
        RULE
        + """
    test "t" {
      given image: Modality = "CT"
      given report: Modality = "SR"
      expect unchanged
      expect image: StudyID == "S"
      expect report: StudyID is absent
    }
    """
    )
    assert failures(text) == []


def test_s69_what_is_not_given_has_its_defaults() -> None:
    text = """
    rule r { set StudyID = "S" }
    test "t" {
      given Modality = "CT"
      expect calling_aet == "TEST" and called_aet == "TEST" and receiver == "TEST" and calling_ip == "192.0.2.1"
      expect transfer_syntax == ExplicitVRLittleEndian
      expect SOPClassUID == CTImageStorage
      expect SOPInstanceUID is present and StudyInstanceUID is present and SeriesInstanceUID is present
      expect PatientID is absent
    }
    """
    assert failures(text) == []


def test_s69_the_time_of_arrival_is_in_the_time_zone_of_the_settings() -> None:
    made = arrived(Given(()), 1, "Europe/Madrid", lambda name: b"")
    assert made.received_at.astimezone(UTC) == datetime(2026, 1, 1, 11, tzinfo=UTC)
    given = Given((GivenContext("received_at", "202603040506+0100"),))
    assert arrived(given, 1, "", lambda name: b"").received_at.astimezone(UTC) == datetime(2026, 3, 4, 4, 6, tzinfo=UTC)


def test_given_attributes_reach_into_sequences_and_private_blocks() -> None:
    text = """
    private (0031,"NORTH HOSPITAL",20) LO
    rule r { set StationName = RequestAttributesSequence[item 2].ScheduledProcedureStepID otherwise keep }
    test "t" {
      given RequestAttributesSequence[item 2].ScheduledProcedureStepID = "S2", (0031,"NORTH HOSPITAL",20) = "N"
      expect StationName == "S2"
      expect (0031,"NORTH HOSPITAL",20) == "N"
      expect RequestAttributesSequence[first].ScheduledProcedureStepID is absent
    }
    """
    assert failures(text) == []


def test_text_that_does_not_fit_its_vr_arrives_as_it_is_given() -> None:
    text = """
    settings { malformed => quarantine "malformed value" }
    rule r { when StudyDate is present set StudyID = "S" }
    test "t" { given StudyDate = "20080000"  expect quarantine "malformed value"  expect StudyDate is malformed }
    """
    assert failures(text) == []


def test_several_values_zero_length_numbers_and_absence_are_given() -> None:
    text = """
    rule r { set StudyID = "S" }
    test "t" {
      given ImageType = ["A", "B"], PatientID = "", Rows = 512, SliceThickness = 1.5, Modality = "CT", no Modality
      expect ImageType[value 2] == "B" and PatientID is empty and Rows == 512
      expect SliceThickness == 1.5
      expect Modality is absent
    }
    """
    assert failures(text) == []


def test_a_name_that_is_not_ascii_is_given_in_utf_8() -> None:
    text = (
        'rule r { set StudyID = "S" } test "t" { given PatientName = "MÜLLER^ZOË"  expect PatientName.given == "ZOË" }'
    )
    assert failures(text) == []


def test_a_file_is_the_object_to_begin_with() -> None:
    with open(get_testdata_file("CT_small.dcm"), "rb") as file:
        objects = {"ct.dcm": file.read()}
    text = (
        RULE
        + """
    test "t" {
      given file "ct.dcm", PatientID = "4711"
      expect StudyID == "S" and PatientID == "4711" and Rows == 128
      expect meta.TransferSyntaxUID == ExplicitVRLittleEndian
      expect unchanged except StudyID
    }
    """
    )
    assert failures(text, objects=objects) == []


def test_a_file_that_cannot_be_read_is_a_failure_of_the_test_and_nothing_else_is_told() -> None:
    def missing(name: str) -> bytes:
        raise FileNotFoundError(f"no file {name}")

    loaded = program(RULE + 'test "t" { given file "x.dcm"  expect unchanged }')
    (result,) = run_cases(loaded, missing)
    assert [failure.got for failure in result.failures] == ["no file x.dcm"]
    (result,) = run_cases(loaded, lambda name: b"no DICOM at all" * 20)
    assert len(result.failures) == 1


TABLE = """
table episodes from csv "e.csv" {
  key "Accession" as AccessionNumber | trim | upper
  value "Episode" as AdmissionID
  value "MRN" as PatientID
  unavailable => hold "episode list unavailable"
}
rule r { set AdmissionID = lookup episodes[AccessionNumber].AdmissionID otherwise hold "no episode" }
"""
CSV = {"e.csv": "Accession,Episode,MRN\na1 ,E1,00123\nA2,,7\n"}


def test_a_csv_table_is_looked_up_with_the_pipe_of_its_key_on_both_sides() -> None:
    text = TABLE + 'test "t" { given AccessionNumber = " a1"  expect AdmissionID == "E1" }'
    assert failures(text, CSV) == []


def test_a_cell_is_given_and_a_table_is_unavailable() -> None:
    text = (
        TABLE
        + """
    test "cell" { given AccessionNumber = "A9", lookup episodes["A9"].AdmissionID = "E9"  expect AdmissionID == "E9" }
    test "miss" { given AccessionNumber = "A9"  expect hold "no episode" }
    test "empty" { given AccessionNumber = "A2"  expect hold "no episode" }
    test "down" { given AccessionNumber = "A1", episodes unavailable  expect hold "episode list unavailable" }
    """
    )
    assert failures(text, CSV) == []


def test_s68_secrets_have_one_value_in_all_tests() -> None:
    text = """
    secret salt from env "SALT"
    rule r { set PatientID = PatientID | keyed_hash(salt, 10) otherwise keep }
    test "t" { given PatientID = "4711"  expect PatientID == "%s" }
    """
    from dicomrules.functions.identity import keyed_hash

    assert failures(text % keyed_hash("4711", TEST_SECRET, 10)) == []


def test_s71_a_missing_path_in_an_expectation_is_a_failure_that_says_absent() -> None:
    assert failures(RULE + 'test "t" { given Modality = "MR"  expect StudyID != "X" }') == ['StudyID != "X": absent']


def test_s72_a_rule_behind_a_verdict_did_not_fire() -> None:
    rules = 'rule one { drop "x" } rule two { set StudyID = "S" }'
    assert failures(rules + 'test "t" { given Modality = "CT"  expect fired one  expect not fired two }') == []


def test_s70_unchanged_looks_at_every_depth_and_except_at_what_lies_below() -> None:
    text = """
    rule r {
      set RequestAttributesSequence[first].ScheduledProcedureStepID = "X"
      set RequestAttributesSequence[first].RequestedProcedureID = "Y"
    }
    test "t" {
      given RequestAttributesSequence[first].ScheduledProcedureStepID = "A"
      expect unchanged except RequestAttributesSequence
      expect unchanged except RequestAttributesSequence[first].ScheduledProcedureStepID
    }
    """
    assert failures(text) == ["changed: RequestAttributesSequence[item 1].RequestedProcedureID"]


def test_rules_and_arms_that_no_test_reaches_are_named() -> None:
    other = 'rule other { when Modality == "XA" set StudyID = "T" }'
    text = RULE + ROUTES + other + 'test "t" { given Modality = "CT"  expect fired r }'
    left = unreached(program(text), results(text))
    assert [(kind, name) for kind, name, _ in left] == [("rule", "other"), ("route", "main")]
    assert left[1][2].place


def test_results_carry_the_place_of_the_expectation() -> None:
    (result,) = results(RULE + 'test "t" { given Modality = "CT"\n  expect StudyID == "X" }')
    assert result.name == "t"
    assert not result.passed
    assert result.failures[0].origin.place == "a.rules:4:3"


GROUP = """
group g { rule n { set PatientID = PatientID | lower otherwise keep } }
routes r first match { when Modality == "CT" => research through g  else => nowhere "no image" }
"""


def test_at_a_destination_other_objects_are_as_that_destination_gets_them() -> None:
    given = 'given one: PatientID = "A", Modality = "CT"  given two: PatientID = "a", Modality = "CT"'
    text = GROUP + f'test "t" {{ {given} expect two: at research PatientID == one.PatientID }}'
    assert failures(text) == []
    text = GROUP + f'test "t" {{ {given} expect two: PatientID == one.PatientID }}'
    assert failures(text) == ["PatientID == one.PatientID: a"]


def test_an_object_that_the_destination_does_not_get_is_no_value() -> None:
    given = 'given one: PatientID = "A"  given two: PatientID = "B", Modality = "CT"'
    text = GROUP + f'test "t" {{ {given} expect two: at research PatientID != one.PatientID }}'
    assert failures(text) == ["there is no `one`"]


def test_an_object_that_cannot_be_read_is_no_value_either() -> None:
    text = 'test "t" { given one: file "no.dcm"  given two: PatientID = "B" expect two: PatientID != one.PatientID }'
    assert failures(text, objects={"no.dcm": b""})[1:] == ["there is no `one`"]


def told(text: str) -> list[tuple[str, ...]]:
    """Why each expectation of a text was not met."""
    return [failure.because for result in results(text) for failure in result.failures]


def test_a_failure_names_the_rule_that_set_what_was_seen() -> None:
    text = 'rule a { set StudyID = "X" } test "t" { given StudyID = "1" expect StudyID == "Y" expect unchanged }'
    (because, changed) = told(text)
    assert because == ("StudyID 1 → X by rule a, a.rules:2:6",)
    assert changed == because


def test_a_failure_names_the_clause_that_kept_a_rule_from_firing_or_let_it() -> None:
    text = 'rule a { when Modality == "MR" empty StudyID } test "t" { given Modality = "CT" expect fired a }'
    assert told(text) == [('rule a: not Modality == "MR", which is CT',)]
    assert told(text.replace('given Modality = "CT" expect fired', 'given Modality = "MR" expect not fired')) == [
        ('rule a: Modality == "MR", which is MR',)
    ]


def test_a_failure_names_the_arm_that_was_taken() -> None:
    text = 'routes r every match { always => pacs } test "t" { given Modality = "CT" expect sent to vna expect drop }'
    for because in told(text):
        assert len(because) == 1
        assert because[0].startswith("routes r: ")
