"""Statements: what they write, and what they leave alone (S4 to S11, S22 to S25, S35, S39, S74)."""

from datetime import date
from decimal import Decimal

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from dicomrules.dicom.syntax import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomrules.model.instance import Verdict
from dicomrules.program.expression import Arithmetic, Call, Choose, ChooseArm, Join, Local, Range, Read, Several
from dicomrules.program.path import Path, PrivateTag, Step, Where
from dicomrules.program.ruleset import ConvertTo, Program, Settings
from dicomrules.program.statement import (
    Add,
    Branch,
    Copy,
    Default,
    Empty,
    If,
    Let,
    Move,
    Remove,
    Swap,
    TagSet,
    Targets,
    Within,
)
from dicomrules.program.types import Regex, Type
from dicomrules.program.verdict import Stop
from tests.unit.engine.make import (
    compare,
    dataset,
    decide,
    encode,
    envelope,
    eq,
    is_,
    lit,
    p,
    program,
    read,
    rule,
    set_,
    with_items,
)

QUARANTINE = Stop("quarantine", "no usable value")
STEP_ID = "RequestAttributesSequence[{}].ScheduledProcedureStepID"


def changed(result: object) -> dict[str, tuple[str | None, str | None]]:
    return {change.path: (change.before, change.after) for change in result.decision.variants[0].changes}  # type: ignore[attr-defined]


def test_i14_an_untouched_object_leaves_byte_for_byte() -> None:
    made = encode(dataset(PatientID="4711", Modality="CT"))
    result = decide(program(set_("PatientID", "X"), when=eq("Modality", "MR")), made)
    assert result.data == made
    assert result.decision.variants[0].patch.is_empty


def test_setting_what_is_there_already_changes_nothing() -> None:
    made = encode(dataset(PatientID="4711"))
    result = decide(program(set_("PatientID", "4711")), made)
    assert result.data == made
    assert changed(result) == {}


def test_s4_a_plain_path_reads_the_data_set_as_rewritten_so_far() -> None:
    body = (set_("PatientID", "A"), set_("StudyID", Join((read("PatientID"), lit("1")))))
    assert decide(program(*body), dataset(PatientID="4711")).value("StudyID") == "A1"


def test_s5_original_reads_the_object_as_received() -> None:
    body = (set_("PatientID", "A"), set_("StudyID", read("original.PatientID"), "keep"))
    assert decide(program(*body), dataset(PatientID="4711")).value("StudyID") == "4711"


def test_a_later_rule_sees_what_an_earlier_one_wrote() -> None:
    first = rule(set_("Modality", "MR"), name="first", when=eq("Modality", "CT"))
    second = rule(set_("StudyID", "seen"), name="second", when=eq("Modality", "MR"))
    assert decide(program(first, second), dataset(Modality="CT")).value("StudyID") == "seen"


def test_s6_paths_in_within_start_at_the_item_and_original_and_current_at_the_data_set() -> None:
    items = with_items({"ScheduledProcedureStepID": "S1"}, {"ScheduledProcedureStepID": "S2"})
    made = dataset(RequestAttributesSequence=items, StudyID="T")
    body = (set_("ScheduledProcedureStepID", Join((read("ScheduledProcedureStepID"), read("current.StudyID")))),)
    result = decide(program(Within(p("RequestAttributesSequence[every]"), body)), made)
    sequence = result.value("RequestAttributesSequence")
    assert [item.ScheduledProcedureStepID for item in sequence] == ["S1T", "S2T"]
    assert "RequestAttributesSequence[item 2].ScheduledProcedureStepID" in changed(result)


def test_s6_items_added_inside_a_within_are_not_visited() -> None:
    made = dataset(RequestAttributesSequence=with_items({"ScheduledProcedureStepID": "S1"}))
    inner = Add(p("current.RequestAttributesSequence[new].ScheduledProcedureStepID"), lit("N"))
    result = decide(program(Within(p("RequestAttributesSequence[every]"), (inner,))), made)
    assert len(result.value("RequestAttributesSequence")) == 2


def test_within_new_appends_one_item_and_fills_it() -> None:
    within = Within(p("RequestAttributesSequence[new]"), (set_("ScheduledProcedureStepID", "S9"),))
    sequence = decide(program(within), dataset()).value("RequestAttributesSequence")
    assert [item.ScheduledProcedureStepID for item in sequence] == ["S9"]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [("first", ["X", "B", "C"]), ("last", ["A", "B", "X"]), ("item 2", ["A", "X", "C"]), ("every", ["X", "X", "X"])],
)
def test_s8_writing_goes_to_the_items_that_the_selector_names(selector: str, expected: list[str]) -> None:
    items = with_items(*({"ScheduledProcedureStepID": letter} for letter in "ABC"))
    result = decide(program(set_(STEP_ID.format(selector), "X")), dataset(RequestAttributesSequence=items))
    assert [item.ScheduledProcedureStepID for item in result.value("RequestAttributesSequence")] == expected


def test_s8_where_writes_all_that_fit() -> None:
    items = with_items(*({"ScheduledProcedureStepID": letter} for letter in "ABA"))
    step = Step(0x00400275, "SQ", "RequestAttributesSequence", Where(eq("ScheduledProcedureStepID", "A")))
    target = Path((step, *p("ScheduledProcedureStepID").steps))
    statement = set_("PatientID", "X").__class__(target, lit("X"))
    result = decide(program(statement), dataset(RequestAttributesSequence=items))
    assert [item.ScheduledProcedureStepID for item in result.value("RequestAttributesSequence")] == ["X", "B", "X"]


