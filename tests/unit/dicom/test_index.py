"""The walk reads everything, keeps little, and refuses what is not whole."""

import struct
import time
import tracemalloc

import pytest

from dicomrules.dicom.index import Index, IndexLimits, MalformedDataSet, index
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Encoding, encoding_of
from dicomrules.dicom.uids import InstanceKey
from tests.objects import (
    ROOT,
    UNDEFINED,
    ct,
    data_set_bytes,
    raw_element,
    raw_fragments,
    raw_head,
    raw_item,
    raw_sequence,
    real_data_sets,
    rtstruct,
)
from tests.unit.dicom.test_source import Counting

IMPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
# Real files that are cut or in another transfer syntax than they say
BROKEN = {
    "MR_truncated.dcm",
    "SC_rgb_jpeg.dcm",
    "rtplan_truncated.dcm",
    "emri_small_jpeg_2k_lossless_too_short.dcm",
    "mr_truncated_pixels.dcm",
    "brk_sq_missing_delimiter.dcm",
    "brk_trailing_garbage.dcm",
    "brk_truncated_in_value.dcm",
}


def walk(data: bytes, encoding: Encoding = EXPLICIT_LITTLE, **limits: int) -> Index:
    return index(MemoryBytes(data), encoding, IndexLimits(**limits))


def refused(data: bytes, encoding: Encoding = EXPLICIT_LITTLE, **limits: int) -> MalformedDataSet:
    with pytest.raises(MalformedDataSet) as caught:
        walk(data, encoding, **limits)
    return caught.value


def nested(depth: int, *, undefined: bool, vr: str = "SQ") -> bytes:
    """Sequences in one another, made from the outside so that making them is not quadratic."""
    item = raw_head(0xFFFEE000, "", UNDEFINED)
    head = raw_head(0x00081115, vr, UNDEFINED)
    ends = raw_head(0xFFFEE00D, "", 0) + raw_head(0xFFFEE0DD, "", 0)
    if undefined:
        return (head + item) * depth + ends * depth
    content = b""
    for _ in range(depth):
        content = raw_sequence(0x00081115, [raw_item(content)], vr=vr)
    return content


PATIENT = raw_element(0x00100020, "LO", b"4711")


def test_the_top_level_is_kept_with_its_places() -> None:
    data = raw_element(0x00080060, "CS", b"CT") + PATIENT + raw_element(0x7FE00010, "OB", bytes(10))
    walked = walk(data)
    assert [(one.tag, one.vr, one.raw) for one in walked.columns] == [
        (0x00080060, "CS", b"CT"),
        (0x00100020, "LO", b"4711"),
        (0x7FE00010, "OB", bytes(10)),
    ]
    patient = walked.find(0x00100020)
    assert patient is not None
    assert (patient.start, patient.value_start, patient.value_end, patient.end) == (10, 18, 22, 22)
    assert walked.find(0x00100010) is None
    assert (walked.count, walked.nesting, walked.disorder) == (3, 0, -1)


@pytest.mark.parametrize("transfer_syntax", ["1.2.840.10008.1.2.1", IMPLICIT, BIG])
def test_a_ct_image_is_read_in_every_encoding(transfer_syntax: str) -> None:
    data_set = ct(32)
    walked = walk(data_set_bytes(data_set, transfer_syntax), encoding_of(transfer_syntax))
    assert list(walked.columns.tags) == sorted(data_set.keys())
    assert walked.nesting == 1
    assert walked.key() == InstanceKey("1.2.840.10008.5.1.4.1.1.2", f"{ROOT}.1.1.1", f"{ROOT}.1.1", f"{ROOT}.1")


def test_real_files_are_read_and_broken_ones_refused() -> None:
    refusals = set()
    for name, transfer_syntax, data in real_data_sets():
        try:
            walked = walk(data, encoding_of(transfer_syntax))
        except MalformedDataSet:
            refusals.add(name)
        else:
            assert walked.columns.end == len(data)
    assert refusals <= BROKEN
    assert "MR_truncated.dcm" in refusals


def test_the_walk_goes_on_behind_pixel_data() -> None:
    data = raw_fragments([bytes(1000), b"", bytes(3)]) + raw_element(0xFFFCFFFC, "OB", bytes(100))
    walked = walk(data)
    assert list(walked.columns.tags) == [0x7FE00010, 0xFFFCFFFC]
    pixels = walked.find(0x7FE00010)
    assert pixels is not None
    assert pixels.is_undefined
    assert not pixels.is_sequence
    assert pixels.end == len(data) - 112


@pytest.mark.parametrize("vr", ["UN", "SQ"])
@pytest.mark.parametrize("undefined", [True, False])
def test_a_sequence_in_un_is_read_as_implicit_little_endian(vr: str, undefined: bool) -> None:
    inside = raw_element(0x00081150, "" if vr == "UN" else "UI", b"1.2.3\0")
    data = raw_sequence(0x00081115, [raw_item(inside, undefined=True)], vr=vr, undefined=undefined) + PATIENT
    walked = walk(data)
    assert walked.nesting == 1
    assert walked.count == 4
    assert walked.columns.element(0).is_sequence


