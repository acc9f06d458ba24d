"""The Original Attributes Sequence: what was at the top, as it came."""

from pydicom.dataset import Dataset

from dicomrules.dicom.edit import DataSet, open_dataset
from dicomrules.dicom.index import index
from dicomrules.dicom.provenance import ORIGINAL_ATTRIBUTES, Modification, forget, record
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import encoding_of
from tests.objects import ct, data_set_bytes, raw_element, raw_item, raw_sequence

BY = Modification("20260101120000+0000", "NORTH GATEWAY", "COERCE", "CT_A1")
MODIFIED, PATIENT_ID, PATIENT_NAME = 0x04000550, 0x00100020, 0x00100010
BLOCK, ELEMENT = 0x00190010, 0x00191001


def trees(syntax: str = "1.2.840.10008.1.2.1", made: Dataset | None = None) -> tuple[DataSet, DataSet]:
    """A tree to change, and one as received."""
    found = index(MemoryBytes(data_set_bytes(made or ct(size=4), syntax)), encoding_of(syntax))
    return open_dataset(found), open_dataset(found)


def before(tree: DataSet) -> DataSet:
    """What the last item says was there before."""
    return tree.items(ORIGINAL_ATTRIBUTES)[-1].items(MODIFIED)[0]


def test_nothing_is_recorded_when_nothing_changed() -> None:
    tree, received = trees()
    tree.write(PATIENT_ID, ("4711",))
    assert not record(tree, received, BY)
    assert ORIGINAL_ATTRIBUTES not in tree


def test_the_values_as_they_came_are_recorded() -> None:
    for syntax in ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"):
        tree, received = trees(syntax)
        tree.write(PATIENT_ID, ("new",))
        tree.delete(ELEMENT)
        assert record(tree, received, BY)
        assert before(tree).tags() == [PATIENT_ID, BLOCK, ELEMENT]
        assert before(tree).value(PATIENT_ID) == ("4711",)
        element = before(tree).get(ELEMENT)
        assert element is not None
        assert element.raw == b"private text"


def test_text_is_read_in_the_character_set_it_came_in() -> None:
    tree, received = trees()
    tree.write(0x00080005, ("ISO_IR 192",))
    tree.write(PATIENT_NAME, ("Żółw",))
    assert record(tree, received, BY)
    assert before(tree).value(PATIENT_NAME) == ("Müller^Jürgen",)


def test_a_source_that_is_not_known_is_empty() -> None:
    tree, received = trees()
    tree.delete(PATIENT_ID)
    assert record(tree, received, Modification(BY.when, BY.system, BY.reason, ""))
    assert tree.items(ORIGINAL_ATTRIBUTES)[0].value(0x04000564) == ()


def test_what_others_have_recorded_can_be_forgotten() -> None:
    tree, received = trees()
    assert not forget(tree)
    tree.delete(PATIENT_ID)
    record(tree, received, BY)
    assert forget(tree)
    assert ORIGINAL_ATTRIBUTES not in tree


def test_a_sequence_of_odd_length_is_recorded_as_it_came() -> None:
    data = raw_sequence(0x00400275, [raw_item(raw_element(0x00400009, "SH", b"odd"))])
    found = index(MemoryBytes(data), encoding_of("1.2.840.10008.1.2.1"))
    tree, received = open_dataset(found), open_dataset(found)
    tree.delete(0x00400275)
    assert record(tree, received, BY)
    assert before(tree).items(0x00400275)[0].value(0x00400009) == ("odd",)


def test_what_stands_in_the_place_of_the_sequence_and_is_none_gives_way_to_it() -> None:
    made = ct(size=4)
    made.add_new(ORIGINAL_ATTRIBUTES, "LO", "none")
    tree, received = trees(made=made)
    tree.write(PATIENT_ID, ("new",))
    assert record(tree, received, BY)
    assert before(tree).value(PATIENT_ID) == received.value(PATIENT_ID)
