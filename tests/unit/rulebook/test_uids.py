"""`remap uids` by the rows of the language's small print."""

import os
import subprocess
import sys

import pytest

from dicomrules.functions.identity import keyed_uid, uid_under
from tests.unit.engine.make import CT, dataset, with_items
from tests.unit.rulebook.whole import SALT, codes, hit, leaving, rule, run


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


def test_a_uid_is_mapped_under_whatever_vr_a_device_has_written_it() -> None:
    made = dataset()
    made.ReferencedStudySequence = with_items({})
    made.ReferencedStudySequence[0].add_new(0x00081155, "SH", "1.2.3.4")
    item = run(rule("remap uids with salt"), made).leaves.ReferencedStudySequence[0]
    assert (item.ReferencedSOPInstanceUID, item[0x00081155].VR) == (keyed_uid("1.2.3.4", SALT), "UI")


def test_an_unknown_secret_is_reported() -> None:
    assert codes(rule("remap uids with slat")) == {"DR107"}


def test_explain_shows_uids_before_and_after() -> None:
    result = run(rule("remap uids with salt"), dataset())
    changes = {change.path: (change.before, change.after) for change in hit(result).changes}
    assert changes["StudyInstanceUID"] == ("1.2.3", keyed_uid("1.2.3", SALT))


@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_i13_every_uid_gets_one_of_its_own_that_is_a_uid(count: int) -> None:
    made = {keyed_uid(f"1.2.840.10008.{number}", SALT) for number in range(count)}
    assert len(made) == count
    assert max(map(len, made)) <= 64
    assert all(one.startswith("2.25.") and one[5:].isdecimal() and one[5] != "0" for one in made)
    longest = "1.2.840.113619." + "9" * 25
    under = {uid_under(longest, f"1.2.{number}", SALT) for number in range(count // 10)}
    assert len(under) == count // 10
    assert {len(one) for one in under} == {64}


def test_i13_another_machine_makes_the_same_uids_of_the_same_secret() -> None:
    """In another process, whose hashes of Python's own are others."""
    uids = [f"1.2.3.{number}" for number in range(1000)]
    script = (
        "import sys; from dicomrules.functions.identity import keyed_uid\n"
        "for one in sys.argv[2:]: print(keyed_uid(one, sys.argv[1]))"
    )
    elsewhere = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", script, SALT, *uids], capture_output=True, text=True, env=elsewhere, check=True
    )
    assert done.stdout.split() == [keyed_uid(uid, SALT) for uid in uids]


def test_i13_what_refers_to_an_object_inside_sequences_finds_it_again() -> None:
    reference = with_items(
        {"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": "1.2.3.4"}
    )
    series = with_items({"SeriesInstanceUID": "1.2.3.1", "ReferencedImageSequence": reference})
    made = dataset(SOPInstanceUID="1.2.9.9", ReferencedSeriesSequence=series)
    structure, image = run(rule("remap uids with salt"), made), run(rule("remap uids with salt"), dataset())
    (referenced,) = leaving(made, structure.decision.variants[0].patch).ReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == image.value("SeriesInstanceUID")
    assert referenced.ReferencedImageSequence[0].ReferencedSOPInstanceUID == image.value("SOPInstanceUID")
    assert referenced.ReferencedImageSequence[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
