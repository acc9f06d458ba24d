"""The patch that the edit tree makes, looked at byte by byte."""

import pytest

from dicomrules.dicom.compose import make_patch, value_of
from dicomrules.dicom.edit import DataSet, open_dataset
from dicomrules.dicom.index import index
from dicomrules.dicom.patch import Splice, apply
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Encoding
from tests.objects import ct, data_set_bytes, raw_element, raw_fragments, raw_item, raw_sequence

DIGEST = "00" * 32
MODALITY = raw_element(0x00080060, "CS", b"CT")
NAME = raw_element(0x00100010, "PN", b"Muster^Max")
PATIENT = raw_element(0x00100020, "LO", b"4711")
REFERENCES = 0x00081115


def opened(data: bytes, encoding: Encoding = EXPLICIT_LITTLE) -> DataSet:
    return open_dataset(index(MemoryBytes(data), encoding))


def patched(data_set: DataSet, data: bytes) -> bytes:
    """What leaves; it must be whole, and another tree over it must be unchanged."""
    result = apply(make_patch(data_set, DIGEST), data)
    again = opened(result, data_set.encoding)
    assert make_patch(again, DIGEST).is_empty
    return result


def test_nothing_changed_is_no_patch() -> None:
    data_set = opened(MODALITY + PATIENT)
    assert make_patch(data_set, DIGEST).is_empty
    assert make_patch(data_set, DIGEST).base_digest == DIGEST


def test_a_new_value_is_one_splice_over_its_element() -> None:
    data_set = opened(MODALITY + NAME + PATIENT)
    data_set.write(0x00100010, ("Other",))
    assert make_patch(data_set, DIGEST).splices == (Splice(10, 28, raw_element(0x00100010, "PN", b"Other ")),)


def test_the_same_value_again_is_no_patch() -> None:
    data_set = opened(MODALITY + NAME + PATIENT)
    data_set.write(0x00100010, ("Muster^Max",))
    assert data_set.touched
    assert make_patch(data_set, DIGEST).is_empty


def test_a_new_element_stands_before_the_first_with_a_higher_tag() -> None:
    for tag, place in ((0x00080050, 0), (0x00100010, 10), (0x00200010, 22)):
        data_set = opened(MODALITY + PATIENT)
        data_set.put(tag, "SH", b"NEW ")
        assert make_patch(data_set, DIGEST).splices == (Splice(place, place, raw_element(tag, "SH", b"NEW ")),)


def test_new_elements_in_one_place_stand_in_order_and_neighbours_are_one_splice() -> None:
    data = MODALITY + PATIENT
    data_set = opened(data)
    data_set.put(0x00100010, "PN", b"A ")
    data_set.put(0x00080080, "LO", b"B ")
    data_set.delete(0x00100020)
    patch = make_patch(data_set, DIGEST)
    assert len(patch.splices) == 1
    assert apply(patch, data) == MODALITY + raw_element(0x00080080, "LO", b"B ") + raw_element(0x00100010, "PN", b"A ")


def test_an_element_that_was_there_twice_leaves_once() -> None:
    data = PATIENT + MODALITY + PATIENT
    data_set = opened(data)
    data_set.write(0x00100020, ("1",))
    assert apply(make_patch(data_set, DIGEST), data) == raw_element(0x00100020, "LO", b"1 ") + MODALITY
    data_set.delete(0x00100020)
    assert apply(make_patch(data_set, DIGEST), data) == MODALITY


@pytest.mark.parametrize("vr", ["SQ", "UN"])
@pytest.mark.parametrize("outer", [True, False])
@pytest.mark.parametrize("inner", [True, False])
def test_defined_lengths_are_put_right_and_undefined_ones_stay(vr: str, outer: bool, inner: bool) -> None:
    inside = "" if vr == "UN" else "UI"

    def around(*uids: bytes) -> bytes:
        items = [raw_item(raw_element(0x00081155, inside, uid), undefined=inner) for uid in uids]
        return MODALITY + raw_sequence(REFERENCES, items, vr=vr, undefined=outer) + PATIENT

    data = around(b"1.2\0", b"1.3\0")
    data_set = opened(data)
    data_set.items(REFERENCES)[1].write(0x00081155, ("1.2.840.99",))
    assert patched(data_set, data) == around(b"1.2\0", b"1.2.840.99")
    data_set.remove_item(REFERENCES, 0)
    assert patched(data_set, data) == around(b"1.2.840.99")
    data_set.remove_item(REFERENCES, 0)
    assert patched(data_set, data) == around()


