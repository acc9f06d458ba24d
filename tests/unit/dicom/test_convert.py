"""The same data set in another encoding."""

import struct

import pytest
from pydicom.dataset import Dataset

from dicomrules.dicom.convert import convert, converted_length
from dicomrules.dicom.edit import open_dataset
from dicomrules.dicom.index import Index, index
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Encoding, encoding_of
from dicomrules.dicom.values import Malformed
from tests.objects import (
    ct,
    data_set_bytes,
    raw_element,
    raw_fragments,
    raw_item,
    raw_sequence,
    real_data_sets,
    rtstruct,
)
from tests.unit.dicom.test_index import BROKEN

IMPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"


def indexed(data: bytes, encoding: Encoding) -> Index:
    return index(MemoryBytes(data), encoding)


def converted(data: bytes, source: Encoding, to: Encoding) -> bytes:
    walked = indexed(data, source)
    parts = [part if isinstance(part, bytes) else data[slice(*part)] for part in convert(walked, to)]
    made = b"".join(parts)
    assert converted_length(walked, to) == len(made)
    indexed(made, to)
    return made


def public(data_set: Dataset) -> Dataset:
    data_set.remove_private_tags()
    return data_set


@pytest.mark.parametrize("data_set", [ct(16), rtstruct()], ids=["ct", "rtstruct"])
def test_explicit_becomes_implicit_as_pydicom_writes_it(data_set: Dataset) -> None:
    made = converted(data_set_bytes(data_set), EXPLICIT_LITTLE, IMPLICIT_LITTLE)
    assert made == data_set_bytes(data_set, IMPLICIT)


@pytest.mark.parametrize("data_set", [public(ct(16)), rtstruct()], ids=["ct", "rtstruct"])
def test_implicit_becomes_explicit_as_pydicom_writes_it(data_set: Dataset) -> None:
    made = converted(data_set_bytes(data_set, IMPLICIT), IMPLICIT_LITTLE, EXPLICIT_LITTLE)
    assert made == data_set_bytes(data_set)


@pytest.mark.parametrize("to", [EXPLICIT_LITTLE, IMPLICIT_LITTLE])
def test_big_endian_becomes_little_as_pydicom_writes_it(to: Encoding) -> None:
    made = converted(data_set_bytes(rtstruct(), BIG), EXPLICIT_BIG, to)
    assert made == data_set_bytes(rtstruct(), "1.2.840.10008.1.2.1" if to.explicit else IMPLICIT)


@pytest.mark.parametrize(
    ("vr", "big", "little"),
    [
        ("US", b"\1\2\3\4", b"\2\1\4\3"),
        ("SS", b"\1\2", b"\2\1"),
        ("AT", b"\0\x10\0\x20", b"\x10\0\x20\0"),
        ("UL", b"\1\2\3\4", b"\4\3\2\1"),
        ("FL", struct.pack(">f", 1.5), struct.pack("<f", 1.5)),
        ("FD", struct.pack(">d", 1.5), struct.pack("<d", 1.5)),
        ("OW", b"\1\2\3\4", b"\2\1\4\3"),
        ("OF", struct.pack(">2f", 1, 2), struct.pack("<2f", 1, 2)),
        ("OD", struct.pack(">d", 1), struct.pack("<d", 1)),
        ("SV", struct.pack(">q", -5), struct.pack("<q", -5)),
        ("OB", b"\1\2\3\4", b"\1\2\3\4"),
        ("UN", b"\1\2\3\4", b"\1\2\3\4"),
        ("LO", b"text", b"text"),
        ("US", b"\1\2\3", b"\2\1\3"),
    ],
)
def test_values_of_big_endian_are_swapped_by_vr(vr: str, big: bytes, little: bytes) -> None:
    data = raw_element(0x00091001, vr, big, ">")
    assert converted(data, EXPLICIT_BIG, EXPLICIT_LITTLE) == raw_element(0x00091001, vr, little)


def test_long_values_are_swapped_in_pieces() -> None:
    pixels = bytes(range(256)) * 1000
    data = raw_element(0x7FE00010, "OW", pixels, ">")
    parts = list(convert(indexed(data, EXPLICIT_BIG), EXPLICIT_LITTLE))
    assert max(len(part) for part in parts) <= 64 * 1024
    swapped = converted(data, EXPLICIT_BIG, EXPLICIT_LITTLE)[12:]
    assert swapped[0::2] == pixels[1::2]
    assert swapped[1::2] == pixels[0::2]


def test_values_are_handed_on_by_range() -> None:
    data = data_set_bytes(ct(256))
    made = list(convert(indexed(data, EXPLICIT_LITTLE), IMPLICIT_LITTLE))
    assert sum(len(part) for part in made if isinstance(part, bytes)) < 1000
    assert (len(data) - 256 * 256 * 2, len(data)) in made


@pytest.mark.parametrize("undefined", [True, False])
def test_lengths_that_were_defined_stay_defined_and_are_right(undefined: bool) -> None:
    def nested(vrs: tuple[str, str]) -> bytes:
        content = raw_element(0x00081155, vrs[0], b"1.2\0")
        for _ in range(5):
            items = [raw_item(content, undefined=undefined), raw_item(b"", undefined=not undefined)]
            content = raw_sequence(0x00081115, items, vr=vrs[1], undefined=undefined)
        return content

    explicit, implicit = nested(("UI", "SQ")), nested(("", ""))
    assert converted(explicit, EXPLICIT_LITTLE, IMPLICIT_LITTLE) == implicit
    assert converted(implicit, IMPLICIT_LITTLE, EXPLICIT_LITTLE) == explicit


