"""Association settings: names made into UIDs, the first entry that fits, and what is wrong with them."""

import pytest

from dicomrules.dicom.classes import GROUPS
from dicomrules.dicom.uids import uid_of
from dicomrules.model.destination import DicomDestination
from dicomrules.model.receiver import DicomReceiver
from dicomrules.model.terms import terms_for

from .gateways import WHOLE, bent, found, settings

CT, MR, VERIFICATION = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.1"
IMPLICIT, EXPLICIT, JPEG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"

OUT = '  - {calling: DICOMRULES, called: "*", classes: {all storage: any}}\n'
PAIRS = (
    WHOLE
    + """\
contexts:
  - calling: CT_A1
    called: DICOMRULES
    max_pdu: 64KB
    classes:
      CTImageStorage: [JPEGBaseline8Bit, ImplicitVRLittleEndian]
      images: [ExplicitVRLittleEndian]
      Verification: any
      "1.2.3.4": ["1.2.3.5"]
"""
    + OUT
)


def _with(entry: str) -> str:
    return f"{WHOLE}contexts:\n{OUT}  - {entry}\n"


def test_an_entry_has_uids_and_a_class_comes_before_its_group() -> None:
    (first, _) = settings(PAIRS).contexts or ()
    assert first.max_pdu == 64 * 1024
    assert first.classes[CT] == (JPEG, IMPLICIT)
    assert first.classes[MR] == (EXPLICIT,)
    assert first.classes[VERIFICATION] is None
    assert first.classes["1.2.3.4"] == ("1.2.3.5",)
    assert set(first.classes) == {*GROUPS["images"], VERIFICATION, "1.2.3.4"}


def test_of_two_groups_the_first_counts() -> None:
    entry = '{calling: "*", called: "*", classes: {radiotherapy: [ImplicitVRLittleEndian], images: any}}'
    terms = terms_for(settings(_with(entry)).contexts or (), "X", "Y")
    assert terms is not None
    assert terms.classes[uid_of("RTImageStorage") or ""] == (IMPLICIT,)
    assert terms.classes[CT] is None


def test_receivers_have_all_entries_and_destinations_the_one_of_their_pair() -> None:
    read = settings(PAIRS)
    (receiver,) = (each for each in read.receivers if isinstance(each, DicomReceiver))
    (pacs,) = (each for each in read.destinations if isinstance(each, DicomDestination))
    assert receiver.contexts == read.contexts
    assert pacs.terms is not None
    assert pacs.terms.calling == "DICOMRULES"
    assert pacs.terms.called == "*"


def test_without_contexts_nothing_is_said() -> None:
    read = settings(WHOLE)
    assert read.contexts is None
    assert all(each.terms is None for each in read.destinations if isinstance(each, DicomDestination))


def test_the_transfer_syntaxes_of_a_destination_are_uids_in_their_order() -> None:
    text = bent("port: 4242}", "port: 4242, transfer_syntaxes: [ImplicitVRLittleEndian, '1.2.840.10008.1.2.1']}")
    (pacs,) = (each for each in settings(text).destinations if isinstance(each, DicomDestination))
    assert pacs.transfer_syntaxes == (IMPLICIT, EXPLICIT)
    assert "transfer_syntaxes" not in WHOLE
    (pacs,) = (each for each in settings(WHOLE).destinations if isinstance(each, DicomDestination))
    assert pacs.transfer_syntaxes == ()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('{calling: A, called: "*", classes: {CTImageStorage: any}}', []),
        ('{calling: A, called: "*", classes: {StorageCommitmentPushModel: any}}', []),
        ('{calling: A, called: "*", classes: {CTImageStorag: any}}', [("DR720", 18, "CTImageStorag")]),
        ('{calling: A, called: "*", classes: {All Storage: any}}', [("DR720", 18, "All Storage")]),
        ("{calling: A, called: B, classes: {images: [JPEG2000x]}}", [("DR720", 18, "JPEG2000x")]),
        ("{calling: A, called: B, classes: {images: [CTImageStorage]}}", [("DR720", 18, "CTImageStorage")]),
        ("{calling: A, called: B, classes: {images: [XMLEncoding]}}", [("DR720", 18, "XMLEncoding")]),
        ("{calling: A, called: B, classes: {JPEG2000: any}}", [("DR720", 18, "JPEG2000")]),
        ("{calling: DICOMRULES, called: X, classes: {images: any}}", [("DR722", 18, "DICOMRULES")]),
        ("{calling: A, called: B, max_pdu: 2MB, classes: {images: any}}", [("DR706", 18, "2MB")]),
        ("{calling: A, called: B, classes: {images: []}}", [("DR706", 18, "[]")]),
        ("{calling: A, called: B, classes: {images: all}}", [("DR706", 18, "all")]),
        ("{calling: A, called: B}", [("DR705", 16, "contexts")]),
    ],
)
def test_a_finding_points_at_what_does_not_fit(entry: str, expected: list[tuple[str, int, str]]) -> None:
    assert found(_with(entry)) == expected


def test_a_destination_that_nothing_may_be_proposed_to_is_a_finding() -> None:
    assert found(f"{WHOLE}contexts: [{{calling: A, called: B, classes: {{images: any}}}}]\n") == [("DR721", 12, "pacs")]
    assert found(f'{WHOLE}contexts: [{{calling: "*", called: "*", classes: {{Verification: any}}}}]\n') == [
        ("DR721", 12, "pacs")
    ]


def test_a_destination_that_could_never_be_asked_for_commitment_is_a_finding() -> None:
    asking = bent("port: 4242}", "port: 4242, commitment: yes}")
    entry = 'contexts: [{{calling: "*", called: "*", classes: {{all storage: any{more}}}}}]\n'
    (finding,) = found(asking + entry.format(more=""))
    assert (finding[0], finding[2]) == ("DR721", "yes")
    assert found(asking + entry.format(more=", StorageCommitmentPushModel: any")) == []
