"""Presence of an item of a sequence (S17, S19)."""

import pytest

from tests.unit.rulebook.say import codes, failures

SEQUENCE = "RequestAttributesSequence"
ONE = f'given {SEQUENCE}[first].RequestedProcedureID = "1" '
NONE = "given Rows = 5 "


@pytest.mark.parametrize(
    ("test", "given", "answer"),
    [
        ("[first] is present", ONE, True),
        ("[first] is present", NONE, False),
        ("[item 2] is absent", ONE, True),
        ("[item 1] is absent", ONE, False),
        ("[first] is blank", NONE, True),
        ('[where RequestedProcedureID == "1"] is present', ONE, True),
        ('[where RequestedProcedureID == "2"] is present', ONE, False),
        ('[where RequestedProcedureID == "2"] is absent', NONE, True),
    ],
)
def test_s19_an_item_is_there_or_not(test: str, given: str, answer: bool) -> None:
    text = f'rule r {{ when {SEQUENCE}{test} set StationName = "x" }}\n'
    text += f'test "t" {{ {given} expect {"" if answer else "not "}fired r }}'
    assert failures(text) == []


@pytest.mark.parametrize("test", ["[first] is empty", "[last] is malformed", "[any] is present", "[every] is absent"])
def test_s17_nothing_else_can_be_asked_of_an_item(test: str) -> None:
    assert "DR206" in codes(f"rule r {{ when {SEQUENCE}{test} empty StudyID }}")
