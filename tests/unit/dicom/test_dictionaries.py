"""The dictionaries of pydicom, read without pydicom."""

import subprocess
import sys

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._private_dict import private_dictionaries
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import mask_match

from dicomrules.dicom import dictionaries, tags

SERVES = ("cli.serve", "service.gateway", "service.intake", "service.delivery", "service.watch")
HEAVY = ("pydicom", "numpy", "PIL", "gdcm", "pylibjpeg", "openjpeg", "requests", "cryptography")


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


def test_a_gateway_loads_neither_pydicom_nor_what_codes_pixels() -> None:
    """They cost each of its processes 40 MB and each start 1.5 s; pixels are coded by processes apart."""
    loads = "; ".join(f"import dicomrules.{name}" for name in SERVES)
    tells = f"import sys; print(*({set(HEAVY)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", f"{loads}; {tells}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