@pytest.mark.parametrize("undefined", [True, False])
def test_lengths_are_put_right_at_every_depth(undefined: bool) -> None:
    def around(value: bytes, depth: int) -> bytes:
        content = PATIENT[:8] + value if len(value) == 4 else raw_element(0x00100020, "LO", value)
        for _ in range(depth):
            content = raw_sequence(
                REFERENCES, [raw_item(b""), raw_item(content, undefined=undefined)], undefined=undefined
            )
        return content

    data = around(b"4711", 60)
    data_set = item = opened(data)
    for _ in range(60):
        item = item.items(REFERENCES)[1]
    item.write(0x00100020, ("longer than before",))
    assert patched(data_set, data) == around(b"longer than before", 60)


def test_a_new_item_stands_behind_the_others_with_a_defined_length() -> None:
    item = raw_item(PATIENT, undefined=True)
    data = raw_sequence(REFERENCES, [item], undefined=True) + NAME
    data_set = opened(data)
    data_set.add_item(REFERENCES).write(0x00100020, ("0815",))
    new = raw_item(raw_element(0x00100020, "LO", b"0815"))
    assert patched(data_set, data) == raw_sequence(REFERENCES, [item, new], undefined=True) + NAME


def test_a_new_sequence_is_written_in_the_encoding_around_it() -> None:
    for encoding, order, vrs in (
        (EXPLICIT_LITTLE, "<", ("SQ", "SQ", "SH")),
        (IMPLICIT_LITTLE, "<", ("", "", "")),
        (EXPLICIT_BIG, ">", ("SQ", "SQ", "SH")),
    ):
        data_set = opened(b"", encoding)
        item = data_set.add_item(REFERENCES)
        item.add_item(0x0040A170).write(0x00080100, ("CODE",))
        code = raw_item(raw_element(0x00080100, vrs[2], b"CODE", order), order=order)
        inner = raw_item(raw_sequence(0x0040A170, [code], vr=vrs[1], order=order), order=order)
        assert patched(data_set, b"") == raw_sequence(REFERENCES, [inner], vr=vrs[0], order=order)


def test_numbers_are_written_in_the_byte_order_of_the_data_set() -> None:
    data_set = opened(b"", EXPLICIT_BIG)
    data_set.write(0x00280010, (512,))
    assert patched(data_set, b"") == raw_element(0x00280010, "US", b"\2\0", ">")


def test_inside_un_nothing_has_a_vr() -> None:
    data = raw_sequence(REFERENCES, [raw_item(raw_element(0x00100020, "", b"1 "))], vr="UN", order=">")
    data_set = opened(data, EXPLICIT_BIG)
    data_set.items(REFERENCES)[0].write(0x00280010, (512,))
    inside = raw_element(0x00100020, "", b"1 ") + raw_element(0x00280010, "", b"\0\2")
    assert patched(data_set, data) == raw_sequence(REFERENCES, [raw_item(inside)], vr="UN", order=">")[:8] + (
        len(inside) + 8
    ).to_bytes(4, "big") + raw_item(inside)


def test_a_sequence_put_as_bytes_and_changed_leaves_changed() -> None:
    data_set = opened(MODALITY)
    data_set.put(REFERENCES, "SQ", raw_item(PATIENT, undefined=True) + raw_item(b""))
    data_set.items(REFERENCES)[0].write(0x00100020, ("long value",))
    changed = raw_item(raw_element(0x00100020, "LO", b"long value"), undefined=True)
    assert patched(data_set, MODALITY) == MODALITY + raw_sequence(REFERENCES, [changed, raw_item(b"")])
    assert value_of(data_set, REFERENCES) == changed + raw_item(b"")


def test_the_value_of_a_changed_sequence_is_what_would_leave() -> None:
    data_set = opened(raw_sequence(REFERENCES, [raw_item(PATIENT)], undefined=True))
    assert value_of(data_set, REFERENCES) == raw_item(PATIENT)
    data_set.items(REFERENCES)[0].delete(0x00100020)
    assert value_of(data_set, REFERENCES) == raw_item(b"")
    assert value_of(data_set, 0x00100020) is None


# Group lengths


def with_length(*elements: bytes, order: str = "<") -> bytes:
    group = b"".join(elements)
    length = len(group).to_bytes(4, "little" if order == "<" else "big")
    return raw_element(0x00100000, "UL", length, order) + group


