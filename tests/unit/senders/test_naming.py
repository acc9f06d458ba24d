"""Paths are made by a mapping that can be undone, and never leave the folder."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomrules.senders.naming import LONGEST, numbered, path

TEMPLATE = "{PatientID}/{StudyInstanceUID}/{SOPInstanceUID}.dcm"


def named(template: str, **values: str) -> tuple[str, ...]:
    return path(template, lambda keyword: values.get(keyword, ""))


def test_plain_values_stand_as_they_are() -> None:
    values = {"PatientID": "PAT-1_b", "StudyInstanceUID": "1.2.3", "SOPInstanceUID": "1.2.3.4"}
    assert named(TEMPLATE, **values) == ("PAT-1_b", "1.2.3", "1.2.3.4.dcm")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("", "%empty"),
        ("%empty", "%25empty"),
        (".", "%2E"),
        ("..", "%2E."),
        (".ssh", "%2Essh"),
        ("a/../../b", "a%2F..%2F..%2Fb"),
        ("A\\B", "A%5CB"),
        ("a b", "a%20b"),
        ("a%20b", "a%2520b"),
        ("\0\n", "%00%0A"),
        ("Zürich", "Z%C3%BCrich"),
        ("\udcfc", "%FC"),
        ("-rf", "-rf"),
        ("{PatientID}", "%7BPatientID%7D"),
    ],
)
def test_everything_else_is_encoded(value: str, name: str) -> None:
    assert named("{PatientID}", PatientID=value) == (name,)


def test_a_long_value_keeps_its_beginning_its_extension_and_a_digest() -> None:
    (name,) = named("{PatientID}.dcm", PatientID="x" * 300)
    digest = hashlib.sha256(("x" * 300 + ".dcm").encode()).hexdigest()[:40]
    assert name.startswith("xxx")
    assert name.endswith(f"%-{digest}.dcm")
    assert len(name.encode()) == LONGEST


def test_the_template_stands_as_it_is() -> None:
    assert named("Änderung/IM {SOPInstanceUID}", SOPInstanceUID="1") == ("Änderung", "IM 1")


@given(st.text(max_size=400), st.text(max_size=400))
def test_two_values_never_share_a_path(one: str, other: str) -> None:
    same = named("{PatientID}.dcm", PatientID=one) == named("{PatientID}.dcm", PatientID=other)
    assert same == (one == other)


@given(st.text(max_size=400))
def test_a_name_is_one_name_below_the_folder(value: str) -> None:
    (name,) = named("{PatientID}", PatientID=value)
    assert name not in ("", ".", "..")
    assert "/" not in name
    assert name.isprintable()
    assert not name.startswith(".")
    assert len(name.encode()) <= LONGEST


@pytest.mark.parametrize(("name", "expected"), [("1.2.dcm", "1.2~2.dcm"), ("1.2.3", "1.2.3~2"), ("IM1", "IM1~2")])
def test_a_number_stands_before_the_extension(name: str, expected: str) -> None:
    assert numbered(name, 2) == expected
