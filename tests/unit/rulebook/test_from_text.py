"""Rules as they are written, run as they are compiled: one test block each, which must pass."""

import pytest

from tests.unit.rulebook.say import failures

CASES = {
    "set with otherwise a value": """
        rule r { set SeriesDescription = StationName otherwise "none" }
        test "a" { given StationName = "CT1"  expect SeriesDescription == "CT1" }
        test "b" { given Modality = "CT"  expect SeriesDescription == "none" }
    """,
    "set with otherwise keep, empty and remove": """
        rule r {
          set StudyID = PatientID otherwise keep
          set AccessionNumber = PatientID otherwise empty
          set StationName = PatientID otherwise remove
        }
        test "a" {
          given StudyID = "S", AccessionNumber = "A", StationName = "N"
          expect StudyID == "S" and AccessionNumber is empty and StationName is absent
        }
    """,
    "a guard makes otherwise needless": """
        rule r { when PatientID is present set StudyID = PatientID | cut(4) }
        test "a" { given PatientID = "123456"  expect StudyID == "1234" }
        test "b" { given Modality = "CT"  expect not fired r }
    """,
    "default": """
        rule r { default StudyID = "D" }
        test "a" { given StudyID = " "  expect StudyID == "D" }
        test "b" { given StudyID = "S"  expect StudyID == "S" }
    """,
    "empty, remove, and remove anywhere": """
        rule r { empty PatientName  remove StudyID  remove PatientID, OtherPatientIDs anywhere }
        test "a" {
          given PatientName = "A", StudyID = "S", PatientID = "1", RequestAttributesSequence[first].PatientID = "2"
          expect PatientName is empty and StudyID is absent and PatientID is absent
          expect RequestAttributesSequence is present
          expect RequestAttributesSequence[first].PatientID is absent
        }
    """,
    "a tags set": """
        tags names = [vr PN, /.*Comments/, (60xx,3000)] except [ReferringPhysicianName]
        rule r { remove tags names }
        test "a" {
          given PatientName = "A", PatientComments = "x", ReferringPhysicianName = "B", StudyID = "S"
          expect PatientName is absent and PatientComments is absent
          expect ReferringPhysicianName is present and StudyID is present
        }
    """,
    "copy, move and swap": """
        rule one { copy StudyID to AccessionNumber  move StationName to RequestedProcedureID }
        rule two { swap InstitutionName with Manufacturer }
        test "a" {
          given StudyID = "S", StationName = "N", InstitutionName = "I"
          expect AccessionNumber == "S" and RequestedProcedureID == "N" and StationName is absent
          expect Manufacturer == "I" and InstitutionName is absent
        }
    """,
    "if, else if and else": """
        rule r {
          if Modality == "CT" { set StudyID = "c" } else if Modality == "MR" { set StudyID = "m" }
          else { set StudyID = "e" }
        }
        test "a" { given Modality = "CT"  expect StudyID == "c" }
        test "b" { given Modality = "MR"  expect StudyID == "m" }
        test "c" { given PatientID = "1"  expect StudyID == "e" }
    """,
    "let, actions and functions": """
        function tagged(x) = "T-" + x
        action mark { set SeriesDescription = tagged(calling_aet) }
        rule r { let name = PatientID | trim | upper otherwise "nobody"  set PatientComments = name  apply mark }
        test "a" { given PatientID = " ab "  expect PatientComments == "AB"  expect SeriesDescription == "T-TEST" }
        test "b" { given Modality = "CT"  expect PatientComments == "nobody" }
    """,
    "choose with regexes, texts, ranges and else": """
        rule site {
          set StudyID = choose calling_aet {
            case matches /LY.*/ => "LYON"  case "NAN1", "NAN2" => "NANTES"  else => "OTHER"
          }
        }
        rule size { set StationName = choose InstanceNumber { case 1 .. 5 => "few"  else => "many" } otherwise "none" }
        test "a" { given calling_aet = "LYON7", InstanceNumber = 5
          expect StudyID == "LYON" and StationName == "few" }
        test "b" { given calling_aet = "NAN2", InstanceNumber = 6
          expect StudyID == "NANTES" and StationName == "many" }
        test "c" { given calling_aet = "X"  expect StudyID == "OTHER" and StationName == "none" }
    """,
    "inline table": """
        table part { "ABD", "ABDO" => "ABDOMEN"  "CHEST AP" => "CHEST" }
        rule r { set BodyPartExamined = lookup part[BodyPartExamined] otherwise keep }
        test "a" { given BodyPartExamined = "ABDO"  expect BodyPartExamined == "ABDOMEN" }
        test "b" { given BodyPartExamined = "HEAD"  expect BodyPartExamined == "HEAD" }
    """,
    "conditions of every kind": """
        condition ct = Modality == "CT"
        rule by_has { when ImageType has "PRIMARY" set StudyID = "1" }
        rule by_any { when ImageType[any] starts with "ORIG" set AccessionNumber = "2" }
        rule by_name { when PatientName.family == "DOE" and ct set StationName = "3" }
        rule by_ip { when calling_ip in ["10.0.0.0/8"] set InstitutionName = "4" }
        rule by_range { when InstanceNumber in [1 .. 3, 9] set Manufacturer = "5" }
        rule by_guarded { when Modality is blank or not (Modality == "MR") set StudyDescription = "6" }
        rule by_text { when SeriesDescription contains /[0-9]+/ and SeriesDescription ends with "mm"
          set ProtocolName = "7" }
        rule by_date { when StudyDate >= "20240101" and StudyTime < "120000" set RequestedProcedureID = "8" }
        rule by_age { when PatientAge < "018Y" set PatientComments = "9" }
        test "a" {
          given ImageType = ["ORIGINAL", "PRIMARY"], PatientName = "DOE^J", Modality = "CT", calling_ip = "10.1.2.3",
                InstanceNumber = 9, SeriesDescription = "5 mm", StudyDate = "20240101", StudyTime = "1159",
                PatientAge = "011M"
          expect fired by_has, by_any, by_name, by_ip, by_range, by_guarded, by_text, by_date, by_age
        }
        test "b" { given Modality = "MR"
          expect not fired by_has, by_any, by_name, by_ip, by_range, by_guarded, by_text, by_date, by_age }
    """,
    "creating a path, and no target without": """
        rule one { set RequestAttributesSequence[first].ScheduledProcedureStepID = "X" creating path }
        rule two { set ReferencedStudySequence[first].ReferencedSOPInstanceUID = "1.2" }
        test "a" {
          given Modality = "CT"
          expect RequestAttributesSequence[first].ScheduledProcedureStepID == "X"
          expect ReferencedStudySequence is absent
        }
    """,
    "where": """
        rule r { set AnatomicRegionSequence[where CodeValue == "B"].CodeMeaning = "found" }
        test "a" {
          given AnatomicRegionSequence[item 1].CodeValue = "A", AnatomicRegionSequence[item 2].CodeValue = "B"
          expect AnatomicRegionSequence[item 2].CodeMeaning == "found"
          expect AnatomicRegionSequence[item 1].CodeMeaning is absent
          expect AnatomicRegionSequence[where CodeValue == "B"].CodeMeaning == "found"
        }
    """,
    "original and current": """
        rule r { set PatientID = "NEW"  set AccessionNumber = original.StudyID otherwise keep
          set PatientComments = current.PatientID }
        test "a" { given StudyID = "OLD"  expect AccessionNumber == "OLD" and PatientComments == "NEW" }
    """,
    "numbers": """
        rule r {
          when Rows is present and SliceThickness is present
          set InstanceNumber = Rows * 2 otherwise keep
          set SpacingBetweenSlices = SliceThickness + 0.5 otherwise keep
          set ImageComments = Rows | format("%06d") otherwise keep
        }
        test "a" {
          given Rows = 100, SliceThickness = 1.25
          expect SpacingBetweenSlices == 1.75 and InstanceNumber == 200 and ImageComments == "000100"
        }
    """,
    "dates and ages": """
        rule r {
          set PatientAge = age(PatientBirthDate, StudyDate) otherwise keep
          set ContentDate = StudyDate | plus_days(1) otherwise keep
          set StudyID = StudyDate | format_date("YYYY") otherwise keep
        }
        test "a" {
          given PatientBirthDate = "19800229", StudyDate = "20240228"
          expect PatientAge == "043Y" and ContentDate == "20240229" and StudyID == "2024"
        }
    """,
    "parameters": """
        parameter prefix = "SITE-"
        parameter sites = ["A1", "A2"]
        rule r { when calling_aet in sites set PatientID = prefix + PatientID otherwise keep }
        test "a" { given calling_aet = "A2", PatientID = "1"  expect PatientID == "SITE-1" }
    """,
    "routes of both kinds": """
        rule r { set StudyID = "S" }
        routes clinical first match {
          when ImageType[any] == "SCREEN SAVE" => quarantine "screen save"
          unless Modality in ["CT", "MR"] => vna
          else => pacs and vna
        }
        routes copies every match { when called_aet == "TRIAL" => research  else => nowhere "not in the trial" }
        test "a" { given Modality = "CT", called_aet = "TRIAL"  expect sent to pacs, vna, research }
        test "b" { given PatientID = "1"  expect sent to vna }
        test "c" { given ImageType = ["A", "SCREEN SAVE"]  expect quarantine "screen save"  expect sent nowhere }
    """,
    "schedules": """
        settings { timezone "Europe/Madrid" }
        schedule nights = "Mon-Fri 19:00-06:00, Sat-Sun, 12-25"
        routes r first match { when received_at during nights => research  else => pacs }
        test "evening" { given received_at = "20260105200000"  expect sent to research }
        test "morning" { given received_at = "20260106055900"  expect sent to research }
        test "noon" { given received_at = "20260106120000"  expect sent to pacs }
        test "saturday" { given received_at = "20260103120000"  expect sent to research }
        test "sunday into monday" { given received_at = "20260105055900"  expect sent to pacs }
        test "christmas" { given received_at = "20261225120000"  expect sent to research }
    """,
    "private elements": """
        private (0031,"NORTH",20) LO
        rule r { set (0031,"NORTH",20) = "new" }
        test "a" { given Modality = "CT"  expect (0031,"NORTH",20) == "new"  expect unchanged except (0031,"NORTH",20) }
    """,
    "malformed by settings, and tested": """
        settings { malformed => quarantine "malformed value" }
        rule reads { when StudyDate is present set StudyID = "S" }
        test "a" { given StudyDate = "2024"  expect quarantine "malformed value" }
        test "b" { given PatientBirthDate = "2024"  expect unchanged }
    """,
    "components": """
        rule r { set PatientName.given = "JANE"  set PatientName.prefix = "DR" }
        test "a" { given PatientName = "DOE^JOHN"  expect PatientName == "DOE^JANE^^DR" }
    """,
    "several values": """
        rule r { set OtherPatientIDs = ["A", "B"]  add ImageType = "EXTRA" }
        test "a" {
          given ImageType = ["ORIGINAL", "PRIMARY"]
          expect OtherPatientIDs[value 2] == "B" and ImageType[last] == "EXTRA" and ImageType[value 2] == "PRIMARY"
        }
    """,
    "within": """
        rule r { within RequestAttributesSequence[every] { set ScheduledProcedureStepID = "X"  remove StudyID } }
        test "a" {
          given RequestAttributesSequence[item 1].StudyID = "1",
                RequestAttributesSequence[item 2].ScheduledProcedureStepID = "2"
          expect RequestAttributesSequence[every].ScheduledProcedureStepID == "X"
          expect RequestAttributesSequence[first].StudyID is absent
        }
    """,
    "a verdict inside an if": """
        rule r { if Modality == "CT" { hold "later" retry 5min for 24h } }
        test "a" { given Modality = "CT"  expect hold "later" }
        test "b" { given Modality = "MR"  expect unchanged }
    """,
    "a row of a table": """
        table people from csv "p.csv" {
          key "Site" as IssuerOfPatientID
          key "Number" as PatientID | trim
          value "Name" as PatientName
          value "Days" as int days
          unavailable => quarantine "no list"
        }
        rule r {
          let row = lookup people[IssuerOfPatientID, PatientID] otherwise quarantine "unknown"
          set PatientName = row.PatientName otherwise keep
          set StudyID = row.days | format("%03d") otherwise keep
        }
        test "a" {
          given IssuerOfPatientID = "A", PatientID = "007"
          expect PatientName == "DOE^J" and StudyID == "012"
        }
        test "b" { given IssuerOfPatientID = "A", PatientID = "7"  expect quarantine "unknown" }
    """,
}
CSV = {"p.csv": "Site,Number,Name,Days\nA,007,DOE^J,12\nB,007,ROE^J,13\n"}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_what_is_written_is_what_runs(text: str) -> None:
    assert failures(text, CSV) == []