def test_group_lengths_are_put_right() -> None:
    data = MODALITY + with_length(NAME, PATIENT)
    data_set = opened(data)
    data_set.write(0x00100020, ("a longer one",))
    assert patched(data_set, data) == MODALITY + with_length(NAME, raw_element(0x00100020, "LO", b"a longer one"))
    data_set.delete(0x00100010)
    assert patched(data_set, data) == MODALITY + with_length(raw_element(0x00100020, "LO", b"a longer one"))


def test_a_group_length_goes_with_the_last_element_of_its_group() -> None:
    data = MODALITY + with_length(NAME, PATIENT)
    data_set = opened(data)
    data_set.delete(0x00100010)
    data_set.delete(0x00100020)
    assert patched(data_set, data) == MODALITY


def test_group_lengths_count_what_changed_inside_sequences() -> None:
    def group(value: bytes) -> bytes:
        return with_length(raw_sequence(0x00101002, [raw_item(with_length(raw_element(0x00100020, "LO", value)))]))

    data = group(b"4711")
    data_set = opened(data)
    data_set.items(0x00101002)[0].write(0x00100020, ("SITEA-4711",))
    assert patched(data_set, data) == group(b"SITEA-4711")


def test_a_wrong_group_length_is_left_alone_until_its_group_changes_in_length() -> None:
    wrong = raw_element(0x00100000, "UL", b"\xff\0\0\0") + NAME + PATIENT
    data_set = opened(wrong)
    data_set.write(0x00100020, ("0815",))
    assert patched(data_set, wrong)[:12] == wrong[:12]
    data_set.write(0x00100020, ("081512",))
    assert patched(data_set, wrong)[:12] == with_length(NAME, raw_element(0x00100020, "LO", b"081512"))[:12]


def test_group_lengths_are_right_in_big_endian_and_out_of_order() -> None:
    first = raw_element(0x00100020, "LO", b"4711", ">")
    modality = raw_element(0x00080060, "CS", b"CT", ">")
    name = raw_element(0x00100010, "PN", b"Muster^Max", ">")
    data = with_length(first, order=">") + modality + name
    data_set = opened(data, EXPLICIT_BIG)
    data_set.write(0x00100020, ("12",))
    new = raw_element(0x00100020, "LO", b"12", ">")
    assert patched(data_set, data) == with_length(new, name, order=">")[:12] + new + modality + name


# Whole objects


def test_pixel_data_is_in_no_splice_and_what_follows_it_can_be_edited() -> None:
    data = data_set_bytes(ct(64))
    data_set = opened(data)
    data_set.write(0x00100020, ("SITEA-4711",))
    data_set.put(0xFFFCFFFC, "OB", bytes(10))
    patch = make_patch(data_set, DIGEST)
    assert sum(len(splice.new) for splice in patch.splices) < 60
    assert [splice.end for splice in patch.splices][-1] == len(data)


def test_fragments_are_not_looked_into() -> None:
    data = NAME + raw_fragments([bytes(100), bytes(50)]) + raw_element(0xFFFCFFFC, "OB", bytes(4))
    data_set = opened(data)
    data_set.delete(0xFFFCFFFC)
    data_set.delete(0x00100010)
    assert patched(data_set, data) == raw_fragments([bytes(100), bytes(50)])


def test_a_copy_makes_a_patch_of_its_own() -> None:
    data = MODALITY + raw_sequence(REFERENCES, [raw_item(PATIENT)]) + NAME
    data_set = opened(data)
    data_set.items(REFERENCES)[0].write(0x00100020, ("one",))
    twin = data_set.copy()
    twin.items(REFERENCES)[0].write(0x00100010, ("two",))
    one = raw_element(0x00100020, "LO", b"one ")
    two = raw_element(0x00100010, "PN", b"two ")
    assert patched(data_set, data) == MODALITY + raw_sequence(REFERENCES, [raw_item(one)]) + NAME
    assert patched(twin, data) == MODALITY + raw_sequence(REFERENCES, [raw_item(two + one)]) + NAME


def test_a_sequence_in_the_place_of_a_group_length_is_no_group_length() -> None:
    data = raw_sequence(0x30060000, [raw_item(MODALITY + PATIENT)])
    data_set = opened(data)
    data_set.items(0x30060000)[0].delete(0x00080060)
    assert patched(data_set, data) == raw_sequence(0x30060000, [raw_item(PATIENT)])
