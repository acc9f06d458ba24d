"""Presence: absent, empty, blank, malformed, present (S16 to S22)."""

import pytest

from dicomrules.model.instance import Verdict
from dicomrules.program.expression import Both, Compare, Is, Not, Read
from dicomrules.program.path import Step
from dicomrules.program.ruleset import Settings
from dicomrules.program.types import Type
from dicomrules.program.verdict import Stop
from tests.unit.engine.make import (
    dataset,
    decide,
    encode,
    eq,
    fires,
    is_,
    lit,
    p,
    program,
    read,
    rule,
    set_,
    with_items,
)

STATES = ("present", "absent", "empty", "blank", "malformed")
QUARANTINE = Settings(malformed=Stop("quarantine", "malformed value"))


def raw(keyword_value: bytes) -> bytes:
    """A data set of one Patient's Birth Date with these eight bytes."""
    assert len(keyword_value) == 8
    return encode(dataset(PatientBirthDate="20000101")).replace(b"20000101", keyword_value)


def states(path: str, made: object) -> set[str]:
    return {state for state in STATES if fires(is_(path, state), made)}


def test_an_attribute_that_is_not_there_is_absent_and_blank() -> None:
    assert states("PatientID", dataset()) == {"absent", "blank"}


def test_an_attribute_of_zero_length_is_empty_and_blank() -> None:
    assert states("PatientID", dataset(PatientID="")) == {"empty", "blank"}


def test_an_attribute_of_spaces_is_blank_and_neither_empty_nor_absent() -> None:
    assert states("PatientID", dataset(PatientID="  ")) == {"blank"}


def test_s18_a_number_a_date_and_a_uid_of_only_spaces_or_nuls_are_blank() -> None:
    made = encode(dataset(PatientBirthDate="20000101", InstanceNumber="12", FrameOfReferenceUID="1.22"))
    for old, new in ((b"20000101", b"        "), (b"12", b"  "), (b"1.22", b"\0\0\0\0")):
        at = made.rindex(old)
        made = made[:at] + new + made[at + len(new) :]
    for keyword in ("PatientBirthDate", "InstanceNumber", "FrameOfReferenceUID"):
        assert states(keyword, made) == {"blank"}


def test_s18_a_multi_valued_attribute_is_blank_when_every_value_is() -> None:
    assert states("ImageType", encode(dataset(ImageType=["", "", ""]))) == {"blank"}
    assert states("ImageType", dataset(ImageType=["", "PRIMARY"])) == {"present"}


def test_s16_a_value_past_the_end_is_absent() -> None:
    made = dataset(ImageType=["A", "B", "C"])
    assert states("ImageType[value 4]", made) == {"absent", "blank"}
    assert fires(eq("ImageType[value 3]", "C"), made)


def test_s17_a_sequence_is_empty_without_items_and_present_with_one_even_a_bare_one() -> None:
    sequence = "RequestAttributesSequence"
    assert states(sequence, dataset()) == {"absent", "blank"}
    assert states(sequence, dataset(**{sequence: []})) == {"empty", "blank"}
    assert states(sequence, dataset(**{sequence: with_items({})})) == {"present"}


@pytest.mark.parametrize("items", [None, [], [{}], [{"ScheduledProcedureStepID": "S1"}]])
def test_s19_a_path_is_absent_when_a_sequence_on_the_way_is(items: list[dict[str, str]] | None) -> None:
    made = dataset() if items is None else dataset(RequestAttributesSequence=with_items(*items))
    there = bool(items and items[0])
    assert fires(is_("RequestAttributesSequence[first].ScheduledProcedureStepID", "absent"), made) is not there


def test_s19_a_selector_that_fits_no_item_makes_the_path_absent() -> None:
    made = dataset(RequestAttributesSequence=with_items({"ScheduledProcedureStepID": "S1"}))
    assert fires(is_("RequestAttributesSequence[item 2].ScheduledProcedureStepID", "absent"), made)
    assert fires(is_("RequestAttributesSequence[item 2]", "absent"), made)
    assert fires(is_("RequestAttributesSequence[item 1]", "present"), made)


def test_s20_what_does_not_parse_under_its_vr_is_malformed() -> None:
    assert states("PatientBirthDate", raw(b"20080000")) == {"malformed"}
    assert states("PatientBirthDate", raw(b"199306  ")) == {"malformed"}
    assert states("PatientBirthDate", raw(b"20080229")) == {"present"}