def test_s9_a_missing_parent_is_no_target_and_the_trace_says_so() -> None:
    made = encode(dataset())
    result = decide(program(set_(STEP_ID.format("first"), "X")), made)
    assert result.data == made
    assert result.notes == ("no target",)


def test_s9_creating_path_makes_one_item_of_each_missing_sequence() -> None:
    deep = "RequestAttributesSequence[first].ScheduledProtocolCodeSequence[first].CodeValue"
    result = decide(program(set_(deep, "X", creating=True)), dataset())
    assert result.value("RequestAttributesSequence")[0].ScheduledProtocolCodeSequence[0].CodeValue == "X"


def test_s9_creating_path_does_not_make_an_item_that_leaves_a_gap() -> None:
    result = decide(program(set_(STEP_ID.format("item 3"), "X", creating=True)), dataset())
    assert result.value("RequestAttributesSequence") is None
    made = dataset(RequestAttributesSequence=with_items({}, {}))
    assert len(decide(program(set_(STEP_ID.format("item 3"), "X", creating=True)), made).leaves[0x00400275].value) == 3


def test_s9_nothing_is_created_for_a_value_that_is_not_there() -> None:
    statement = set_(STEP_ID.format("first"), read("StudyID"), "keep", creating=True)
    assert decide(program(statement), dataset()).value("RequestAttributesSequence") is None


def test_s10_copy_of_an_absent_source_has_no_effect_and_of_an_empty_one_empties_the_target() -> None:
    copy = Copy(p("PatientID"), p("OtherPatientIDs"))
    assert decide(program(copy), dataset(OtherPatientIDs="B")).value("OtherPatientIDs") == "B"
    assert decide(program(copy), dataset(PatientID="", OtherPatientIDs="B")).value("OtherPatientIDs") == ""


def test_s10_move_takes_the_source_away_only_when_the_target_was_written() -> None:
    moved = decide(program(Move(p("StudyID"), p("AccessionNumber"))), dataset(StudyID="S"))
    assert (moved.value("StudyID"), moved.value("AccessionNumber")) == (None, "S")
    lost = decide(program(Move(p("StudyID"), p(STEP_ID.format("first")))), dataset(StudyID="S"))
    assert lost.value("StudyID") == "S"
    onto_itself = decide(program(Move(p("StudyID"), p("StudyID"))), dataset(StudyID="S"))
    assert onto_itself.value("StudyID") == "S"


def test_s10_swap_exchanges_absence_too() -> None:
    swap = Swap(p("StudyID"), p("AccessionNumber"))
    result = decide(program(swap), dataset(StudyID="S"))
    assert (result.value("StudyID"), result.value("AccessionNumber")) == (None, "S")
    result = decide(program(swap), dataset(StudyID="S", AccessionNumber="A"))
    assert (result.value("StudyID"), result.value("AccessionNumber")) == ("A", "S")


def test_a_sequence_is_copied_with_everything_below_it() -> None:
    code = with_items({"CodeValue": "C"})
    made = dataset(RequestAttributesSequence=with_items({"ScheduledProtocolCodeSequence": code, "StudyID": "Z"}, {}))
    copy = Copy(p("RequestAttributesSequence"), p("ReferencedStudySequence"))
    result = decide(program(copy), made)
    assert result.value("ReferencedStudySequence") == result.value("RequestAttributesSequence")
    swapped = decide(program(Swap(p("RequestAttributesSequence"), p("ReferencedStudySequence"))), made)
    assert swapped.value("RequestAttributesSequence") is None
    assert swapped.value("ReferencedStudySequence") == result.value("RequestAttributesSequence")


@pytest.mark.parametrize("value", ["", "  "])
def test_s11_a_computed_value_that_is_empty_or_blank_takes_the_otherwise(value: str) -> None:
    statement = set_("StudyID", Call("replace", (read("PatientID"), lit("A"), lit(value))), QUARANTINE)
    assert decide(program(statement), dataset(PatientID="A")).decision.verdict is Verdict.QUARANTINE


@pytest.mark.parametrize(
    ("otherwise", "expected"), [("keep", "old"), ("empty", ""), ("remove", None), (lit("other"), "other")]
)
def test_otherwise_keeps_empties_removes_or_gives_another_value(otherwise: object, expected: str | None) -> None:
    result = decide(program(set_("StudyID", read("PatientID"), otherwise)), dataset(StudyID="old"))
    assert result.value("StudyID") == expected
    assert result.notes == ("otherwise: absent",)


def test_otherwise_with_a_verdict_ends_the_object_with_nothing_sent() -> None:
    statement = set_("StudyID", read("PatientID"), Stop("reject", "no PatientID", status=0xA700))
    decision = decide(program(statement, set_("StudyDescription", "after")), dataset()).decision
    assert (decision.verdict, decision.reasons, decision.status) == (Verdict.REJECT, ("no PatientID",), 0xA700)
    assert decision.variants == ()


