"""What the rules of a site say, done once more with pydicom alone: no code of the gateway has a part in it."""

from collections.abc import Callable
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset


def rewritten(received: bytes, change: Callable[[Dataset], None]) -> bytes:
    """The data set (Explicit VR Little Endian) after `change`, as pydicom writes it."""
    one = pydicom.dcmread(BytesIO(received), force=True)
    change(one)
    written = BytesIO()
    pydicom.dcmwrite(written, one, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return written.getvalue()


def site_a(one: Dataset) -> None:
    """`tests/faults/site/site.rules`."""
    one.PatientID = f"SITEA-{one.PatientID}"
    one.IssuerOfPatientID = "SITE_A"


def site_b(one: Dataset) -> None:
    """The same after the issuer was changed there."""
    site_a(one)
    one.IssuerOfPatientID = "SITE_B"


def crashes(one: Dataset) -> None:
    """`tests/faults/crashes/site/site.rules`, for what it sends."""
    site_a(one)
    one.PatientBirthDate = ""
    del one.OtherPatientIDs
