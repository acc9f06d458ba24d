"""The edit tree answers as of now."""

import gc
import weakref

import pytest

from dicomrules.dicom.edit import DataSet, open_dataset
from dicomrules.dicom.index import MalformedDataSet, index
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import EXPLICIT_LITTLE, IMPLICIT_LITTLE, Encoding, encoding_of
from dicomrules.dicom.values import Malformed, TooLong, Unencodable
from tests.objects import ct, data_set_bytes, raw_element, raw_item, raw_sequence

PATIENT_ID, PATIENT_NAME, REQUESTS, STEP_ID = 0x00100020, 0x00100010, 0x00400275, 0x00400009
IMPLICIT = "1.2.840.10008.1.2"


def opened(data: bytes, encoding: Encoding = EXPLICIT_LITTLE) -> DataSet:
    return open_dataset(index(MemoryBytes(data), encoding))


def image(transfer_syntax: str = "1.2.840.10008.1.2.1") -> DataSet:
    return opened(data_set_bytes(ct(8), transfer_syntax), encoding_of(transfer_syntax))


def test_what_came_is_there() -> None:
    data_set = image()
    assert data_set.value(PATIENT_ID) == ("4711",)
    assert data_set.value(0x00280010) == (8,)
    assert data_set.value(0x00080090) == ()
    assert data_set.value(0x00100040) == ("M",)
    assert data_set.value(0x00104000) is None
    assert PATIENT_ID in data_set
    assert 0x00104000 not in data_set
    assert data_set.tags() == sorted(ct(8).keys())
    assert not data_set.touched


def test_text_is_read_in_the_character_set_of_the_data_set() -> None:
    assert image().value(PATIENT_NAME) == ("Müller^Jürgen",)


def test_what_is_put_is_there_at_once() -> None:
    data_set = image()
    data_set.write(PATIENT_ID, ("SITEA-4711",))
    data_set.write(0x00104000, ("a comment",))
    assert data_set.value(PATIENT_ID) == ("SITEA-4711",)
    assert data_set.value(0x00104000) == ("a comment",)
    assert data_set.tags() == sorted({*ct(8).keys(), 0x00104000})
    assert data_set.touched


def test_what_is_removed_is_gone_at_once() -> None:
    data_set = image()
    assert data_set.delete(PATIENT_ID)
    assert not data_set.delete(PATIENT_ID)
    assert data_set.get(PATIENT_ID) is None
    assert PATIENT_ID not in data_set.tags()
    data_set.write(PATIENT_ID, ("1",))
    assert data_set.value(PATIENT_ID) == ("1",)


def test_an_element_put_and_removed_again_leaves_nothing() -> None:
    data_set = image()
    data_set.write(0x00104000, ("a comment",))
    assert data_set.delete(0x00104000)
    assert 0x00104000 not in data_set


def test_tags_may_be_asked_for_by_range() -> None:
    data_set = image()
    data_set.write(0x00104000, ("x",))
    data_set.delete(0x00100040)
    assert data_set.tags(0x00100000, 0x0010FFFF) == [0x00100010, 0x00100020, 0x00100030, 0x00104000]


def test_out_of_order_a_new_element_stands_before_the_first_higher_tag() -> None:
    data_set = opened(
        raw_element(PATIENT_ID, "LO", b"1 ")
        + raw_element(0x00080060, "CS", b"CT")
        + raw_element(0x00180050, "DS", b"1 ")
    )
    data_set.write(0x00104000, ("x",))
    assert data_set.tags() == [PATIENT_ID, 0x00080060, 0x00104000, 0x00180050]
    data_set.write(0x00080050, ("x",))
    assert data_set.tags() == [0x00080050, PATIENT_ID, 0x00080060, 0x00104000, 0x00180050]


def test_an_element_that_is_there_twice_is_edited_as_one() -> None:
    data_set = opened(raw_element(PATIENT_ID, "LO", b"1 ") + raw_element(PATIENT_ID, "LO", b"2 "))
    assert data_set.tags() == [PATIENT_ID]
    assert data_set.value(PATIENT_ID) == ("1",)
    data_set.delete(PATIENT_ID)
    assert data_set.tags() == []


def test_vrs_come_from_the_element_or_the_dictionaries() -> None:
    data_set = image(IMPLICIT)
    assert data_set.vr(PATIENT_ID) == "LO"
    assert data_set.vr(0x00280106) == "US"
    assert data_set.vr(0x7FE00010) == "OW"
    assert data_set.vr(0x00190010) == "LO"
    assert data_set.vr(0x00191001) == "UN", "no dictionary knows this creator"
    data_set.put(0x00280103, "US", b"\1\0")
    assert data_set.vr(0x00280106) == "SS"
    assert data_set.value(0x00280106) == (0,)