def test_a_value_that_is_too_long_takes_the_otherwise() -> None:
    statement = set_("AccessionNumber", Join((lit("SITEA-"), read("AccessionNumber"))), "keep")
    result = decide(program(statement), dataset(AccessionNumber="A" * 12))
    assert result.value("AccessionNumber") == "A" * 12
    assert result.notes == ("otherwise: too long",)


def test_a_computed_code_that_breaks_its_repertoire_takes_the_otherwise() -> None:
    result = decide(
        program(set_("BodyPartExamined", read("StudyDescription"), "keep")), dataset(StudyDescription="Chest")
    )
    assert result.value("BodyPartExamined") is None
    assert result.notes == ("otherwise: not allowed in its VR",)


def test_a_computed_text_with_a_backslash_never_becomes_two_values() -> None:
    made = dataset(AdditionalPatientHistory="A\\B")
    result = decide(program(set_("StudyDescription", read("AdditionalPatientHistory"), "keep")), made)
    assert result.value("StudyDescription") is None


def test_without_otherwise_a_value_that_does_not_fit_has_no_effect_or_ends_as_malformed() -> None:
    statement, made = set_("StudyID", read("StudyDescription")), dataset(StudyDescription="A" * 17)
    assert decide(program(statement), made).notes == ("too long: no effect",)
    strict = Settings(malformed=Stop("quarantine", "malformed value"))
    assert decide(program(statement, settings=strict), made).decision.verdict is Verdict.QUARANTINE


def test_default_writes_only_what_is_blank() -> None:
    statement = Default(p("StudyID"), lit("D"))
    assert decide(program(statement), dataset()).value("StudyID") == "D"
    assert decide(program(statement), dataset(StudyID="  ")).value("StudyID") == "D"
    assert decide(program(statement), dataset(StudyID="S")).value("StudyID") == "S"


def test_default_does_not_take_its_otherwise_when_there_is_nothing_to_do() -> None:
    statement = Default(p("StudyID"), read("PatientID"), QUARANTINE)
    assert decide(program(statement), dataset(StudyID="S")).decision.verdict is Verdict.SEND
    assert decide(program(statement), dataset()).decision.verdict is Verdict.QUARANTINE


def test_s23_setting_one_component_leaves_all_others_and_the_other_groups() -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 192", PatientName="YAMADA^TARO^^DR=山田^太郎")
    result = decide(program(set_("PatientName.given", "JIRO")), made)
    assert str(result.value("PatientName")) == "YAMADA^JIRO^^DR=山田^太郎"
    result = decide(program(set_("PatientName.ideographic.family", "田中")), made)
    assert str(result.value("PatientName")) == "YAMADA^TARO^^DR=田中^太郎"
    assert str(decide(program(set_("PatientName.given", "A")), dataset()).value("PatientName")) == "^A"


@pytest.mark.parametrize(
    ("part", "value"), [("given", "JANE^M"), ("given", "JANE=山田"), ("ideographic", "山田^太郎=やまだ")]
)
def test_what_would_end_its_part_of_a_name_takes_the_otherwise_and_moves_no_other_part(part: str, value: str) -> None:
    made = encode(dataset(SpecificCharacterSet="ISO_IR 192", PatientName="DOE^JOHN^MIDDLE", StudyDescription=value))
    left = set_(f"PatientName.{part}", read("StudyDescription"))
    assert decide(program(left), made).data == made
    taken = set_(f"PatientName.{part}", read("StudyDescription"), QUARANTINE)
    assert decide(program(taken), made).decision.verdict is Verdict.QUARANTINE


def test_a_component_group_takes_its_components_together() -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 192", PatientName="YAMADA^TARO=山田")
    result = decide(program(set_("PatientName.ideographic", "山田^太郎")), made)
    assert str(result.value("PatientName")) == "YAMADA^TARO=山田^太郎"


def test_s25_a_ds_is_written_in_the_shortest_form_that_fits() -> None:
    third = Arithmetic("/", lit(1, Type.INT), lit(3, Type.INT))
    result = decide(program(set_("SliceThickness", third)), dataset())
    assert result.leaves["SliceThickness"].value.original_string == "0.33333333333333"
    sum_ = Arithmetic("+", read("SliceThickness"), lit(Decimal("0.2"), Type.DECIMAL))
    result = decide(program(set_("SliceThickness", sum_)), dataset(SliceThickness="0.1"))
    assert result.leaves["SliceThickness"].value.original_string == "0.3"


@pytest.mark.parametrize(
    "value",
    [
        Arithmetic("/", lit(1, Type.INT), lit(2, Type.INT)),
        Arithmetic("/", lit(1, Type.INT), lit(0, Type.INT)),
        Arithmetic("*", lit(2**31, Type.INT), lit(1, Type.INT)),
    ],
)
def test_s25_an_is_that_is_not_whole_or_leaves_32_bits_takes_the_otherwise(value: Arithmetic) -> None:
    assert decide(program(set_("InstanceNumber", value, lit(7, Type.INT))), dataset()).value("InstanceNumber") == 7


@pytest.mark.parametrize(
    "statement",
    [Copy(p("SliceThickness"), p("SpacingBetweenSlices")), set_("SpacingBetweenSlices", read("SliceThickness"))],
)
def test_s25_copied_values_keep_their_text(statement: object) -> None:
    made = encode(dataset(SliceThickness="1.6000"))
    assert decide(program(statement), made).data.count(b"1.6000") == 2


