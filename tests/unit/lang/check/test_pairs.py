"""Rules are compared with each other, but those for other objects are left out, however many of them there are."""

from dicomrules.lang.check.pairs import Above
from dicomrules.rulebook.load import load


def notes(text: str) -> list[tuple[str, str]]:
    """What is found in rules, as code and message."""
    return [(one.code, one.message) for one in load(["x.rules"], lambda _: text).diagnostics]


def rule(number: int, guard: str, statement: str = 'set PatientComments = "x"') -> str:
    return f"rule r{number} {{ when {guard} {statement} }}\n"


def test_a_fight_is_found_behind_a_thousand_rules_for_others() -> None:
    others = "".join(rule(number, f'calling_aet == "A{number}"') for number in range(1000))
    found = notes("language 1\n" + others + rule(1000, 'calling_aet == "A3"'))
    fights = [message for code, message in found if code == "DR406"]
    assert fights == ["rules `r3` and `r1000` both set `PatientComments`"]


def test_a_value_that_was_written_in_between_keeps_no_rules_apart() -> None:
    found = notes(
        "language 1\n"
        + rule(1, 'StationName == "A"')
        + rule(2, "PatientID is present", 'set StationName = "B"')
        + rule(3, 'StationName == "B"')
    )
    assert ("DR406", "rules `r1` and `r3` both set `PatientComments`") in found


def test_dates_that_are_shifted_leave_a_guard_about_other_attributes_as_it_was() -> None:
    shift = "shift dates by -10"
    apart = notes("language 1\n" + rule(1, 'Modality == "CT"', shift) + rule(2, 'Modality == "MR"', shift))
    assert "DR414" not in [code for code, _ in apart]
    about_dates = notes(
        "language 1\n" + rule(1, 'StudyDate == "20240101"', shift) + rule(2, 'StudyDate == "20231222"', shift)
    )
    assert "DR414" in [code for code, _ in about_dates]


def test_those_that_ask_for_another_literal_are_left_out_and_the_nearest_comes_first() -> None:
    above = Above()
    above.add(2, {"calling_aet": frozenset({"A"})})
    above.add(3, {"calling_aet": frozenset({"B", "C"})})
    above.add(4, {"Modality": frozenset({"CT"})})
    assert list(above.rivals({"calling_aet": frozenset({"A"})})) == [3, 1, 0]
    assert list(above.rivals({"calling_aet": frozenset({"C"})})) == [3, 2]
    assert list(above.rivals({"calling_aet": frozenset({"D"}), "Modality": frozenset({"MR"})})) == []
    assert list(above.rivals({})) == [3, 2, 1, 0]
