"""Groups of SOP classes have the members that their names promise."""

import pytest

from dicomrules.dicom.classes import GROUPS, TRANSFER_SYNTAXES, name_of, uid_from
from dicomrules.dicom.uids import is_storage_class


@pytest.mark.parametrize(
    ("group", "inside", "outside"),
    [
        ("all storage", ("CTImageStorage", "RTPlanStorage", "EncapsulatedPDFStorage"), ("Verification",)),
        ("images", ("CTImageStorage", "VideoEndoscopicImageStorage", "RTImageStorage"), ("RTDoseStorage",)),
        ("structured reports", ("BasicTextSRStorage", "KeyObjectSelectionDocumentStorage"), ("CTImageStorage",)),
        ("presentation states", ("GrayscaleSoftcopyPresentationStateStorage",), ("HangingProtocolStorage",)),
        ("waveforms", ("TwelveLeadECGWaveformStorage",), ("WaveformAnnotationSRStorage",)),
        ("radiotherapy", ("RTPlanStorage", "RoboticArmRadiationStorage"), ("XRayRadiationDoseSRStorage",)),
        ("encapsulated documents", ("EncapsulatedPDFStorage",), ("CTImageStorage",)),
    ],
)
def test_a_group_has_what_its_name_says(group: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    assert {uid_from(keyword) for keyword in inside} <= set(GROUPS[group])
    assert not {uid_from(keyword) for keyword in outside} & set(GROUPS[group])
    assert all(is_storage_class(uid) for uid in GROUPS[group])


def test_all_storage_has_the_classes_that_are_newer_than_the_dictionary() -> None:
    assert "1.2.840.10008.5.1.4.1.1.66.7" in GROUPS["all storage"]


def test_names_and_uids_stand_for_one_another() -> None:
    assert uid_from("JPEGBaseline8Bit") == "1.2.840.10008.1.2.4.50"
    assert uid_from("1.2.3") == "1.2.3"
    assert name_of("1.2.3") == "1.2.3"
    assert all(uid_from(name_of(uid)) == uid for uid in (*GROUPS["all storage"], *TRANSFER_SYNTAXES))