def test_un_of_undefined_length_is_a_sequence_whatever_its_tag() -> None:
    inside = raw_sequence(0x00091002, [raw_item(raw_element(0x00100020, "", b"1 "))], vr="", undefined=True)
    data = raw_sequence(0x00091001, [raw_item(inside)], vr="UN", undefined=True)
    assert walk(data).nesting == 2
    assert refused(raw_sequence(0x00091001, [raw_item(PATIENT[:-1])], vr="UN", undefined=True))


def test_un_of_defined_length_is_a_value_unless_the_dictionary_calls_it_a_sequence() -> None:
    assert walk(raw_element(0x00091001, "UN", b"anything")).nesting == 0
    assert refused(raw_element(0x00081115, "UN", b"anything"))


def test_un_in_big_endian_is_little_endian_inside() -> None:
    item = raw_item(raw_element(0x00081150, "", b"1.2.3\0"))
    data = raw_sequence(0x00081115, [item], vr="UN", order=">")
    walked = walk(data, EXPLICIT_BIG)
    assert walked.count == 3
    assert walked.columns.element(0).items_encoding == IMPLICIT_LITTLE


def test_a_vr_of_the_future_has_a_long_length() -> None:
    data = raw_head(0x00100020, "ZZ", 70_000) + bytes(70_000)
    element = walk(data).columns.element(0)
    assert (element.vr, element.length) == ("ZZ", 70_000)


def test_odd_lengths_pass() -> None:
    assert walk(raw_element(0x00100020, "LO", b"471")).columns.element(0).raw == b"471"


def test_disorder_is_noted_at_any_depth() -> None:
    twice = PATIENT + PATIENT
    assert walk(twice).disorder == 12
    assert not walk(twice).columns.ordered
    assert walk(PATIENT + raw_element(0x00080060, "CS", b"CT")).disorder == 12
    inside = raw_sequence(0x00081115, [raw_item(twice)])
    assert walk(inside).disorder == 32
    assert walk(inside).columns.ordered


def test_the_first_of_two_is_found() -> None:
    walked = walk(PATIENT + raw_element(0x00100020, "LO", b"0815"))
    element = walked.find(0x00100020)
    assert element is not None
    assert element.raw == b"4711"


@pytest.mark.parametrize("tag", [0x00000000, 0x00000100, 0x00020000, 0x00020010])
def test_command_and_file_meta_elements_are_refused(tag: int) -> None:
    assert refused(raw_element(tag, "UL", bytes(4))).offset == 0
    assert refused(PATIENT + raw_element(tag, "UL", bytes(4))).offset == 12
    assert refused(raw_element(tag, "", bytes(4)), IMPLICIT_LITTLE).offset == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 100,
        b"this is no DICOM object, it is a text",
        b"<html><body></body></html>",
        bytes(200),
        PATIENT + b"\0\0",
        PATIENT + bytes(16),
        PATIENT + b"\xde\xad\xbe\xef" * 10,
        raw_head(0x00100020, "LO", 100) + b"4711",
        raw_head(0x7FE00010, "OB", 0xFFFFFFFE) + bytes(3),
        raw_head(0x7FE00010, "OB", 0x7FFFFFFF) + bytes(3),
        raw_head(0x00281201, "OF", UNDEFINED) + bytes(8),
        raw_item(PATIENT),
        raw_head(0xFFFEE00D, "", 0),
        raw_head(0xFFFEE0DD, "", 0),
        raw_sequence(0x00081115, [PATIENT]),
        raw_sequence(0x00081115, [raw_head(0xFFFEE000, "", 100) + PATIENT]),
        raw_sequence(0x00081115, [raw_item(raw_head(0x00100020, "LO", 100) + b"4711")]),
        raw_sequence(0x00081115, [raw_item(raw_head(0x00100020, "LO", 100) + b"4711", undefined=True)]) + bytes(90),
        raw_sequence(0x00081115, [raw_item(PATIENT + raw_head(0xFFFEE00D, "", 0))]),
        raw_sequence(0x00081115, [raw_item(PATIENT), raw_head(0xFFFEE0DD, "", 0)]),
        raw_sequence(0x00081115, [raw_item(PATIENT)], undefined=True)[:-8] + raw_head(0xFFFEE0DD, "", 4),
        raw_sequence(0x00081115, [raw_item(PATIENT)], undefined=True)[:-8],
        raw_fragments([b"12"])[:-8],
        raw_fragments([b"12"])[:-8] + PATIENT,
        raw_head(0x7FE00010, "OB", UNDEFINED) + raw_head(0xFFFEE000, "", UNDEFINED) + bytes(8),
    ],
)
def test_what_is_cut_or_nonsensical_is_refused(data: bytes) -> None:
    error = refused(data)
    assert 0 <= error.offset <= len(data)
    assert "4711" not in str(error)


def test_a_refusal_never_points_behind_the_last_byte() -> None:
    for size in range(1, 12):
        for data in (raw_head(0x00081032, "", 4)[:size], (PATIENT + raw_head(0x00081032, "SQ", 4))[: 12 + size]):
            for encoding in (IMPLICIT_LITTLE, EXPLICIT_LITTLE):
                assert refused(data, encoding).offset <= len(data)