@pytest.mark.parametrize(
    ("elements", "tag", "vr"),
    [
        ([(0x00280103, b"\0\0")], 0x00280106, "US"),
        ([(0x00280103, b"\1\0")], 0x00280106, "SS"),
        ([], 0x00280106, "US"),
        ([(0x00280100, b"\x10\0")], 0x7FE00010, "OW"),
        ([(0x00280100, b"\x08\0")], 0x7FE00010, "OB"),
        ([], 0x7FE00010, "OW"),
        ([(0x00283002, b"\1\0\0\0\x10\0")], 0x00283006, "US"),
        ([(0x00283002, b"\0\1\0\0\x10\0")], 0x00283006, "OW"),
        ([(0x54001004, b"\x08\0")], 0x54001010, "OB"),
        ([(0x54001004, b"\x10\0")], 0x54001010, "OW"),
        ([], 0x60003000, "OW"),
        ([(0x00190010, b"GEMS_ACQU_01")], 0x00191002, "SL"),
        ([(0x00190010, b"NOBODY")], 0x00191002, "UN"),
        ([], 0x00191002, "UN"),
        ([], 0x00190010, "LO"),
        ([], 0x00089999, "UN"),
    ],
)
def test_vrs_are_settled_by_the_dictionaries_and_the_context(
    elements: list[tuple[int, bytes]], tag: int, vr: str
) -> None:
    data = b"".join(raw_element(one, "", value) for one, value in elements) + raw_element(tag, "", b"\1\0\2\0")
    made = indexed(converted(data, IMPLICIT_LITTLE, EXPLICIT_LITTLE), EXPLICIT_LITTLE)
    element = made.find(tag)
    assert element is not None
    assert element.vr == vr
    assert open_dataset(indexed(data, IMPLICIT_LITTLE)).vr(tag) == vr, "the edit tree settles it alike"


def test_what_settles_a_vr_may_stand_around_the_item() -> None:
    inside = raw_element(0x00409216, "", b"\xff\xff")
    data = raw_element(0x00280103, "", b"\1\0") + raw_sequence(0x00409096, [raw_item(inside)], vr="")
    made = open_dataset(indexed(converted(data, IMPLICIT_LITTLE, EXPLICIT_LITTLE), EXPLICIT_LITTLE))
    assert made.items(0x00409096)[0].value(0x00409216) == (-1,)


def test_a_value_too_long_for_its_vr_leaves_as_un() -> None:
    data = raw_element(0x00204000, "", b"A" * 65_536)
    assert converted(data, IMPLICIT_LITTLE, EXPLICIT_LITTLE) == raw_element(0x00204000, "UN", b"A" * 65_536)


@pytest.mark.parametrize("undefined", [True, False])
def test_un_stays_un_with_its_value_untouched(undefined: bool) -> None:
    items = [raw_item(raw_element(0x00081155, "", b"1.2\0"), undefined=undefined)]
    for order, source in (("<", EXPLICIT_LITTLE), (">", EXPLICIT_BIG)):
        # the head is in the byte order of the data set, what lies inside in little endian
        value = raw_sequence(0x00081115, items, vr="UN", undefined=undefined)[12:]
        head = raw_sequence(0x00081115, items, vr="UN", undefined=undefined, order=order)[:12]
        assert converted(head + value, source, EXPLICIT_LITTLE) == raw_sequence(
            0x00081115, items, vr="UN", undefined=undefined
        )
        assert converted(head + value, source, IMPLICIT_LITTLE) == raw_sequence(
            0x00081115, items, vr="", undefined=undefined
        )


def test_group_lengths_are_left_out() -> None:
    patient = raw_element(0x00100020, "LO", b"4711")
    data = raw_element(0x00100000, "UL", b"\x0c\0\0\0") + patient
    assert converted(data, EXPLICIT_LITTLE, EXPLICIT_LITTLE) == patient


def test_fragments_exist_in_explicit_little_endian_only() -> None:
    data = raw_fragments([b"12", b"34"])
    assert converted(data, EXPLICIT_LITTLE, EXPLICIT_LITTLE) == data
    with pytest.raises(ValueError, match="encapsulated"):
        list(convert(indexed(data, EXPLICIT_LITTLE), IMPLICIT_LITTLE))


def test_nothing_is_converted_into_big_endian() -> None:
    with pytest.raises(ValueError, match="big endian"):
        list(convert(indexed(b"", EXPLICIT_LITTLE), EXPLICIT_BIG))


def test_real_files_say_the_same_in_the_other_encoding() -> None:
    compared = 0
    for name, transfer_syntax, data in real_data_sets(longest=300_000):
        if name in BROKEN or transfer_syntax not in ("1.2.840.10008.1.2.1", IMPLICIT, BIG):
            continue
        source = encoding_of(transfer_syntax)
        to = IMPLICIT_LITTLE if source == EXPLICIT_LITTLE else EXPLICIT_LITTLE
        made = converted(data, source, to)
        before, after = open_dataset(indexed(data, source)), open_dataset(indexed(made, to))
        assert [tag for tag in before.tags() if tag & 0xFFFF] == after.tags()
        for tag in after.tags():
            element = before.get(tag)
            assert element is not None
            if not element.is_sequence and before.vr(tag) == after.vr(tag):
                was, now = before.value(tag), after.value(tag)
                assert (
                    was == now or (isinstance(was, Malformed) and isinstance(now, Malformed)) or source == EXPLICIT_BIG
                )
                compared += 1
        if source == EXPLICIT_LITTLE and not any(tag & 1 << 16 for tag in before.tags()):
            back = converted(made, to, source)
            assert len(back) > 0.9 * len(data)
    assert compared > 3000