def test_s20_more_values_than_the_vm_allows_are_malformed() -> None:
    made = encode(dataset(PatientID="ABC")).replace(b"ABC ", b"A\\BC")
    assert states("PatientID", made) == {"malformed"}


def test_s20_bytes_outside_the_character_set_are_malformed() -> None:
    made = encode(dataset(PatientID="ABCD")).replace(b"ABCD", b"\xff\xfeAB")
    assert states("PatientID", made) == {"malformed"}


def test_s20_too_long_for_its_vr_alone_is_not_malformed() -> None:
    made = encode(dataset(AccessionNumber="A" * 16)).replace(b"SH\x10\0" + b"A" * 16, b"SH\x14\0" + b"A" * 20)
    assert states("AccessionNumber", made) == {"present"}


def test_a_person_name_of_six_components_is_malformed() -> None:
    assert states("PatientName", dataset(PatientName="A^B^C^D^E^F")) == {"malformed"}


def test_malformed_is_never_a_value_and_every_comparison_with_it_is_false() -> None:
    made = raw(b"20080000")
    for sign in ("==", "!=", "<", ">"):
        assert not fires(Compare(sign, read("PatientBirthDate"), read("PatientBirthDate"), Type.DATE), made)


def test_s21_a_rule_that_reads_a_malformed_value_ends_with_the_verdict_of_the_settings() -> None:
    decision = decide(program(when=is_("PatientBirthDate", "present"), settings=QUARANTINE), raw(b"20080000")).decision
    assert decision.verdict is Verdict.QUARANTINE
    assert decision.reasons == ("malformed value",)
    assert not decision.variants


def test_s21_a_rule_that_tests_is_malformed_of_the_same_path_is_left_alone() -> None:
    guard = Both((is_("PatientBirthDate", "malformed"), Not(is_("PatientBirthDate", "present"))))
    decision = decide(program(set_("PatientID", "X"), when=guard, settings=QUARANTINE), raw(b"20080000")).decision
    assert decision.verdict is Verdict.SEND
    assert [hit.matched for hit in decision.hits] == [True]


def test_s21_another_rule_that_reads_it_is_not_left_alone() -> None:
    rules = (
        rule(when=is_("PatientBirthDate", "malformed"), name="tests"),
        rule(when=is_("PatientBirthDate", "present"), name="reads"),
    )
    assert decide(program(*rules, settings=QUARANTINE), raw(b"20080000")).decision.verdict is Verdict.QUARANTINE


def test_s21_a_malformed_attribute_that_no_rule_reads_changes_nothing() -> None:
    assert (
        decide(program(set_("PatientID", "X"), settings=QUARANTINE), raw(b"20080000")).decision.verdict is Verdict.SEND
    )


def test_s21_without_the_setting_a_malformed_value_takes_the_otherwise_and_the_trace_says_so() -> None:
    result = decide(program(set_("StudyDescription", read("PatientBirthDate"), lit("unknown"))), raw(b"20080000"))
    assert result.value("StudyDescription") == "unknown"
    assert result.notes == ("otherwise: malformed",)


def test_s22_a_known_attribute_that_came_as_un_is_read_by_its_dictionary_vr() -> None:
    explicit = encode(dataset(PatientID="4711"))
    made = explicit.replace(b"LO\x04\x004711", b"UN\0\0\x04\0\0\x004711")
    assert fires(eq("PatientID", "4711"), made)


def test_s22_untouched_it_stays_un_and_set_to_itself_it_is_written_under_its_dictionary_vr() -> None:
    made = encode(dataset(PatientID="4711")).replace(b"LO\x04\x004711", b"UN\0\0\x04\0\0\x004711")
    assert decide(program(set_("StudyID", "1")), made).data.count(b"UN\0\0\x04\0\0\x004711") == 1
    rewritten = decide(program(set_("PatientID", read("PatientID"), "keep")), made).data
    assert b"LO\x04\x004711" in rewritten


def test_a_component_that_is_not_there_is_blank() -> None:
    made = dataset(PatientName="DOE^JANE")
    assert fires(is_("PatientName.middle", "blank"), made)
    assert fires(is_("PatientName.given", "present"), made)


def test_pixel_data_is_present_without_being_read() -> None:
    made = dataset(PixelData=b"\0" * 8)
    made["PixelData"].VR = "OW"
    step = Step(0x7FE00010, "OW", "PixelData")
    assert fires(Is(Read(p("PatientID").__class__((step,))), "present"), made)
