"""Where statements about the whole object stand, and what copies, moves and hashes."""

import pytest

from tests.unit.engine.make import dataset
from tests.unit.rulebook.say import failures
from tests.unit.rulebook.whole import codes, rule, run


@pytest.mark.parametrize(
    "statement",
    [
        "remap uids with salt",
        "shift dates by 1",
        "remove private",
        'charset to "ISO_IR 192"',
        'charset from "GBK"',
        "deidentify basic with salt",
        "redact pixels rect(0, 0, 1, 1)",
    ],
)
def test_s79_statements_about_the_whole_object_do_not_stand_inside_within(statement: str) -> None:
    assert "DR221" in codes(rule(f"within RequestAttributesSequence[every] {{ {statement} }}"))


def test_what_is_not_in_this_version_is_checked_all_the_same() -> None:
    assert codes(rule("deidentify basic with slat")) == {"DR002", "DR107"}
    assert codes(rule("deidentify basic with salt { retain modified dates }")) == {"DR002", "DR213"}
    assert codes(rule("deidentify basic with salt { retain modified dates }  shift dates by 1")) == {"DR002"}
    both = "retain modified dates  retain full dates"
    assert codes(rule(f"deidentify basic with salt {{ {both} }}  shift dates by 1")) == {"DR002", "DR213"}
    assert codes(rule('redact pixels rect(0, 0, "x", 1)')) >= {"DR002"}
    assert codes(rule("redact pixels rect(0, 0, 0, 1)")) == {"DR002", "DR213"}


def test_copy_move_and_swap_are_about_one_element() -> None:
    every = "RequestAttributesSequence[every].RequestedProcedureID"
    assert codes(rule(f"copy {every} to StudyID")) == {"DR212"}
    assert codes(rule(f"swap {every} with StudyID")) == {"DR212"}
    assert codes(rule(f"copy StudyID to {every}")) == set()


def test_a_plain_hash_of_an_identifier_is_a_warning() -> None:
    assert codes(rule("set StudyID = PatientID | hash(16) otherwise keep")) >= {"DR222"}
    assert "DR222" not in codes(rule("set StudyID = StationName | hash(16) otherwise keep"))


@pytest.mark.parametrize(
    "body",
    [
        "set RequestAttributesSequence[first].RequestedProcedureID = StudyID creating path otherwise keep",
        "add RequestAttributesSequence[new].RequestedProcedureID = PatientComments otherwise keep",
        'set (0031,"NORTH HOSPITAL",20) = PatientComments otherwise keep',
        'swap (0031,"NORTH HOSPITAL",20) with (0031,"NORTH HOSPITAL",21)',
    ],
)
def test_what_was_made_for_a_value_that_does_not_come_is_taken_away(body: str) -> None:
    elements = 'private (0031,"NORTH HOSPITAL",20) SH private (0031,"NORTH HOSPITAL",21) SH'
    made = dataset(PatientComments="much too long for an SH")
    result = run(rule(body, elements), made)
    assert result.decision.variants[0].patch.is_empty
    assert result.decision.variants[0].changes == ()


def test_from_text_in_tests_with_one_secret() -> None:
    assert (
        failures(
            'secret salt from env "SALT" group g { rule a { remap uids with salt  shift dates by -1  remove private'
            "  keep only PatientID, StudyDate } } routes x first match { else => research through g }"
            ' test "t" { given StudyDate = "20240301", PatientID = "1", StudyID = "2", StudyInstanceUID = "1.2.3"'
            ' expect at research StudyDate == "20240229"  expect at research StudyID is absent'
            ' expect at research StudyInstanceUID starts with "2.25."  expect StudyInstanceUID == "1.2.3" }'
        )
        == []
    )
