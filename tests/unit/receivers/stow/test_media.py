"""Media types as header fields say them, and which answer is wanted."""

import pytest

from dicomrules.receivers.stow.media import JSON, XML, boundary_of, form_for, media_type


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("application/dicom", "application/dicom", {}),
        ("Application/DICOM ; Transfer-Syntax=1.2", "application/dicom", {"transfer-syntax": "1.2"}),
        (
            'multipart/related; type="application/dicom"; boundary=abc',
            "multipart/related",
            {"type": "application/dicom", "boundary": "abc"},
        ),
        ('a/b; x="1;\\"2"; y=3;', "a/b", {"x": '1;"2', "y": "3"}),
    ],
)
def test_a_content_type_is_read(text: str, name: str, parameters: dict[str, str]) -> None:
    read = media_type(text)
    assert read is not None
    assert (read.name, read.parameters) == (name, parameters)


@pytest.mark.parametrize("text", ["", "text", "a/b c", "a/b; x", "a/b; =1", "a/b; x=1; X=2", "a b/c", "a/b,c/d"])
def test_what_is_no_content_type_is_none(text: str) -> None:
    assert media_type(text) is None


@pytest.mark.parametrize("boundary", ["", "a" * 129, "a ", "a\tb", "ä", "a\\\\b", "a;b"])
def test_a_boundary_of_other_characters_or_without_end_is_none(boundary: str) -> None:
    read = media_type(f'multipart/related; boundary="{boundary}"')
    assert read is not None
    assert boundary_of(read) is None


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        (XML, XML),
        (f"{XML}, {JSON}", JSON),
        (f"{XML}, {JSON};q=0.5", XML),
        (f"*/*;q=0.1, {XML}", XML),
        (f"{JSON};q=0, */*", XML),
        ("text/html", None),
        ("*/*;q=0", None),
        ("*/*;q=2", None),
        ("garbage", None),
    ],
)
def test_the_form_of_the_answer_is_what_accept_prefers(accept: str | None, form: str | None) -> None:
    assert form_for(accept) == form


def test_the_boundary_that_orthanc_makes_is_longer_than_rfc_2046_allows_and_taken() -> None:
    made = "0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1-0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1"
    read = media_type(f"multipart/related; type=application/dicom; boundary={made}")
    assert read is not None
    assert len(made) > 70
    assert boundary_of(read) == made.encode()
