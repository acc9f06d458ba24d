"""`shift dates` by the rows of the language's small print."""

import pytest

from tests.unit.engine.make import dataset, with_items
from tests.unit.rulebook.whole import codes, rule, run


def test_s33_dates_move_at_every_depth_and_times_stay() -> None:
    made = dataset(StudyDate="20240301", StudyTime="101500", PatientBirthDate="19700101")
    made.ScheduledProtocolCodeSequence = with_items({"DateOfLastCalibration": ["20240101", "20240102"]})
    result = run(rule("shift dates except PatientBirthDate by -1"), made)
    assert (result.value("StudyDate"), result.value("StudyTime")) == ("20240229", "101500")
    assert result.value("PatientBirthDate") == "19700101"
    item = result.leaves.ScheduledProtocolCodeSequence[0]
    assert list(item.DateOfLastCalibration) == ["20231231", "20240101"]


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("2024", "2023"),
        ("202403", "202402"),
        ("20240301", "20240229"),
        ("2024030110", "2024022910"),
        ("20240301101500.25+0100", "20240229101500.25+0100"),
        ("20240301-0500", "20240229-0500"),
    ],
)
def test_s33_a_date_time_keeps_its_precision_and_offset(text: str, moved: str) -> None:
    assert str(run(rule("shift dates by -1"), dataset(AcquisitionDateTime=text)).value("AcquisitionDateTime")) == moved


@pytest.mark.parametrize("text", ["2024", "20240230", "1993.08.22", "00010101"])
def test_s33_what_is_no_date_or_leaves_the_calendar_is_emptied_and_told(text: str) -> None:
    result = run(rule("shift dates by -1"), dataset(StudyDate=text))
    assert result.value("StudyDate") == ""
    assert "a date that cannot be shifted: emptied" in result.notes


@pytest.mark.parametrize(("vr", "text", "moved"), [("LO", "20240301", "20240229"), ("TM", "2024", "")])
def test_s33_a_date_moves_under_whatever_vr_a_device_has_written_it(vr: str, text: str, moved: str) -> None:
    made = dataset()
    made.RequestAttributesSequence = with_items({})
    made.RequestAttributesSequence[0].add_new(0x00080020, vr, text)
    item = run(rule("shift dates by -1"), made).leaves.RequestAttributesSequence[0]
    assert (item.StudyDate, item[0x00080020].VR) == (moved, "DA")


def test_s33_the_malformed_setting_has_the_last_word() -> None:
    text = rule("shift dates by -1", 'settings { malformed => quarantine "malformed value" }')
    assert run(text, dataset(StudyDate="2024")).decision.reasons == ("malformed value",)


def test_s33_twice_on_one_object_adds_up_and_is_a_warning() -> None:
    text = rule("shift dates by 1  shift dates by 2")
    assert codes(text) == {"DR414"}
    result = run(text, dataset(StudyDate="20240301"))
    assert result.value("StudyDate") == "20240304"
    assert "dates were shifted before, this adds up" in result.notes


def test_s33_two_rules_that_exclude_each_other_shift_once() -> None:
    text = 'rule a { when Modality == "CT" shift dates by 1 } rule b { when Modality == "MR" shift dates by 2 }'
    assert codes(text) == set()
    assert codes("rule a { shift dates by 1 } rule b { shift dates by 2 }") == {"DR414"}
    assert codes('rule a { if Modality == "CT" { shift dates by 1 } else { shift dates by 2 } }') == set()
    group = "group g { rule b { shift dates by 2 } } routes x first match { else => pacs through g }"
    assert codes("rule a { shift dates by 1 } " + group) == {"DR414"}


def test_s33_private_dates_of_a_known_vr_move_too() -> None:
    made = dataset()
    made.private_block(0x0031, "NORTH HOSPITAL", create=True).add_new(0x20, "UN", b"20240301")
    text = rule("shift dates by 1", 'private (0031,"NORTH HOSPITAL",20) DA')
    assert run(text, made).leaves[0x00311020].value == "20240302"


def test_the_number_of_days_may_be_missing() -> None:
    by = "original.PatientID | keyed_days(salt, -365, -1)"
    assert codes(rule(f"shift dates by {by}")) == {"DR302"}
    text = rule(f'shift dates by {by} otherwise quarantine "no PatientID"')
    assert run(text, dataset()).decision.reasons == ("no PatientID",)
    kept = run(rule(f"shift dates by {by} otherwise keep"), dataset(StudyDate="20240301"))
    assert kept.value("StudyDate") == "20240301"
    moved = run(rule(f"shift dates by {by} otherwise -7"), dataset(StudyDate="20240308"))
    assert moved.value("StudyDate") == "20240301"


@pytest.mark.parametrize(("by", "code"), [('"x"', "DR201"), ("1.5", "DR201"), ("1 otherwise empty", "DR409")])
def test_days_are_a_whole_number(by: str, code: str) -> None:
    assert code in codes(rule(f"shift dates by {by}"))


def test_a_date_that_was_shifted_may_be_empty() -> None:
    text = "rule r { when StudyDate is present shift dates by 1 set SeriesDate = current.StudyDate }"
    assert codes(text) == {"DR302"}