def test_private_elements_are_read_by_the_dictionary_of_their_creator() -> None:
    data = raw_element(0x00190011, "", b"GEMS_ACQU_01") + raw_element(0x00191102, "", b"\1\0\0\0")
    data_set = opened(data, IMPLICIT_LITTLE)
    assert data_set.vr(0x00191102) == "SL"
    assert data_set.value(0x00191102) == (1,)
    assert data_set.creator(0x00191102) == "GEMS_ACQU_01"


def test_a_known_attribute_that_came_as_un_is_read_by_its_dictionary_vr() -> None:
    data_set = opened(raw_element(PATIENT_ID, "UN", b"4711"))
    assert data_set.value(PATIENT_ID) == ("4711",)
    element = data_set.get(PATIENT_ID)
    assert element is not None
    assert element.vr == "UN", "it stays what it is until it is written"


def test_a_value_that_does_not_parse_or_is_too_long_is_malformed() -> None:
    data_set = opened(raw_element(0x00201208, "IS", b"many"))
    assert isinstance(data_set.value(0x00201208), Malformed)
    assert isinstance(image().value(PATIENT_ID, longest=3), Malformed)


def test_a_value_that_cannot_be_written_changes_nothing() -> None:
    data_set = image()
    with pytest.raises(Unencodable):
        data_set.write(PATIENT_NAME, ("王",))
    with pytest.raises(TooLong):
        data_set.write(0x00080050, ("A" * 17,))
    with pytest.raises(TooLong):
        data_set.put(0x00204000, "LT", b"A" * 65_536)
    assert not data_set.touched


def test_without_vr_a_value_may_have_any_length() -> None:
    data_set = image(IMPLICIT)
    data_set.put(0x00204000, "LT", b"A" * 65_536)
    assert data_set.value(0x00204000) == ("A" * 65_536,)


def test_items_are_data_sets() -> None:
    data_set = image()
    (item,) = data_set.items(REQUESTS)
    assert item.value(STEP_ID) == ("SPS1",)
    assert item.parent is data_set
    assert data_set.items(0x00081140) == ()
    with pytest.raises(ValueError, match="no sequence"):
        data_set.items(PATIENT_ID)


def test_items_inherit_the_character_set_unless_they_have_their_own() -> None:
    inside = raw_element(0x00080005, "CS", b"ISO_IR 192") + raw_element(PATIENT_NAME, "PN", "ü".encode())
    other = raw_element(PATIENT_NAME, "PN", b"\xfc ")
    data_set = opened(
        raw_element(0x00080005, "CS", b"ISO_IR 100") + raw_sequence(0x00081115, [raw_item(inside), raw_item(other)])
    )
    assert [item.value(PATIENT_NAME) for item in data_set.items(0x00081115)] == [("ü",), ("ü",)]
    data_set.write(0x00080005, ("ISO_IR 144",))
    assert [item.value(PATIENT_NAME) for item in data_set.items(0x00081115)] == [("ü",), ("ќ",)]


def test_a_change_in_an_item_is_kept_and_seen_above() -> None:
    data_set = image()
    data_set.items(REQUESTS)[0].write(STEP_ID, ("SPS2",))
    gc.collect()
    assert data_set.touched
    assert data_set.items(REQUESTS)[0].value(STEP_ID) == ("SPS2",)


def test_an_item_that_was_not_changed_is_forgotten() -> None:
    data_set = image()
    seen = weakref.ref(data_set.items(REQUESTS)[0])
    gc.collect()
    assert seen() is None
    assert not data_set.touched


def test_two_hands_on_one_item_hold_the_same_item() -> None:
    items = image().items(REQUESTS)
    one, other = items[0], items[-1]
    one.write(STEP_ID, ("SPS2",))
    assert other.value(STEP_ID) == ("SPS2",)


def test_items_are_added_and_removed() -> None:
    data = raw_sequence(REQUESTS, [raw_item(raw_element(STEP_ID, "SH", b"%d " % number)) for number in range(4)])
    data_set = opened(data)
    data_set.remove_item(REQUESTS, 1)
    data_set.add_item(REQUESTS).write(STEP_ID, ("new",))
    data_set.items(REQUESTS)[1].write(STEP_ID, ("two",))
    data_set.remove_item(REQUESTS, 0)
    assert [item.value(STEP_ID) for item in data_set.items(REQUESTS)] == [("two",), ("3",), ("new",)]
    data_set.remove_item(REQUESTS, 2)
    assert [item.value(STEP_ID) for item in data_set.items(REQUESTS)[0:5]] == [("two",), ("3",)]
    with pytest.raises(IndexError):
        data_set.remove_item(REQUESTS, 2)
    with pytest.raises(IndexError):
        data_set.items(REQUESTS)[2]


