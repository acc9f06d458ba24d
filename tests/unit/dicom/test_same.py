"""Two data sets side by side: when do they say the same?"""

import copy
from array import array
from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicomrules.dicom.index import Index, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.same import same_content
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import encoding_of
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

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]


def indexed(data: bytes, syntax: str = ExplicitVRLittleEndian) -> Index:
    return index(MemoryBytes(data), encoding_of(syntax))


def written(object_: Dataset, syntax: str) -> bytes:
    """The object in another transfer syntax; pydicom leaves pixels of 16 bits as they are."""
    if syntax == ExplicitVRBigEndian and "PixelData" in object_:
        pixels = array("H", object_.PixelData)
        pixels.byteswap()
        object_.PixelData = pixels.tobytes()
    return data_set_bytes(object_, syntax)


@pytest.mark.parametrize("one", SYNTAXES)
@pytest.mark.parametrize("other", SYNTAXES)
@pytest.mark.parametrize("make", [lambda: ct(size=300), rtstruct])
def test_c09_another_transfer_syntax_is_the_same_content(make: Callable[[], Dataset], one: str, other: str) -> None:
    left, right = written(make(), one), written(make(), other)
    assert same_content(indexed(left, one), indexed(right, other))


def _pixel(object_: Dataset) -> None:
    object_.PixelData = object_.PixelData[:-1] + bytes([object_.PixelData[-1] ^ 1])


def _deep(object_: Dataset) -> None:
    object_.RequestAttributesSequence[0].RequestedProcedureID = "RP2"


def _one_more_item(object_: Dataset) -> None:
    object_.RequestAttributesSequence.append(copy.deepcopy(object_.RequestAttributesSequence[0]))


def _one_less(object_: Dataset) -> None:
    del object_.PatientName


def _one_more(object_: Dataset) -> None:
    object_.add_new(0xFFFCFFFC, "OB", b"\0\0")


def _private(object_: Dataset) -> None:
    object_[0x00191001].value = "other text"


@pytest.mark.parametrize("change", [_pixel, _deep, _one_more_item, _one_less, _one_more, _private])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_c09_any_difference_is_found(change: Callable[[Dataset], None], syntax: str) -> None:
    changed = ct(size=300)
    change(changed)
    one = indexed(data_set_bytes(ct(size=300)))
    assert not same_content(one, indexed(written(changed, syntax), syntax))


def test_c09_group_lengths_and_defined_or_undefined_lengths_do_not_count() -> None:
    item = raw_element(0x00080100, "SH", b"CODE")
    plain = raw_element(0x00080060, "CS", b"CT") + raw_sequence(0x00081032, [raw_item(item)])
    other = (
        raw_element(0x00080000, "UL", b"\x40\0\0\0")
        + raw_element(0x00080060, "CS", b"CT")
        + raw_sequence(
            0x00081032, [raw_item(raw_element(0x00080000, "UL", bytes(4)) + item, undefined=True)], undefined=True
        )
    )
    assert same_content(indexed(plain), indexed(other))


def test_padding_of_text_does_not_count_and_of_bytes_does() -> None:
    def made(vr: str, value: bytes) -> Index:
        return indexed(raw_element(0x00104000, vr, value))

    assert same_content(made("LT", b"said"), made("LT", b"said  "))
    assert same_content(made("UI", b"1.2\0"), made("UI", b"1.2 "))
    assert not same_content(made("LT", b"said"), made("LT", b" said"))
    assert not same_content(made("OB", b"said"), made("OB", b"said\0\0"))


def test_pixels_in_fragments_are_not_those_bytes_in_one_piece() -> None:
    fragments = raw_fragments([b"ab"])
    inside = fragments[12:-8]
    assert same_content(indexed(fragments), indexed(fragments))
    assert not same_content(indexed(fragments), indexed(raw_element(0x7FE00010, "OB", inside)))


def test_every_real_object_is_the_same_as_itself_and_not_as_a_shorter_one() -> None:
    seen = 0
    for _, syntax, data in real_data_sets(longest=300_000):
        try:
            found = indexed(data, syntax)
        except MalformedDataSet:
            continue
        assert same_content(found, indexed(data, syntax))
        last = found.columns.begin(len(found.columns) - 1)
        if len(found.columns) > 1:
            assert not same_content(found, indexed(data[:last], syntax))
        seen += 1
    assert seen > 20
