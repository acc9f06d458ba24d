"""Cases with an identifier: each is found in a test, so that none is lost unnoticed.

S: crash, power and disk. D: destinations. I: identity and rewrites. L: logs, secrets, operations. A test says in its
name which cases it shows (`test_s07_…`, or the id of one of its parameters). R: what people ask of a router.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

LAST = {"S": 29, "D": 21, "I": 19, "L": 12}
LEFT_OUT = {
    "I-02": "answers of look-ups over a network: none in this version",
    "I-07": "a patient found by look-up: none over a network in this version; keys of CSV files are unique (DR604)",
}
# Elsewhere these letters stand for chapters of the language, and for other tasks.
WHERE = {"S": ("faults", "unit/queue", "unit/spool"), "D": ("faults", "unit", "wire"), "I": ("",), "L": ("",)}

# What rules alone decide has a file of its own in language/tasks; of the rest, where it is shown.
TASKS = {
    "R09": "unit/engine/test_decide.py: r09_s63_only_the_destination_that_is_the_sender_itself_is_left_out",
    "R11": "faults/test_ways.py: r11_what_the_main_archive_refuses_goes_to_the_standby_alone",
    "R13": "faults/test_lifecycle.py: r13_what_waited_when_it_ended_is_sent_when_it_runs_again_and_nothing_twice",
    "R15": "scenarios/t_15_pixels/test_pixels.py: ",
    "R23": "faults/test_ways.py: s21_r23_a_pause_in_the_middle_of_a_series_only_delays_and_drops_nothing",
    "R37": "scenarios/t_37_dicom_and_dicomweb/test_dicom_and_dicomweb.py: ",
}

_NAME = re.compile(r"""(?:def test_|id=")((?:[a-z]\d\d_)+)""")


def shown(section: str) -> set[str]:
    """The identifiers of a section in the names of tests."""
    found: set[str] = set()
    for folder in WHERE[section]:
        for file in (TESTS / folder).rglob("*.py"):
            for names in _NAME.findall(file.read_text("utf-8")):
                found |= {f"{name[0].upper()}-{name[1:]}" for name in names.split("_") if name}
    return {one for one in found if one[0] == section}


@pytest.mark.parametrize("section", LAST)
def test_every_case_is_shown_by_a_test_or_left_out_for_a_reason(section: str) -> None:
    every = {f"{section}-{number:02d}" for number in range(1, LAST[section] + 1)}
    assert every - shown(section) == {one for one in LEFT_OUT if one[0] == section}
    assert not shown(section) & set(LEFT_OUT)


def test_every_task_of_a_router_is_done_by_rules_or_shown_by_a_test() -> None:
    files = {part.upper() for file in (TESTS / "language/tasks").glob("r*.rules") for part in file.stem.split("_")}
    every = {f"R{number:02d}" for number in range(1, 38, 2)}
    assert every - files <= set(TASKS)
    for name in TASKS.values():
        file, _, test = name.partition(": ")
        assert f"def test_{test}" in (TESTS / file).read_text("utf-8"), name
