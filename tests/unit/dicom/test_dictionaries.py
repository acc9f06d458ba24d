"""The dictionaries of pydicom, read without pydicom."""

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._private_dict import private_dictionaries
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import mask_match

from dicomrules.dicom import dictionaries, tags


def test_they_are_pydicoms() -> None:
    assert DicomDictionary == dictionaries.ATTRIBUTES
    assert RepeatersDictionary == dictionaries.REPEATING
    assert dictionaries.UIDS.items() <= UID_dictionary.items()  # pynetdicom, in other tests, adds to pydicom's
    assert len(dictionaries.UIDS) > 450
    assert private_dictionaries == dictionaries.PRIVATE


def test_repeating_groups_are_found_as_pydicom_finds_them() -> None:
    for written in RepeatersDictionary:
        for digit in "02E":
            tag = int(written.replace("x", digit), 16)
            if tag not in DicomDictionary:
                mask = mask_match(tag)
                assert mask is not None
                assert tags.keyword_of(tag) == RepeatersDictionary[mask][4]
