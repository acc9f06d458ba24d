"""Multipart bodies, cut anywhere: parts come out as they were put in, and what is malformed is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomrules.receivers.stow.multipart import (
    LONGEST_HEAD,
    MOST_HEADERS,
    MOST_PARTS,
    Malformed,
    MultipartReader,
    PartBegan,
    PartEnded,
)

BOUNDARY = b"b0undary"


def read(
    body: bytes, step: int = 1 << 20, boundary: bytes = BOUNDARY
) -> tuple[list[tuple[dict[str, str], bytes]], bool]:
    """The whole parts of a body that comes in pieces of `step` bytes, and whether it was whole."""
    reader, parts = MultipartReader(boundary), []
    headers, content = {}, bytearray()
    for start in range(0, len(body), step):
        for event in reader.feed(body[start : start + step]):
            if isinstance(event, PartBegan):
                headers, content = event.headers, bytearray()
            elif isinstance(event, PartEnded):
                parts.append((headers, bytes(content)))
            else:
                content += event
        assert len(reader._held) - reader._at <= LONGEST_HEAD + 4 + len(BOUNDARY) + 4
    return parts, reader.is_whole


def body(*parts: bytes, head: bytes = b"Content-Type: application/dicom\r\n") -> bytes:
    return b"".join(b"--%b\r\n%b\r\n%b\r\n" % (BOUNDARY, head, part) for part in parts) + b"--%b--\r\n" % BOUNDARY


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 50))
def test_parts_come_out_as_they_were_put_in_however_the_body_is_cut(parts: list[bytes], step: int) -> None:
    found, whole = read(body(*parts), step)
    assert whole
    assert [content for _, content in found] == parts
    assert all(headers == {"content-type": "application/dicom"} for headers, _ in found)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "content", [b"", b"\r\n", b"\r", b"--", b"\r\n--", b"\r\n--b0undar", b"--b0undary", b"\r\r\n\r\n-", b"\r\n\r\n--b0"]
)
def test_what_only_looks_like_a_delimiter_is_content(content: bytes, step: int) -> None:
    assert [each for _, each in read(body(content, content), step)[0]] == [content, content]


@pytest.mark.parametrize("step", [1, 5, 1000])
@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"junk\r\n" + body(b"x"), "does not begin with its boundary"),
        (b"\r\n" * 100 + body(b"x"), "does not begin with its boundary"),
        (body(b"x").replace(b"\r\n", b"\r"), "something else than the end of its line"),
        (body(b"x").replace(b"\r\n", b"\n"), "something else than the end of its line"),
        (body(b"x") + b"junk", "something follows"),
        (body(b"\r\n--b0undaryX"), "something else than the end of its line"),
        (b"--b0undary-\r\n\r\n", "something else than the end of its line"),
        (b"--b0undary" + b" " * 500 + b"\r\n\r\n", "something else than the end of its line"),
        (body(b"x", head=b"no field\r\n"), "malformed"),
        (body(b"x", head=b"A: b\r\n c\r\n"), "malformed"),
        (body(b"x", head=b"A: b\nC: d\r\n"), "malformed"),
        (body(b"x", head=b"A: 1\r\na: 2\r\n"), "twice"),
        (body(b"x", head=b"A: b\r\n" * (MOST_HEADERS + 1)), "header fields"),
        (body(b"x", head=b"A: " + b"b" * LONGEST_HEAD + b"\r\n"), "header fields"),
    ],
)
def test_what_is_malformed_is_refused(raw: bytes, words: str, step: int) -> None:
    with pytest.raises(Malformed, match=words):
        read(raw, step)


@pytest.mark.parametrize("raw", [b"", b"--b0undary", b"--b0undary\r\n\r\nx", body(b"x")[:-4]])
def test_a_body_that_ends_early_is_not_whole(raw: bytes) -> None:
    parts, whole = read(raw)
    assert not whole
    assert len(parts) == (raw.count(b"x") if raw.endswith(b"--b0undary") and b"x" in raw else 0)


def test_the_number_of_parts_has_a_cap() -> None:
    assert len(read(body(*[b""] * MOST_PARTS))[0]) == MOST_PARTS
    with pytest.raises(Malformed, match="more than") as refused:
        read(body(*[b""] * (MOST_PARTS + 1)))
    assert refused.value.status == 413


def test_blanks_before_behind_and_between_are_borne() -> None:
    assert read(b"\r\n--b0undary \t\r\n\r\nx\r\n--b0undary--\r\n\r\n") == ([({}, b"x")], True)