def test_s35_a_private_block_is_found_by_its_creator() -> None:
    made = dataset()
    made.private_block(0x0031, "OTHER", create=True).add_new(0x20, "LO", "no")
    made.private_block(0x0031, "NORTH", create=True).add_new(0x20, "LO", "old")
    path = Path((Step(PrivateTag(0x0031, "NORTH", 0x20), "LO", '(0031,"NORTH",20)'),))
    statement = set_("PatientID", "new").__class__(path, lit("new"))
    result = decide(program(statement, set_("StudyID", Read(path), "keep")), made)
    assert result.leaves[0x00311120].value == "new"
    assert result.leaves[0x00311020].value == "no"
    assert result.value("StudyID") == "new"
    assert changed(result)['(0031,"NORTH",20)'] == ("old", "new")


def test_s35_a_creator_without_a_block_gets_the_lowest_free_one() -> None:
    made = dataset()
    made.private_block(0x0031, "OTHER", create=True).add_new(0x20, "LO", "no")
    path = Path((Step(PrivateTag(0x0031, "NORTH", 0x20), "LO", '(0031,"NORTH",20)'),))
    result = decide(program(set_("PatientID", "new").__class__(path, lit("new"))), made)
    assert result.leaves[0x00310011].value == "NORTH"
    assert result.leaves[0x00311120].value == "new"


def test_s35_no_free_block_takes_no_effect_and_loses_nothing() -> None:
    made = dataset()
    for number in range(0x10, 0x100):
        made.add_new((0x0031, number), "LO", f"C{number}")
        made.add_new((0x0031, number << 8), "LO", "x")
    path = Path((Step(PrivateTag(0x0031, "NORTH", 0x20), "LO", '(0031,"NORTH",20)'),))
    data = encode(made)
    result = decide(program(set_("PatientID", "new").__class__(path, lit("new"))), data)
    assert result.data == data
    taken = set_("PatientID", "new").__class__(path, lit("new"), QUARANTINE)
    assert decide(program(taken), data).decision.verdict is Verdict.QUARANTINE


def test_s39_new_text_is_encoded_in_the_character_set_of_the_object() -> None:
    made = encode(dataset(SpecificCharacterSet="ISO_IR 100", PatientID="1"))
    result = decide(program(set_("PatientName", lit("MÜLLER", Type.PERSON))), made)
    assert "MÜLLER".encode("latin_1") in result.data


@pytest.mark.parametrize("made", [dataset(PatientID="1"), dataset(SpecificCharacterSet="ISO_IR 100", PatientID="1")])
def test_s39_text_that_does_not_fit_is_quarantined_unless_the_settings_say_more(made: Dataset) -> None:
    statement = set_("PatientName", lit("山田", Type.PERSON))
    assert decide(program(statement), made).decision.verdict is Verdict.QUARANTINE
    held = Settings(unencodable=Stop("hold", "character set"))
    assert decide(program(statement, settings=held), made).decision.verdict is Verdict.HOLD


def test_s39_ascii_takes_the_marks_away_and_never_writes_a_question_mark() -> None:
    settings = Settings(unencodable="ascii")
    result = decide(program(set_("PatientName", lit("MÜLLER", Type.PERSON)), settings=settings), dataset())
    assert str(result.value("PatientName")) == "MULLER"
    assert decide(program(set_("PatientName", lit("山田")), settings=settings), dataset()).decision.verdict is (
        Verdict.QUARANTINE
    )


def test_s39_charset_to_converts_all_text_at_every_depth() -> None:
    inner = with_items({"CodeMeaning": "Schädel"})
    made = dataset(SpecificCharacterSet="ISO_IR 100", PatientName="MÜLLER", AnatomicRegionSequence=inner)
    settings = Settings(unencodable=ConvertTo("ISO_IR 192"))
    result = decide(program(set_("StudyDescription", lit("頭部")), settings=settings), encode(made))
    assert result.value("SpecificCharacterSet") == "ISO_IR 192"
    assert str(result.value("PatientName")) == "MÜLLER"
    assert result.value("AnatomicRegionSequence")[0].CodeMeaning == "Schädel"
    assert result.value("StudyDescription") == "頭部"


def test_s74_a_list_replaces_all_values_and_add_appends_one() -> None:
    made = dataset(OtherPatientIDs=["A", "B"])
    replaced = decide(program(set_("OtherPatientIDs", Several((lit("X"), lit("Y"))))), made)
    assert list(replaced.value("OtherPatientIDs")) == ["X", "Y"]
    added = decide(program(Add(p("OtherPatientIDs"), lit("C"))), made)
    assert list(added.value("OtherPatientIDs")) == ["A", "B", "C"]
    assert decide(program(Add(p("OtherPatientIDs"), lit("C"))), dataset()).value("OtherPatientIDs") == "C"


def test_s74_one_value_is_replaced_and_past_the_end_is_no_target() -> None:
    made = dataset(OtherPatientIDs=["A", "B"])
    result = decide(program(set_("OtherPatientIDs[value 2]", "X")), made)
    assert list(result.value("OtherPatientIDs")) == ["A", "X"]
    result = decide(program(set_("OtherPatientIDs[value 3]", "X")), made)
    assert list(result.value("OtherPatientIDs")) == ["A", "B"]
    assert result.notes == ("no target",)


