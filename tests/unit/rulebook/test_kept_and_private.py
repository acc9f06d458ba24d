"""`remove private` and `keep only` by the rows of the language's small print."""

import pytest
from pydicom.dataset import Dataset

from tests.objects import raw_element
from tests.unit.engine.make import dataset, encode, with_items
from tests.unit.rulebook.whole import codes, private, rule, run


def test_s36_everything_private_goes_at_every_depth() -> None:
    leaves = run(rule("remove private"), private()).leaves
    assert not [element for element in leaves.iterall() if element.tag.is_private]
    assert leaves.PatientID == "1"
    assert "RequestAttributesSequence" in leaves


def test_s36_named_creators_stay_whole_and_others_inside_them_go() -> None:
    leaves = run(rule('remove private except "A", "B"'), private()).leaves
    assert [leaves[tag].value for tag in (0x00290010, 0x00290011, 0x00291010, 0x00291110)] == ["A", "B", "a", "b"]
    assert 0x00290012 not in leaves
    assert 0x00290001 not in leaves
    assert 0x00295001 not in leaves
    for item in (leaves[0x00291020].value[0], leaves.RequestAttributesSequence[0]):
        assert [element.value for element in item] == ["A", "deep too"]


def two_blocks(*, both: bool) -> Dataset:
    """A maker that has reserved two blocks; its element 10 lies in the second, or in both."""
    made = dataset()
    for block in (0x10, 0x11):
        made.add_new(0x00290000 + block, "LO", "A")
        made.add_new(0x00290020 + block * 0x100, "LO", "other")
    for block in (0x10, 0x11) if both else (0x11,):
        made.add_new(0x00290010 + block * 0x100, "LO", "DOE^J")
    return made


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("what", ['(0029,"A",10)', '(0029,"A",10) anywhere', "tags one", "tags one anywhere"])
def test_a_private_element_goes_from_every_block_that_its_creator_has(what: str, both: bool) -> None:
    text = rule(f"remove {what}", 'private (0029,"A",10) LO tags one = [(0029,"A",10)]')
    leaves = run(text, two_blocks(both=both)).leaves
    assert [element.value for element in leaves.group_dataset(0x0029)] == ["A", "A", "other", "other"]


def test_a_private_element_is_read_and_written_where_it_lies() -> None:
    text = rule(
        'set StudyID = original.(0029,"A",10) otherwise "none" set (0029,"A",10) = "B"', 'private (0029,"A",10) LO'
    )
    leaves = run(text, two_blocks(both=False)).leaves
    assert (leaves.StudyID, 0x00291010 in leaves, leaves[0x00291110].value) == ("DOE^J", False, "B")


def test_s36_illegal_groups_count_as_private() -> None:
    made = dataset()
    made.add_new(0x00030010, "LO", "A")
    made.add_new(0x00031010, "LO", "x")
    made.add_new(0xFFFF0010, "LO", "y")
    assert not [tag for tag in run(rule("remove private"), made).leaves if tag.tag.group % 2]


def test_s36_group_lengths_of_private_groups_follow() -> None:
    block = raw_element(0x00290010, "LO", b"A ") + raw_element(0x00290011, "LO", b"B ")
    block += raw_element(0x00291010, "LO", b"aaaa") + raw_element(0x00291110, "LO", b"bb")
    length = raw_element(0x00290000, "UL", len(block).to_bytes(4, "little"))
    data = encode(dataset()) + length + block
    assert not [tag for tag in run(rule("remove private"), data).leaves if tag.tag.group % 2]
    kept = run(rule('remove private except "B"'), data)
    assert kept.data.endswith(
        raw_element(0x00290000, "UL", (20).to_bytes(4, "little"))
        + raw_element(0x00290011, "LO", b"B ")
        + raw_element(0x00291110, "LO", b"bb")
    )


def test_s37_what_says_which_object_this_is_is_always_kept() -> None:
    made = private()
    made.SpecificCharacterSet, made.StudyDate, made.Rows = "ISO_IR 100", "20240101", 4
    made.PatientName = "Müller"
    leaves = run(rule("keep only PatientName"), made).leaves
    kept = {"SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"}
    assert {element.keyword for element in leaves} == kept | {"PatientName", "Rows"}
    assert leaves.PatientName == "Müller"


def test_s37_sequences_are_kept_whole_and_within_thins_their_items() -> None:
    made = dataset()
    made.RequestAttributesSequence = with_items({"RequestedProcedureID": "1", "ScheduledProcedureStepID": "2"})
    assert "RequestedProcedureID" in run(rule("keep only RequestAttributesSequence"), made).leaves[0x00400275][0]
    body = "within RequestAttributesSequence[every] { keep only ScheduledProcedureStepID }"
    item = run(rule(body), made).leaves.RequestAttributesSequence[0]
    assert [element.keyword for element in item] == ["ScheduledProcedureStepID"]


def test_s35_keeping_a_private_element_keeps_its_creator() -> None:
    leaves = run(rule('keep only (0029,"B",10)'), private()).leaves
    assert [element.value for element in leaves if element.tag.is_private] == ["B", "b"]


def test_keep_only_takes_masks_sets_and_exceptions() -> None:
    made = dataset(StudyDate="20240101", StudyTime="10", InstanceCreationDate="20240101", PatientID="1")
    text = rule("keep only tags group_8 except StudyTime", "tags group_8 = [(0008,00xx)] except [(0008,0012)]")
    leaves = run(text, made).leaves
    assert "StudyDate" in leaves
    assert not {"StudyTime", "InstanceCreationDate", "PatientID"} & {element.keyword for element in leaves}


@pytest.mark.parametrize(
    "body", ["keep only RequestAttributesSequence[first].RequestedProcedureID", "keep only PatientID anywhere"]
)
def test_keep_only_is_about_one_level(body: str) -> None:
    assert codes(rule(body)) == {"DR212"}


def test_s38_removing_what_the_same_rule_keeps_is_an_error() -> None:
    assert "DR413" in codes(rule("keep only PatientID, StationName  remove StationName"))
    assert "DR413" not in codes(rule("keep only PatientID  remove StationName"))


def test_after_keep_only_nothing_else_is_known_to_be_there() -> None:
    text = "rule r {{ when PatientID is present and StudyID is present keep only StudyID set StudyDescription = {} }}"
    assert "DR302" not in codes(text.format("StudyID"))
    assert "DR302" in codes(text.format("PatientID"))
    later = "rule a {{ {} }} rule b {{ when original.StationName is present set StudyID = StationName | cut(9) }}"
    assert "DR302" in codes(later.format("keep only PatientID"))
    assert "DR302" not in codes(later.format("empty PatientID"))
