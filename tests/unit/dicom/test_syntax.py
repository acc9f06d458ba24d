"""Facts of transfer syntaxes."""

import pytest

from dicomrules.dicom import syntax

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"


def test_only_two_transfer_syntaxes_are_not_explicit_little_endian() -> None:
    assert syntax.encoding_of("1.2.840.10008.1.2") == syntax.IMPLICIT_LITTLE
    assert syntax.encoding_of("1.2.840.10008.1.2.2") == syntax.EXPLICIT_BIG
    for other in ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", JPEG_BASELINE, "1.2.3.4"):
        assert syntax.encoding_of(other) == syntax.EXPLICIT_LITTLE


def test_deflated_ones_are_inflated_first() -> None:
    assert syntax.is_deflated("1.2.840.10008.1.2.1.99")
    assert not syntax.is_deflated("1.2.840.10008.1.2.1")
    assert not syntax.is_deflated("1.2.840.10008.1.2.8.1"), "deflated frames are fragments, not a deflated data set"


@pytest.mark.parametrize(
    ("uid", "encapsulated"),
    [
        ("1.2.840.10008.1.2", False),
        ("1.2.840.10008.1.2.1", False),
        ("1.2.840.10008.1.2.2", False),
        ("1.2.840.10008.1.2.1.99", False),
        ("1.2.840.10008.1.2.4.94", False),
        ("1.2.840.10008.1.2.1.98", True),
        ("1.2.840.10008.1.2.8.1", True),
        (JPEG_BASELINE, True),
        ("1.2.840.10008.1.2.5", True),
    ],
)
def test_encapsulated_ones_are_known(uid: str, encapsulated: bool) -> None:
    assert syntax.is_encapsulated(uid) is encapsulated