def test_add_new_appends_an_item_with_one_attribute() -> None:
    made = dataset(RequestAttributesSequence=with_items({"ScheduledProcedureStepID": "A"}))
    result = decide(program(Add(p(STEP_ID.format("new")), lit("B"))), made)
    assert [item.ScheduledProcedureStepID for item in result.value("RequestAttributesSequence")] == ["A", "B"]


def test_empty_and_remove_of_what_is_absent_change_nothing() -> None:
    made = encode(dataset(PatientID="1"))
    for kind in (Empty, Remove):
        assert decide(program(kind(Targets((p("StudyID"),)))), made).data == made


def test_empty_leaves_zero_length_and_remove_takes_away() -> None:
    result = decide(program(Empty(Targets((p("PatientID"), p("StudyID"))))), dataset(PatientID="1", StudyID="2"))
    assert (result.value("PatientID"), result.value("StudyID")) == ("", "")
    result = decide(program(Remove(Targets((p("PatientID"),)))), dataset(PatientID="1", StudyID="2"))
    assert (result.value("PatientID"), result.value("StudyID")) == (None, "2")


def test_remove_anywhere_reaches_every_depth() -> None:
    code = with_items({"CodeMeaning": "x", "PatientID": "deep"})
    made = dataset(PatientID="top", RequestAttributesSequence=with_items({"ScheduledProtocolCodeSequence": code}))
    result = decide(program(Remove(Targets((p("PatientID"),), anywhere=True))), made)
    assert b"deep" not in result.data
    assert b"top" not in result.data
    assert result.value("RequestAttributesSequence")[0].ScheduledProtocolCodeSequence[0].CodeMeaning == "x"


def test_a_tag_set_means_masks_vrs_and_private_elements_without_what_is_excepted() -> None:
    made = dataset(PatientName="A", ReferringPhysicianName="B", StudyID="S")
    made.add_new(0x60000010, "US", 1)
    made.private_block(0x0031, "NORTH", create=True).add_new(0x20, "LO", "p")
    kept = TagSet(tags=frozenset({0x00080090}))
    meant = TagSet(
        masks=((0xFF00FFFF, 0x60000010),),
        vrs=frozenset({"PN"}),
        privates=(PrivateTag(0x0031, "NORTH", 0x20),),
        excepted=kept,
    )
    result = decide(program(Remove(Targets(sets=(meant,)))), made)
    assert result.value("PatientName") is None
    assert str(result.value("ReferringPhysicianName")) == "B"
    assert 0x60000010 not in result.leaves
    assert 0x00310010 not in result.leaves
    assert result.value("StudyID") == "S"


def test_remove_except_spares_what_is_named_and_what_lies_below_it() -> None:
    made = dataset(
        PatientID="top",
        RequestAttributesSequence=with_items({"PatientID": "below"}),
        SourceImageSequence=with_items({"PatientID": "gone"}),
    )
    spared = Targets((p("PatientID"),), anywhere=True, excepted=Targets((p("RequestAttributesSequence"),)))
    result = decide(program(Remove(spared)), made)
    assert b"below" in result.data
    assert b"gone" not in result.data


def test_an_item_is_removed_and_the_others_stay() -> None:
    items = with_items(*({"ScheduledProcedureStepID": letter} for letter in "ABC"))
    made = dataset(RequestAttributesSequence=items)
    result = decide(program(Remove(Targets((p("RequestAttributesSequence[item 2]"),)))), made)
    assert [item.ScheduledProcedureStepID for item in result.value("RequestAttributesSequence")] == ["A", "C"]


def test_s41_a_let_is_seen_by_the_statements_below_it() -> None:
    body = (Let("name", Call("upper", (read("PatientID"),)), lit("none")), set_("StudyID", Local("name"), "keep"))
    assert decide(program(*body), dataset(PatientID="ab")).value("StudyID") == "AB"
    assert decide(program(*body), dataset()).value("StudyID") == "none"


def test_s44_if_is_tested_when_it_is_reached_and_when_only_before() -> None:
    body = (
        set_("Modality", "MR"),
        If(tuple(Branch(eq("Modality", name), (set_("StudyID", name),)) for name in ("CT", "MR"))),
        set_("StudyDescription", "still"),
    )
    result = decide(program(*body, when=eq("Modality", "CT")), dataset(Modality="CT"))
    assert (result.value("StudyID"), result.value("StudyDescription")) == ("MR", "still")


def test_if_without_a_true_arm_takes_else() -> None:
    statement = If((Branch(eq("Modality", "CT"), ()),), (set_("StudyID", "else"),))
    assert decide(program(statement), dataset(Modality="MR")).value("StudyID") == "else"
    assert decide(program(statement), dataset(Modality="CT")).value("StudyID") is None


def choose(subject: str, default: object = "keep", **parts: object) -> Choose:
    arms = (
        ChooseArm((Regex("LY.*"),), lit("LYON")),
        ChooseArm((lit("NAN1"), lit("NAN2")), lit("NANTES")),
        ChooseArm((lit("STOP"),), QUARANTINE),
    )
    return Choose(read(subject), arms, default, Type.TEXT)  # type: ignore[arg-type]