def test_a_refusal_says_where_and_never_what() -> None:
    error = refused(PATIENT + raw_head(0x00100010, "PN", 50) + b"Secret^Name")
    assert (error.offset, error.tag) == (12, 0x00100010)
    assert str(error) == "cut, or longer than what holds it, at byte 12, (0010,0010) PatientName"


@pytest.mark.parametrize("transfer_syntax", ["1.2.840.10008.1.2.1", IMPLICIT, BIG])
@pytest.mark.parametrize("data_set", [ct(8), rtstruct(2, 2, 4)], ids=["ct", "rtstruct"])
def test_every_cut_is_refused_unless_it_falls_between_two_elements(data_set: object, transfer_syntax: str) -> None:
    data = data_set_bytes(data_set, transfer_syntax)  # type: ignore[arg-type]
    encoding = encoding_of(transfer_syntax)
    ends = {0} | {element.end for element in walk(data, encoding).columns}
    for cut in range(len(data)):
        if cut in ends:
            assert walk(data[:cut], encoding).columns.end == cut
        else:
            refused(data[:cut], encoding)


def test_every_cut_of_real_files_is_refused_unless_it_falls_between_two_elements() -> None:
    tried = 0
    for name, transfer_syntax, data in real_data_sets(longest=60_000):
        if name in BROKEN:
            continue
        encoding = encoding_of(transfer_syntax)
        ends = {element.end for element in walk(data, encoding).columns}
        for cut in range(1, len(data), max(13, len(data) // 37)):
            if cut not in ends:
                refused(data[:cut], encoding)
                tried += 1
    assert tried > 1000


def test_the_other_encoding_is_refused() -> None:
    explicit, implicit = data_set_bytes(ct(8)), data_set_bytes(ct(8), IMPLICIT)
    refused(implicit, EXPLICIT_LITTLE)
    refused(explicit, IMPLICIT_LITTLE)
    refused(explicit, EXPLICIT_BIG)


@pytest.mark.parametrize("undefined", [True, False])
def test_sequences_may_lie_as_deep_as_the_limit_and_no_deeper(undefined: bool) -> None:
    assert walk(nested(64, undefined=undefined)).nesting == 64
    assert "deeper than 64" in str(refused(nested(65, undefined=undefined)))
    assert walk(nested(512, undefined=undefined), nesting=512).nesting == 512


def test_a_hundred_thousand_sequences_in_one_another_are_refused_at_once() -> None:
    started = time.process_time()
    refused(nested(100_000, undefined=True))
    refused(nested(100_000, undefined=True), nesting=512)
    assert time.process_time() - started < 5


def test_elements_items_and_fragments_count_together() -> None:
    items = raw_sequence(0x00081115, [raw_item(b"")] * 10)
    assert walk(items, elements=11).count == 11
    assert "more than 10 elements" in str(refused(items, elements=10))
    assert "more than 5 elements" in str(refused(raw_fragments([b""] * 9), elements=5))
    assert "more than 1 elements" in str(refused(PATIENT + PATIENT, elements=1))


@pytest.mark.parametrize(
    "data",
    [
        raw_sequence(0x00081115, [raw_item(b"")] * 100_000, undefined=True),
        b"".join(raw_element(0x00090000 + tag, "UN", b"") for tag in range(0x1000, 0x10000)),
        raw_element(0x00280106, "US", bytes(60_000)) + raw_fragments([b""] * 100_000),
    ],
    ids=["empty items", "private elements", "empty fragments"],
)
def test_masses_of_little_things_are_walked_in_bounded_time_and_memory(data: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    try:
        walked = walk(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert walked.count > 60_000
    assert time.process_time() - started < 10
    assert peak < 10_000_000


def test_what_lies_in_sequences_takes_no_memory() -> None:
    inside = b"".join(raw_element(0x00100020 + step, "LO", b"1 ") for step in range(0, 64, 2))
    data = raw_sequence(0x00081115, [raw_item(inside)] * 1_000)
    tracemalloc.start()
    try:
        walked = walk(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert walked.count == 1_000 * 33 + 1
    assert peak < 200_000


def test_the_walk_reads_heads_only() -> None:
    source = Counting(data_set_bytes(ct(1024)))
    index(source, EXPLICIT_LITTLE)
    assert source.read_bytes < 100_000


def test_a_uid_that_is_too_long_or_no_text_is_not_in_the_key() -> None:
    data = raw_element(0x00080016, "UI", b"1" * 200) + raw_element(0x00080018, "UI", b"1.2\xff\0")
    assert walk(data).key() == InstanceKey("", "", "", "")


def test_implicit_lengths_that_look_like_a_vr_are_lengths() -> None:
    value = bytes(struct.unpack("<L", b"LO\0\0")[0])
    walked = walk(raw_element(0x00100020, "", value), IMPLICIT_LITTLE)
    assert walked.columns.element(0).length == len(value)
