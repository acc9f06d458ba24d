"""`remap uids` by the rows of the language's small print."""

import pytest

from dicomrules.functions.identity import keyed_uid
from tests.unit.engine.make import CT, dataset, with_items
from tests.unit.rulebook.whole import SALT, codes, hit, rule, run


def test_s31_keyed_uid_and_remap_uids_give_the_same() -> None:
    made = dataset(FrameOfReferenceUID="1.2.9", TrackingUID="1.2.8")
    result = run(rule("set TrackingUID = FrameOfReferenceUID | keyed_uid(salt) otherwise keep"), made)
    assert result.value("TrackingUID") == run(rule("remap uids with salt"), made).value("FrameOfReferenceUID")
    assert result.value("TrackingUID") == keyed_uid("1.2.9", SALT)


def test_s31_under_a_root_as_many_digits_as_fit_are_taken() -> None:
    new = run(rule('remap uids with salt under "1.2.840.99999.7"'), dataset()).value("SOPInstanceUID")
    assert new.startswith("1.2.840.99999.7.")
    assert len(new) == 64
    assert new.is_valid


def test_a_root_may_be_a_parameter() -> None:
    text = rule("remap uids with salt under ours", 'parameter ours = "1.2.3"')
    assert run(text, dataset()).value("StudyInstanceUID").startswith("1.2.3.")


@pytest.mark.parametrize("root", ['"abc"', '"1.2.' + "3" * 60 + '"', "PatientID", '"1.2" otherwise "1.3"'])
def test_a_root_is_a_constant_that_leaves_room(root: str) -> None:
    assert codes(rule(f"remap uids with salt under {root}")) & {"DR213", "DR219", "DR203", "DR302"}


def test_s32_a_uid_is_mapped_once_however_many_statements_say_it() -> None:
    once = run(rule("remap uids with salt"), dataset()).data
    assert run(rule("remap uids with salt  remap uids with salt"), dataset()).data == once
    again = 'secret other from env "OTHER"'
    assert run(rule("remap uids with salt  remap uids with other", again), dataset()).data == once


def test_s32_groups_do_not_map_again_what_rules_have_mapped() -> None:
    text = rule("remap uids with salt") + (
        " group g { rule again { remap uids with salt } } routes x first match { else => research through g }"
    )
    result = run(text, dataset())
    assert result.value("SOPInstanceUID") == keyed_uid("1.2.3.4", SALT)
    assert result.decision.variants[0].sop_instance == keyed_uid("1.2.3.4", SALT)


def test_s32_what_a_rule_has_set_is_mapped_from_the_value_as_received() -> None:
    result = run(rule('set StudyInstanceUID = "1.9.9" override  remap uids with salt'), dataset())
    assert result.value("StudyInstanceUID") == keyed_uid("1.2.3", SALT)


def test_s32_what_a_rule_has_copied_is_mapped_as_what_it_is() -> None:
    made = dataset(FrameOfReferenceUID="1.2.9", SynchronizationFrameOfReferenceUID="1.2.8")
    body = "copy FrameOfReferenceUID to SynchronizationFrameOfReferenceUID  remap uids with salt"
    result = run(rule(body), made)
    assert result.value("SynchronizationFrameOfReferenceUID") == keyed_uid("1.2.9", SALT)


def test_s32_file_meta_follows_in_the_variant() -> None:
    result = run(rule("remap uids with salt"), dataset())
    assert result.decision.variants[0].sop_instance == result.value("SOPInstanceUID")


def test_classes_and_registered_uids_stay() -> None:
    made = dataset(FrameOfReferenceUID="1.2.840.10008.1.4.1.1")
    made.ReferencedImageSequence = with_items(
        {"ReferencedSOPClassUID": "1.3.12.2.1107.5.9.1", "ReferencedSOPInstanceUID": "1.2.3.4"}
    )
    result = run(rule("remap uids with salt"), made)
    assert result.value("SOPClassUID") == CT
    assert result.value("FrameOfReferenceUID") == "1.2.840.10008.1.4.1.1"
    item = result.leaves.ReferencedImageSequence[0]
    assert item.ReferencedSOPClassUID == "1.3.12.2.1107.5.9.1"
    assert item.ReferencedSOPInstanceUID == result.value("SOPInstanceUID")


def test_several_uids_stay_several_and_blank_ones_blank() -> None:
    result = run(rule("remap uids with salt"), dataset(IrradiationEventUID=["1.2.5", "", "1.2.6"]))
    assert list(result.value("IrradiationEventUID")) == [keyed_uid("1.2.5", SALT), "", keyed_uid("1.2.6", SALT)]


def test_an_exception_holds_at_every_depth_and_one_with_a_path_there_alone() -> None:
    made = dataset(FrameOfReferenceUID="1.2.9")
    made.ReferencedStudySequence = with_items({"StudyInstanceUID": "1.2.3", "ReferencedSOPInstanceUID": "1.2.3"})
    result = run(rule("remap uids except StudyInstanceUID with salt"), made)
    assert result.value("StudyInstanceUID") == result.leaves.ReferencedStudySequence[0].StudyInstanceUID == "1.2.3"
    assert result.leaves.ReferencedStudySequence[0].ReferencedSOPInstanceUID == keyed_uid("1.2.3", SALT)
    path = run(rule("remap uids except ReferencedStudySequence[first].StudyInstanceUID with salt"), made)
    assert path.leaves.ReferencedStudySequence[0].StudyInstanceUID == "1.2.3"
    assert path.value("StudyInstanceUID") == keyed_uid("1.2.3", SALT)
    sequence = run(rule("remap uids except ReferencedStudySequence with salt"), made)
    assert sequence.leaves.ReferencedStudySequence == made.ReferencedStudySequence


def test_a_set_of_tags_is_an_exception_too() -> None:
    text = rule("remap uids except tags kept with salt", "tags kept = [StudyInstanceUID, SeriesInstanceUID]")
    result = run(text, dataset())
    assert (result.value("StudyInstanceUID"), result.value("SeriesInstanceUID")) == ("1.2.3", "1.2.3.1")
    assert result.value("SOPInstanceUID") != "1.2.3.4"


def test_a_private_uid_whose_vr_the_rules_say_is_mapped() -> None:
    made = dataset()
    made.private_block(0x0031, "NORTH HOSPITAL", create=True).add_new(0x20, "UN", b"1.2.3.4\0")
    text = rule("remap uids with salt", 'private (0031,"NORTH HOSPITAL",20) UI')
    assert run(text, made).leaves[0x00311020].value == keyed_uid("1.2.3.4", SALT)


def test_an_unknown_secret_is_reported() -> None:
    assert codes(rule("remap uids with slat")) == {"DR107"}


def test_explain_shows_uids_before_and_after() -> None:
    result = run(rule("remap uids with salt"), dataset())
    changes = {change.path: (change.before, change.after) for change in hit(result).changes}
    assert changes["StudyInstanceUID"] == ("1.2.3", keyed_uid("1.2.3", SALT))
