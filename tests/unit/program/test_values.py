"""Plain values of the compiled rule set."""

from datetime import date, datetime

import pytest
from pydicom.datadict import DicomDictionary

from dicomrules.program.expression import Both, Compare, Literal, Origin, Read
from dicomrules.program.path import Path, Step
from dicomrules.program.ruleset import Guard, Program, Rule
from dicomrules.program.schedule import Schedule, Window
from dicomrules.program.types import TYPE_OF_VR, Type
from dicomrules.program.walk import inside


def test_every_vr_of_the_dictionary_has_a_type() -> None:
    vrs = {entry[0] for entry in DicomDictionary.values()} - {"NONE"}
    assert {vr for vr in vrs if vr not in TYPE_OF_VR} == set()


def test_the_type_of_a_path_is_that_of_its_last_step_and_of_a_component_text() -> None:
    name = Step(0x00100010, "PN", "PatientName")
    assert Path((name,)).type is Type.PERSON
    assert Path((name,), component="family").type is Type.TEXT


def test_where_a_node_stands_is_no_part_of_what_it_means() -> None:
    modality = Read(Path((Step(0x00080060, "CS", "Modality"),)))
    one = Compare("==", modality, Literal("CT", Type.CODE), Type.CODE, Origin("a", "a:1:1"))
    assert one == Compare("==", modality, Literal("CT", Type.CODE), Type.CODE, Origin("b", "b:2:2"))


def test_everything_inside_a_program_can_be_walked() -> None:
    modality = Read(Path((Step(0x00080060, "CS", "Modality"),)))
    test = Compare("==", modality, Literal("CT", Type.CODE), Type.CODE)
    rules = (Rule("r", Guard(Both((test, test))), ()),)
    found = list(inside(Program(rules=rules)))
    assert found.count(test) == 2
    assert any(isinstance(part, Step) for part in found)


def test_secrets_are_not_printed() -> None:
    assert "hush" not in repr(Program(secrets={"salt": "hush"}))


@pytest.mark.parametrize(
    ("at", "inside_it"),
    [
        (datetime(2026, 1, 2, 18, 59), False),
        (datetime(2026, 1, 2, 19, 0), True),
        (datetime(2026, 1, 3, 5, 59), True),
        (datetime(2026, 1, 3, 6, 0), False),
        (datetime(2026, 1, 2, 3, 0), False),
    ],
)
def test_s28_a_window_over_midnight_belongs_to_the_day_it_starts(at: datetime, inside_it: bool) -> None:
    friday_night = Window(days=frozenset({4}), start=19 * 60, end=6 * 60)
    assert Schedule("s", (friday_night,)).holds(at) is inside_it


def test_windows_may_name_dates_of_every_year_or_single_days() -> None:
    christmas, once = Window(dates=frozenset({(12, 25)})), Window(days_of=frozenset({date(2026, 5, 4)}))
    schedule = Schedule("s", (christmas, once))
    assert schedule.holds(datetime(2031, 12, 25, 23, 59))
    assert schedule.holds(datetime(2026, 5, 4))
    assert not schedule.holds(datetime(2027, 5, 4))