@pytest.mark.parametrize(("station", "site"), [("LY5", "LYON"), ("NAN2", "NANTES"), ("PARIS", None)])
def test_s43_choose_takes_the_first_arm_that_fits(station: str, site: str | None) -> None:
    result = decide(program(set_("StudyID", choose("StationName"), lit("no station"))), dataset(StationName=station))
    assert result.value("StudyID") == site


def test_s43_a_missing_subject_goes_to_otherwise_not_to_else() -> None:
    statement = set_("StudyID", choose("StationName", lit("ELSE")), lit("NONE"))
    assert decide(program(statement), dataset()).value("StudyID") == "NONE"
    assert decide(program(statement), dataset(StationName="X")).value("StudyID") == "ELSE"


def test_s43_an_arm_may_be_a_verdict() -> None:
    statement = set_("StudyID", choose("StationName"), "keep")
    assert decide(program(statement), dataset(StationName="STOP")).decision.verdict is Verdict.QUARANTINE


def test_choose_by_range() -> None:
    arms = (ChooseArm((Range(1, 5),), lit("few")),)
    statement = set_("StudyID", Choose(read("InstanceNumber"), arms, lit("many"), Type.INT), "keep")
    assert decide(program(statement), dataset(InstanceNumber=5)).value("StudyID") == "few"
    assert decide(program(statement), dataset(InstanceNumber=6)).value("StudyID") == "many"


def test_dates_ages_and_numbers_are_written_in_the_form_of_their_vr() -> None:
    age = Call("age", (read("PatientBirthDate"), read("StudyDate")))
    body = (
        set_("PatientAge", age, "keep"),
        set_("AcquisitionDate", Call("plus_days", (read("StudyDate"), lit(1, Type.INT))), "keep"),
        set_("Rows", lit(512, Type.INT)),
        set_("RecommendedDisplayFrameRateInFloat", lit(Decimal("0.5"), Type.DECIMAL)),
        set_("ContentDate", lit(date(2024, 2, 29), Type.DATE)),
    )
    result = decide(program(*body), dataset(PatientBirthDate="20240101", StudyDate="20240320"))
    assert result.value("PatientAge") == "079D"
    assert result.value("AcquisitionDate") == "20240321"
    assert result.value("Rows") == 512
    assert result.value("RecommendedDisplayFrameRateInFloat") == 0.5
    assert result.value("ContentDate") == "20240229"


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN])
def test_new_elements_take_the_encoding_of_what_holds_them(syntax: str) -> None:
    body = (
        set_("PatientID", "new"),
        set_("Rows", lit(258, Type.INT)),
        set_(STEP_ID.format("first"), "S", creating=True),
    )
    arrived = envelope(dataset(PatientID="old"), syntax)
    result = decide(program(*body), arrived)
    assert result.value("PatientID") == "new"
    assert result.value("Rows") == 258
    assert result.value("RequestAttributesSequence")[0].ScheduledProcedureStepID == "S"


def test_a_changed_sop_instance_uid_is_the_one_the_variant_names() -> None:
    result = decide(program(set_("SOPInstanceUID", lit("1.9.9", Type.UID))), dataset())
    assert result.decision.variants[0].sop_instance == "1.9.9"
    assert decide(program(), dataset()).decision.variants[0].sop_instance == "1.2.3.4"


def test_changes_say_before_after_and_the_rule_that_wrote_last() -> None:
    rules = (rule(set_("PatientID", "A"), name="one"), rule(set_("PatientID", "B"), name="two"))
    result = decide(program(*rules), dataset(PatientID="0"))
    (change,) = result.decision.variants[0].changes
    assert (change.path, change.before, change.after, change.rule) == ("PatientID", "0", "B", "two")
    assert [hit.changes[0].after for hit in result.decision.hits] == ["A", "B"]


def test_what_is_written_and_taken_back_is_no_change() -> None:
    made = encode(dataset(PatientID="0"))
    result = decide(program(set_("PatientID", "A"), set_("PatientID", "0")), made)
    assert changed(result) == {}


def test_a_number_of_the_object_is_compared_after_it_was_written() -> None:
    first = rule(set_("InstanceNumber", lit(5, Type.INT)), name="one", when=compare("InstanceNumber", "==", 1))
    second = rule(set_("StudyID", "five"), name="two", when=compare("InstanceNumber", "==", 5))
    assert decide(program(first, second), dataset(InstanceNumber=1)).value("StudyID") == "five"


def test_removing_a_sequence_is_seen_by_later_conditions() -> None:
    made = dataset(RequestAttributesSequence=with_items({"ScheduledProcedureStepID": "A"}))
    first = rule(
        Remove(Targets((p("RequestAttributesSequence"),))), name="one", when=is_(STEP_ID.format("first"), "present")
    )
    second = rule(set_("StudyID", "gone"), name="two", when=is_(STEP_ID.format("first"), "absent"))
    assert decide(Program(rules=(first, second)), made).value("StudyID") == "gone"


def test_s45_a_function_may_be_called_with_a_missing_value_and_takes_the_otherwise() -> None:
    statement = set_("StudyID", Call("upper", (read("PatientID"),)), lit("none"))
    assert decide(program(statement), dataset()).value("StudyID") == "none"


