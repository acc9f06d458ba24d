"""Comparisons, texts, ranges, quantifiers (S12 to S15, S23 to S28, S86, S87)."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dicomrules.model.instance import Peer
from dicomrules.program.expression import (
    Among,
    Call,
    Compare,
    Context,
    During,
    InNetworks,
    Join,
    Literal,
    Matches,
    Not,
    Range,
    Read,
    TextTest,
)
from dicomrules.program.moment import Age, parse_datetime, parse_time
from dicomrules.program.path import Path, Pick, Step, Where
from dicomrules.program.ruleset import Settings
from dicomrules.program.schedule import Schedule, Window
from dicomrules.program.types import Regex, Type
from tests.unit.engine.make import (
    compare,
    dataset,
    decide,
    encode,
    envelope,
    eq,
    fires,
    is_,
    lit,
    p,
    read,
    rule,
    with_items,
)


def among(path: str, *members: object, kind: Type | None = None, negated: bool = False) -> Among:
    kind = kind or p(path).type
    parts = tuple(part if isinstance(part, Range) else lit(part, kind) for part in members)
    return Among(read(path), parts, kind, negated)


def test_s12_padding_is_no_part_of_a_value() -> None:
    made = encode(dataset(StationName=" CT 1 ", PatientName="DOE ", StudyInstanceUID="1.2.3.45"))
    assert fires(eq("StationName", "CT 1"), made)
    assert fires(Matches(read("StationName"), Regex("CT 1")), made)
    assert fires(eq("PatientName.family", "DOE"), made)
    assert fires(eq("StudyInstanceUID", "1.2.3.45"), made)


def test_s12_leading_spaces_of_long_text_count() -> None:
    made = dataset(AdditionalPatientHistory=" left ")
    assert fires(eq("AdditionalPatientHistory", " left"), made)
    assert not fires(eq("AdditionalPatientHistory", "left"), made)


@pytest.mark.parametrize("kind", ["contains", "starts", "ends"])
def test_s13_case_matters(kind: str) -> None:
    made = dataset(StudyDescription="CT")
    assert fires(TextTest(kind, read("StudyDescription"), lit("CT")), made)
    assert not fires(TextTest(kind, read("StudyDescription"), lit("ct")), made)
    assert not fires(eq("StudyDescription", "ct"), made)


def test_s14_texts_compare_in_normal_form_c_and_nothing_else_is_folded() -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 192", StudyDescription="Mu\u0308ller", InstitutionName="ﬁ")
    assert fires(eq("StudyDescription", "Müller"), made)
    assert fires(Matches(read("StudyDescription"), Regex("M.ller")), made)
    assert not fires(eq("InstitutionName", "fi"), made)


def test_s15_matches_and_contains_look_at_one_value_at_a_time() -> None:
    made = dataset(ImageType=["ORIGINAL", "PRIMARY"])
    assert fires(Matches(read("ImageType[any]"), Regex("PRIMARY")), made)
    assert not fires(Matches(read("ImageType[any]"), Regex(r"ORIGINAL.PRIMARY")), made)
    assert fires(TextTest("contains", read("ImageType[any]"), lit("GINA")), made)


def test_matches_is_about_the_whole_value_and_contains_about_any_part() -> None:
    made = dataset(StudyDescription="1024")
    assert not fires(Matches(read("StudyDescription"), Regex(r"\d{3}")), made)
    assert fires(Matches(read("StudyDescription"), Regex(r"\d{3}"), whole=False), made)


def test_any_over_nothing_is_false_and_every_over_nothing_is_true() -> None:
    assert not fires(eq("ImageType[any]", "X"), dataset())
    assert fires(eq("ImageType[every]", "X"), dataset())
    assert not fires(eq("RequestAttributesSequence[any].ScheduledProcedureStepID", "X"), dataset())
    assert fires(eq("RequestAttributesSequence[every].ScheduledProcedureStepID", "X"), dataset())


def test_any_and_every_ask_each_value() -> None:
    made = dataset(ImageType=["A", "B"])
    assert fires(eq("ImageType[any]", "B"), made)
    assert not fires(eq("ImageType[every]", "B"), made)
    assert fires(among("ImageType[every]", "A", "B"), made)


def test_any_and_every_ask_each_item() -> None:
    steps = with_items({"ScheduledProcedureStepID": "S1"}, {"ScheduledProcedureStepID": "S2"}, {})
    made = dataset(RequestAttributesSequence=steps)
    path = "RequestAttributesSequence[{}].ScheduledProcedureStepID"
    assert fires(eq(path.format("any"), "S2"), made)
    assert not fires(eq(path.format("every"), "S2"), made)
    assert fires(is_(path.format("any"), "absent"), made)
    assert not fires(is_(path.format("every"), "present"), made)


def test_a_function_in_a_condition_is_called_for_each_value() -> None:
    made = dataset(ImageType=["a", "b"])
    upper = Call("upper", (read("ImageType[any]"),))
    assert fires(Compare("==", upper, lit("B"), Type.TEXT), made)
    joined = Join((lit("x"), upper))
    assert fires(Compare("==", joined, lit("xB"), Type.TEXT), made)
    assert fires(Compare("==", lit("xB"), joined, Type.TEXT), made)


def test_s23_names_compare_per_group_and_component_without_empty_ones_at_the_end() -> None:
    made = dataset(PatientName="DOE^JANE^^^=")
    assert fires(eq("PatientName", "DOE^JANE"), made)
    assert not fires(eq("PatientName", "Doe^Jane"), made)
    assert not fires(eq("PatientName", "DOE"), made)


def test_s23_a_literal_of_one_group_is_about_the_first_group_alone() -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 192", PatientName="YAMADA^TARO=山田^太郎")
    assert fires(eq("PatientName", "YAMADA^TARO"), made)
    assert fires(eq("PatientName", "YAMADA^TARO=山田^太郎"), made)
    assert not fires(eq("PatientName", "YAMADA^TARO=山田"), made)
    assert not fires(eq("PatientName", "YAMADA"), dataset(SpecificCharacterSet="ISO_IR 192", PatientName="=山田"))


def test_s23_two_names_of_the_object_compare_as_a_whole() -> None:
    made = dataset(PatientName="DOE^J", ReferringPhysicianName="DOE^J^")
    assert fires(Compare("==", read("PatientName"), read("ReferringPhysicianName"), Type.PERSON), made)


def test_s23_components_are_those_of_the_first_group_unless_another_is_named() -> None:
    made = dataset(SpecificCharacterSet="ISO_IR 192", PatientName="YAMADA^TARO=山田^太郎")
    assert fires(eq("PatientName.family", "YAMADA"), made)
    assert fires(eq("PatientName.ideographic.family", "山田"), made)
    assert fires(is_("PatientName.phonetic.family", "blank"), made)


def test_s24_text_compares_with_code_and_uid() -> None:
    made = dataset(Modality="CT", StudyID="CT", StudyDescription="1.2.3")
    assert fires(Compare("==", read("StudyID"), read("Modality"), Type.TEXT), made)
    assert fires(Compare("==", read("StudyDescription"), read("StudyInstanceUID"), Type.TEXT), made)


def test_s25_numbers_compare_by_value_and_exactly() -> None:
    made = dataset(SliceThickness="1.6000", InstanceNumber="007")
    assert fires(compare("SliceThickness", "==", Decimal("1.6")), made)
    assert fires(compare("InstanceNumber", "==", 7), made)
    assert not fires(compare("SliceThickness", "<", Decimal("1.6")), made)


def test_s25_binary_fractions_compare_as_decimals_of_their_shortest_form() -> None:
    made = dataset(RecommendedDisplayFrameRateInFloat=0.1)
    assert fires(compare("RecommendedDisplayFrameRateInFloat", "==", Decimal("0.1")), made)


def test_s26_both_ends_of_a_range_belong_to_it_and_lists_may_mix() -> None:
    mixed = among("InstanceNumber", Range(1, 5), 10)
    assert [n for n in range(12) if fires(mixed, dataset(InstanceNumber=n))] == [1, 2, 3, 4, 5, 10]
    dates = among("StudyDate", Range(date(2024, 1, 1), date(2024, 12, 31)))
    assert fires(dates, dataset(StudyDate="20241231"))
    assert not fires(dates, dataset(StudyDate="20250101"))


def test_not_in_is_false_without_a_value() -> None:
    without = among("Modality", "CT", negated=True)
    assert not fires(without, dataset())
    assert fires(without, dataset(Modality="MR"))


def test_s27_times_compare_at_the_coarser_precision() -> None:
    made = dataset(StudyTime="1030")
    assert fires(compare("StudyTime", "==", parse_time("103059")), made)
    assert fires(compare("StudyTime", "<=", parse_time("10")), made)
    assert not fires(compare("StudyTime", "<", parse_time("103059")), made)


def test_s28_date_times_with_an_offset_are_instants() -> None:
    made = dataset(AcquisitionDateTime="20240101120000+0200")
    assert fires(compare("AcquisitionDateTime", "==", parse_datetime("20240101100000+0000")), made)
    assert not fires(compare("AcquisitionDateTime", "<", parse_datetime("20240101100000+0000")), made)


def test_s28_a_date_time_without_offset_uses_that_of_the_object_then_the_settings() -> None:
    instant = compare("AcquisitionDateTime", "==", parse_datetime("202401011000+0000"))
    own = dataset(AcquisitionDateTime="202401011200", TimezoneOffsetFromUTC="+0200")
    assert fires(instant, own)
    madrid = dataset(AcquisitionDateTime="202401011100")
    assert fires(instant, madrid, settings=Settings(timezone="Europe/Madrid"))
    assert not fires(instant, madrid)


def test_s27_a_coarse_date_time_with_an_offset_is_equal_to_what_lies_inside_it() -> None:
    made = dataset(AcquisitionDateTime="20231231233000+0000")
    assert fires(compare("AcquisitionDateTime", "==", parse_datetime("2024+0100")), made)
    assert fires(compare("AcquisitionDateTime", "==", parse_datetime("2023+0000")), made)
    assert fires(compare("AcquisitionDateTime", "<", parse_datetime("2024+0000")), made)


def test_ages_compare_across_units() -> None:
    young = compare("PatientAge", "<", Age(18, "Y"))
    assert fires(young, dataset(PatientAge="079D"))
    assert fires(young, dataset(PatientAge="011M"))
    assert not fires(young, dataset(PatientAge="018Y"))


def test_s87_not_around_what_has_a_fixed_answer_on_nothing() -> None:
    assert fires(Not(eq("ImageType[any]", "X")), dataset())
    assert fires(Not(is_("PatientID", "present")), dataset())


def test_unless_fires_when_its_condition_is_not_true_whatever_is_absent() -> None:
    from dicomrules.program.ruleset import Program

    guarded = Program(rules=(rule(unless=eq("Manufacturer", "KONICA")),))
    assert decide(guarded, dataset()).decision.hits[0].matched
    assert decide(guarded, dataset(Manufacturer="OTHER")).decision.hits
    assert not decide(guarded, dataset(Manufacturer="KONICA")).decision.hits


@pytest.mark.parametrize(
    ("address", "inside"), [("10.20.3.4", True), ("10.21.0.1", False), ("::ffff:10.20.3.4", True), ("nonsense", False)]
)
def test_an_address_is_inside_a_network(address: str, inside: bool) -> None:
    arrived = envelope(dataset(), peer=Peer("A", "B", address, "scp"))
    condition = InNetworks(Context("calling_ip"), ("10.20.0.0/16", "192.0.2.1"))
    assert fires(condition, arrived) is inside


def test_context_names_are_read_from_the_envelope() -> None:
    arrived = envelope(dataset())
    assert fires(Compare("==", Context("calling_aet"), lit("CT_A1"), Type.TEXT), arrived)
    assert fires(Compare("==", Context("source_path"), lit(""), Type.TEXT), arrived)
    assert fires(Compare(">", Context("object_size"), lit(10, Type.INT), Type.INT), arrived)


def test_s28_a_window_over_midnight_belongs_to_the_day_it_starts() -> None:
    nights = Schedule("nights", (Window(days=frozenset({4}), start=19 * 60, end=6 * 60),))  # Friday
    during = During(Context("received_at"), "nights")

    def received(day: int, hour: int) -> bool:
        at = datetime(2026, 1, day, hour, tzinfo=UTC)
        return fires(during, envelope(dataset(), received_at=at), schedules={"nights": nights})

    assert received(2, 20)
    assert received(3, 5)
    assert not received(3, 20)
    assert not received(2, 5)


def test_schedules_use_the_time_zone_of_the_settings() -> None:
    late = Schedule("late", (Window(days=frozenset(range(7)), start=13 * 60, end=14 * 60),))
    during, parts = During(Context("received_at"), "late"), {"schedules": {"late": late}}
    assert fires(during, envelope(dataset()), settings=Settings(timezone="Europe/Madrid"), **parts)
    assert not fires(during, envelope(dataset()), **parts)


def test_where_takes_the_first_item_that_fits_and_its_paths_start_at_the_item() -> None:
    items = with_items({"CodeValue": "A", "CodeMeaning": "a"}, {"CodeValue": "B", "CodeMeaning": "b"})
    made = dataset(AnatomicRegionSequence=items, Modality="CT")
    step = Step(0x00082218, "SQ", "AnatomicRegionSequence", Where(eq("CodeValue", "B")))
    path = Path((step, *p("CodeMeaning").steps))
    assert fires(Compare("==", Read(path), lit("b"), Type.TEXT), made)
    none = Path((Step(step.tag, "SQ", step.name, Where(eq("CodeValue", "C"))), *p("CodeMeaning").steps))
    assert not fires(Compare("==", Read(none), lit("b"), Type.TEXT), made)


def test_presence_of_a_literal_or_context_name_goes_by_its_text() -> None:
    from dicomrules.program.expression import Is

    assert fires(Is(Context("source_path"), "blank"), envelope(dataset()))
    assert fires(Is(Context("calling_aet"), "present"), envelope(dataset()))
    assert fires(Is(Literal(" ", Type.TEXT), "blank"), dataset())


def test_last_and_first_values() -> None:
    made = dataset(ImageType=["A", "B", "C"])
    assert fires(eq("ImageType[first]", "A"), made)
    assert fires(eq("ImageType[last]", "C"), made)
    assert Pick("last") is Pick.LAST