def test_a_sequence_is_made_where_none_is() -> None:
    data_set = image()
    item = data_set.add_item(0x00081140)
    item.write(0x00081150, ("1.2",))
    item.add_item(0x0040A170).write(0x00080100, ("CODE",))
    assert data_set.items(0x00081140)[0].items(0x0040A170)[0].value(0x00080100) == ("CODE",)
    with pytest.raises(ValueError, match="no sequence"):
        data_set.add_item(PATIENT_ID)


def test_a_sequence_may_be_put_as_bytes_and_entered() -> None:
    data_set = image()
    data_set.put(0x00081140, "SQ", raw_item(raw_element(0x00081155, "UI", b"1.2\0"), undefined=True))
    item = data_set.items(0x00081140)[0]
    item.write(0x00081155, ("1.3",))
    assert data_set.items(0x00081140)[0].value(0x00081155) == ("1.3",)
    with pytest.raises(MalformedDataSet):
        data_set.put(0x00081140, "SQ", b"no item!")


def test_inside_un_new_elements_have_no_vr() -> None:
    data = raw_sequence(0x00081115, [raw_item(raw_element(PATIENT_ID, "", b"1 "))], vr="UN")
    item = opened(data).items(0x00081115)[0]
    assert item.encoding == IMPLICIT_LITTLE
    assert item.value(PATIENT_ID) == ("1",)


# Private blocks


def test_a_block_is_found_by_its_creator() -> None:
    data_set = image()
    assert data_set.private_block(0x0019, "DICOMRULES TEST") == 0x10
    assert data_set.private_block(0x0019, "SOMEBODY ELSE") is None
    assert data_set.private_block(0x0021, "DICOMRULES TEST") is None
    assert data_set.reserve_block(0x0019, "DICOMRULES TEST") == 0x10
    assert not data_set.touched


def test_of_several_blocks_the_first_is_used() -> None:
    data = raw_element(0x00090011, "LO", b"ME") + raw_element(0x00090014, "LO", b"ME")
    assert opened(data).private_block(0x0009, "ME") == 0x11


def test_a_new_block_is_the_first_with_neither_creator_nor_elements() -> None:
    data = (
        raw_element(0x00090010, "LO", b"HE")
        + raw_element(0x00091101, "LO", b"orphan")
        + raw_element(0x000912FF, "LO", b"")
    )
    data_set = opened(data)
    assert data_set.reserve_block(0x0009, "ME") == 0x13
    assert data_set.value(0x00090013) == ("ME",)
    assert data_set.reserve_block(0x0009, "ME") == 0x13


def test_when_all_blocks_are_taken_there_is_none() -> None:
    data = b"".join(raw_element(0x00090000 + block, "LO", b"HE") for block in range(0x10, 0x100))
    assert opened(data).reserve_block(0x0009, "ME") is None


def test_with_its_last_element_a_creator_goes_too() -> None:
    data_set = image()
    data_set.delete(0x00191001)
    assert 0x00190010 in data_set
    data_set.delete(0x00191002)
    assert 0x00190010 not in data_set
    assert data_set.reserve_block(0x0019, "SOMEBODY") == 0x10


def test_an_element_written_into_a_block_keeps_its_creator() -> None:
    data_set = image()
    data_set.write(0x00191003, ("new",), "LO")
    data_set.delete(0x00191001)
    data_set.delete(0x00191002)
    assert 0x00190010 in data_set
    data_set.delete(0x00191003)
    assert 0x00190010 not in data_set


def test_with_a_creator_its_block_goes_too() -> None:
    data_set = image()
    data_set.delete(0x00190010)
    assert data_set.tags(0x00190000, 0x0019FFFF) == []


# Variants


def test_a_copy_and_its_original_do_not_see_each_other() -> None:
    data_set = image()
    data_set.write(PATIENT_ID, ("1",))
    data_set.items(REQUESTS)[0].write(STEP_ID, ("one",))
    data_set.add_item(0x00081140).write(0x00081155, ("1.2",))
    twin = data_set.copy()
    twin.write(PATIENT_ID, ("2",))
    twin.items(REQUESTS)[0].write(STEP_ID, ("two",))
    twin.items(0x00081140)[0].write(0x00081155, ("1.3",))
    twin.remove_item(REQUESTS, 0)
    data_set.add_item(REQUESTS)
    assert data_set.value(PATIENT_ID) == ("1",)
    assert [item.value(STEP_ID) for item in data_set.items(REQUESTS)] == [("one",), None]
    assert data_set.items(0x00081140)[0].value(0x00081155) == ("1.2",)
    assert twin.value(PATIENT_ID) == ("2",)
    assert len(twin.items(REQUESTS)) == 0
    assert twin.items(0x00081140)[0].value(0x00081155) == ("1.3",)