def test_functions_on_whole_attributes() -> None:
    made = dataset(ImageType=["A", "B"], RequestAttributesSequence=with_items({}, {}, {}))
    body = (
        set_("InstanceNumber", Call("count", (read("ImageType"),))),
        set_("StudyID", Call("join", (read("ImageType"), lit("/"))), "keep"),
        set_("SeriesNumber", Call("count", (Read(p("RequestAttributesSequence")),))),
        set_("AcquisitionNumber", Call("count", (read("OtherPatientIDs"),))),
    )
    result = decide(program(*body), made)
    assert (result.value("InstanceNumber"), result.value("StudyID")) == (2, "A/B")
    assert (result.value("SeriesNumber"), result.value("AcquisitionNumber")) == (3, 0)


def test_first_present_takes_missing_values() -> None:
    call = Call("first_present", (read("StudyID"), read("PatientID"), lit("last")))
    assert (
        decide(program(set_("AccessionNumber", call, "keep")), dataset(PatientID="P")).value("AccessionNumber") == "P"
    )


def test_split_gives_several_values() -> None:
    split = Call("split", (read("StudyDescription"), lit("/")))
    result = decide(program(set_("OtherPatientIDs", split, "keep")), dataset(StudyDescription="A/B"))
    assert list(result.value("OtherPatientIDs")) == ["A", "B"]


def test_a_name_that_cannot_be_read_is_never_overwritten_with_one_component_of_it() -> None:
    made = encode(dataset(PatientName="ABCD")).replace(b"ABCD", b"\xff\xfeAB")
    assert decide(program(set_("PatientName.given", "X")), made).data == made
    taken = set_("PatientName.given", "X", QUARANTINE)
    assert decide(program(taken), made).decision.verdict is Verdict.QUARANTINE


@pytest.mark.parametrize(("representation", "vr"), [(0, b"US"), (1, b"SS")])
def test_us_or_ss_goes_by_the_pixel_representation(representation: int, vr: bytes) -> None:
    made = dataset(PixelRepresentation=representation)
    result = decide(program(set_("SmallestImagePixelValue", lit(5, Type.INT))), made)
    assert b"\x28\x00\x06\x01" + vr + b"\x02\x00\x05\x00" in result.data


# ── what should be a sequence and is none ─────────────────────────────────────────────────────────────────────────

CODES = 0x00081032  # ProcedureCodeSequence
NEW_CODES = (
    Within(p("ProcedureCodeSequence[new]"), (set_("CodeValue", "X"),)),
    Add(p("ProcedureCodeSequence[new].CodeValue"), lit("X")),
    set_("ProcedureCodeSequence[first].CodeValue", "X", creating=True),
)


@pytest.mark.parametrize("value", ["WRONG", ""])
@pytest.mark.parametrize("statement", NEW_CODES)
def test_no_item_is_put_into_what_is_no_sequence(statement: object, value: str) -> None:
    made = dataset()
    made.add_new(CODES, "LO", value)
    result = decide(program(statement), made)
    assert changed(result) == {}
    assert "ProcedureCodeSequence holds no items: no target" in result.decision.hits[0].notes
    stopped = decide(program(statement, settings=Settings(malformed=QUARANTINE)), made)
    assert stopped.decision.verdict is Verdict.QUARANTINE


def in_three_character_sets() -> Dataset:
    """Greek at the top, Cyrillic in one item, Latin-1 in another."""
    made = dataset(SpecificCharacterSet="ISO_IR 126", StudyDescription="Κρανίο")
    made.RequestAttributesSequence = with_items(
        {"SpecificCharacterSet": "ISO_IR 144", "RequestedProcedureDescription": "Череп"},
        {"SpecificCharacterSet": "ISO_IR 100", "RequestedProcedureDescription": "Schädel"},
    )
    return made


def test_what_is_copied_to_several_places_is_the_same_text_though_the_first_changes_the_character_set() -> None:
    to_unicode = Settings(unencodable=ConvertTo("ISO_IR 192"))
    every = "RequestAttributesSequence[every].RequestedProcedureDescription"
    result = decide(program(Copy(p("StudyDescription"), p(every)), settings=to_unicode), in_three_character_sets())
    items = result.value("RequestAttributesSequence")
    assert result.value("SpecificCharacterSet") == "ISO_IR 192"
    assert [item.RequestedProcedureDescription for item in items] == ["Κρανίο", "Κρανίο"]


def test_texts_that_are_exchanged_keep_their_letters_though_one_changes_the_character_set() -> None:
    to_unicode = Settings(unencodable=ConvertTo("ISO_IR 192"))
    second = "RequestAttributesSequence[last].RequestedProcedureDescription"
    result = decide(program(Swap(p("StudyDescription"), p(second)), settings=to_unicode), in_three_character_sets())
    items = result.value("RequestAttributesSequence")
    assert result.value("StudyDescription") == "Schädel"
    assert [item.RequestedProcedureDescription for item in items] == ["Череп", "Κρανίο"]