def test_s46_an_action_runs_as_if_its_statements_stood_there() -> None:
    text = """
    action mark { set StudyID = "M"  if Modality == "CT" { drop "no CT" } }
    rule r { apply mark  set AccessionNumber = "after" }
    test "a" { given Modality = "MR"  expect StudyID == "M" and AccessionNumber == "after" }
    test "b" { given Modality = "CT"  expect drop "no CT"  expect AccessionNumber is absent }
    """
    assert failures(text) == []


def test_s47_a_condition_is_evaluated_where_it_is_used() -> None:
    text = """
    condition marked = StudyID == "M"
    rule one { set StudyID = "M"  if marked { set AccessionNumber = "now" } }
    rule two { when marked set StationName = "later" }
    test "a" { given Modality = "MR"  expect AccessionNumber == "now" and StationName == "later" }
    """
    assert failures(text) == []


def test_s86_unless_is_not_true_of_an_object_that_lacks_everything() -> None:
    text = """
    condition allowed = Modality == "CT" and Manufacturer == "KONICA" and StationName in ["A", "B"]
    rule gate { unless allowed hold "not on the list" }
    test "a" { given Modality = "CT", Manufacturer = "KONICA", StationName = "B"  expect not fired gate }
    test "b" { given Modality = "CT", Manufacturer = "KONICA"  expect hold "not on the list" }
    test "c" { given PatientID = "1"  expect hold "not on the list" }
    """
    assert failures(text) == []