def test_sequences_that_are_exchanged_keep_their_letters_though_one_changes_the_character_set() -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 100")
    made.ProcedureCodeSequence = with_items({"CodeMeaning": "Schädel"})
    made.RequestAttributesSequence = with_items({"SpecificCharacterSet": "ISO_IR 144"})
    made.RequestAttributesSequence[0].RequestedProcedureCodeSequence = with_items({"CodeMeaning": "Череп"})
    to_unicode = Settings(unencodable=ConvertTo("ISO_IR 192"))
    nested = "RequestAttributesSequence[first].RequestedProcedureCodeSequence"
    result = decide(program(Swap(p("ProcedureCodeSequence"), p(nested)), settings=to_unicode), made)
    request = result.value("RequestAttributesSequence")[0]
    assert result.value("ProcedureCodeSequence")[0].CodeMeaning == "Череп"
    assert request.RequestedProcedureCodeSequence[0].CodeMeaning == "Schädel"


def under(tag: int, vr: bytes, value: bytes) -> bytes:
    """An object with one element under a VR that is not the dictionary's."""
    head = tag.to_bytes(4, "big")
    element = head[1::-1] + head[:1:-1] + vr + len(value).to_bytes(2, "little") + value
    whole = encode(dataset())
    at = whole.index(b"\x20\x00\x0d\x00UI")
    return whole[:at] + element + whole[at:]


@pytest.mark.parametrize("statement", [Copy, Move, Swap])
def test_s10_bytes_that_came_under_another_vr_are_not_taken_for_what_they_are_not(
    statement: type[Copy | Move | Swap],
) -> None:
    made = under(0x00180050, b"FL", b"\x00\x00\xc0\x3f")
    body = statement(p("SliceThickness"), p("SpacingBetweenSlices"))
    result = decide(program(body), made, explain=True)
    assert result.data == made
    assert result.notes == ("malformed: no effect",)
    stop = decide(program(body, settings=Settings(malformed=QUARANTINE)), made)
    assert stop.decision.verdict is Verdict.QUARANTINE


@pytest.mark.parametrize(("vr", "value"), [(b"SH", b"1.50"), (b"DS", b""), (b"LO", b"1.50")])
def test_s10_text_is_copied_under_whatever_vr_of_text_it_came(vr: bytes, value: bytes) -> None:
    body = Copy(p("SliceThickness"), p("SpacingBetweenSlices"))
    result = decide(program(body), under(0x00180050, vr, value))
    assert str(result.value("SpacingBetweenSlices") or "") == value.decode()


def test_a_copied_item_has_no_group_length_which_another_encoding_would_make_wrong() -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 192")
    made.ProcedureCodeSequence = with_items({"SpecificCharacterSet": "ISO_IR 100", "CodeMeaning": "Schädel"})
    made.ProcedureCodeSequence[0].add_new(0x00080000, "UL", 30)
    body = Copy(p("ProcedureCodeSequence"), p("RequestedProcedureCodeSequence"))
    item = decide(program(body), made).value("RequestedProcedureCodeSequence")[0]
    assert (0x00080000 in item, item.CodeMeaning) == (False, "Schädel")


def test_a_compressed_icon_inside_what_is_copied_is_not_taken_for_pixels_that_are_not_compressed() -> None:
    icon = Dataset()
    icon.add_new(0x7FE00010, "OB", encapsulate([b"\xff\xd8\xff\xd9"]))
    icon["PixelData"].is_undefined_length = True
    made = dataset()
    made.ReferencedImageSequence = with_items({"IconImageSequence": [icon]})
    result = decide(program(Copy(p("ReferencedImageSequence"), p("SourceImageSequence"))), made)
    assert result.decision.verdict is Verdict.QUARANTINE


@pytest.mark.parametrize("vr", [b"UI", b"LO", b"US", b"SS", b"PN"])
def test_a_number_that_came_under_another_vr_is_malformed(vr: bytes) -> None:
    made = under(0x00180050, vr, b"ab")
    body = set_("SpacingBetweenSlices", Arithmetic("*", read("SliceThickness"), lit(2, Type.INT)), Stop("drop", "no"))
    decision = decide(program(body), made).decision
    assert decision.verdict is (Verdict.SEND if vr in (b"US", b"SS") else Verdict.DROP)


def test_bytes_are_no_number() -> None:
    made = dataset()
    made.add_new(0x00180050, "OB", b"ab")
    body = set_("SpacingBetweenSlices", Arithmetic("*", read("SliceThickness"), lit(2, Type.INT)), Stop("drop", "no"))
    assert decide(program(body), made).decision.verdict is Verdict.DROP


def test_text_in_un_is_copied_into_another_character_set_as_text() -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 192")
    made.RequestAttributesSequence = with_items({"SpecificCharacterSet": "ISO_IR 144"})
    cyrillic = made.RequestAttributesSequence[0]
    cyrillic.RequestedProcedureCodeSequence = with_items({})
    code = cyrillic.RequestedProcedureCodeSequence[0]
    for item, tag in ((cyrillic, 0x00321060), (code, 0x00080104)):
        item.add_new(tag, "UN", "Череп ".encode("iso8859_5"))
        item[tag].VR = "UN"  # pydicom has put the one it knows
    result = decide(
        program(
            Copy(p("RequestAttributesSequence[first].RequestedProcedureDescription"), p("StudyDescription")),
            Copy(p("RequestAttributesSequence[first].RequestedProcedureCodeSequence"), p("ProcedureCodeSequence")),
        ),
        made,
    )
    assert result.value("StudyDescription") == "Череп"
    assert result.value("ProcedureCodeSequence")[0].CodeMeaning == "Череп"
