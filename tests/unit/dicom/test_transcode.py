"""Pixels coded anew: what can be without loss is bit for bit the same, as pydicom decodes it; what is lost is said."""

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from dicomrules.dicom.coders import (
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LS_LOSSLESS,
    JPEG_LS_NEAR_LOSSLESS,
    RLE_LOSSLESS,
    can_encode,
    missing,
    quality_of,
)
from dicomrules.dicom.part10 import plain_head, read_head
from dicomrules.dicom.pixels import Uncodable
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.transcode import Wish, transcode
from tests.objects import ct, data_set_bytes

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
LOSSLESS = (JPEG_2000_LOSSLESS, JPEG_LS_LOSSLESS, RLE_LOSSLESS, EXPLICIT)
REAL = (
    "CT_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "OBXXXX1A_expb.dcm",  # 8 bits in words of 16, big endian
    "SC_rgb.dcm",
    "SC_rgb_gdcm_KY.dcm",
    "emri_small_RLE.dcm",  # ten frames
    "JPEG2000.dcm",
    "JPEG-LL.dcm",
    "SC_rgb_rle_2frame.dcm",
)


def _parts(raw: bytes) -> tuple[bytes, str]:
    head = read_head(MemoryBytes(raw))
    return raw[head.dataset_start :], head.transfer_syntax


def coded(data_set: bytes, is_in: str, wish: Wish) -> Any:
    with tempfile.TemporaryFile() as scratch:
        made = transcode(MemoryBytes(data_set), is_in, wish, scratch)
        out = b"".join(map(bytes, made.pieces))
    file = plain_head(("1.2.840.10008.5.1.4.1.1.2", made.sop_instance), wish.transfer_syntax) + out
    return pydicom.dcmread(io.BytesIO(file))


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("target", LOSSLESS)
@pytest.mark.filterwarnings("ignore")
def test_without_loss_every_pixel_is_what_pydicom_decodes(name: str, target: str) -> None:
    path = get_testdata_file(name)
    if path is None:
        pytest.skip(f"{name} is not among the files of pydicom")
    before = pydicom.dcmread(str(path))
    is_in = str(before.file_meta.TransferSyntaxUID)
    if is_in == target:
        pytest.skip("it is in that transfer syntax already")
    data_set, _ = _parts(Path(str(path)).read_bytes())
    lossy_jpeg = is_in in (JPEG_BASELINE, "1.2.840.10008.1.2.4.51") and before.SamplesPerPixel == 3
    pixels = pydicom.pixels.pixel_array(before, raw=not lossy_jpeg)
    after = coded(data_set, is_in, Wish(target))
    assert np.array_equal(pydicom.pixels.pixel_array(after, raw=True), pixels)
    described = {"PixelData", "PhotometricInterpretation", "PlanarConfiguration"}
    swapped = is_in == "1.2.840.10008.1.2.2"  # values of OW are other bytes there
    for element in before:
        if element.keyword not in described and not element.tag.is_private and element.tag.element:
            same = after[element.tag] == element or after[element.tag].VR == "UN"
            assert same or (swapped and element.VR == "OW"), element.keyword
    assert after.SOPInstanceUID == before.SOPInstanceUID


def test_i14_untouched_elements_are_the_very_bytes() -> None:
    plain = data_set_bytes(ct(64), EXPLICIT)
    with tempfile.TemporaryFile() as scratch:
        out = b"".join(map(bytes, transcode(MemoryBytes(plain), EXPLICIT, Wish(JPEG_2000_LOSSLESS), scratch).pieces))
    at = plain.index(b"\xe0\x7f\x10\x00")
    assert out[:at] == plain[:at]


def test_elements_behind_the_pixels_stay_behind_them() -> None:
    data_set = ct(16)
    data_set.add_new(0xFFFCFFFC, "OB", b"\0\0\0\0")
    for syntax in (EXPLICIT, IMPLICIT):
        after = coded(data_set_bytes(data_set, syntax), syntax, Wish(RLE_LOSSLESS))
        assert [element.tag for element in after][-2:] == [0x7FE00010, 0xFFFCFFFC]


@pytest.mark.parametrize(("compressed", "target"), [(True, RLE_LOSSLESS), (True, EXPLICIT), (False, RLE_LOSSLESS)])
def test_an_icon_does_not_stay_in_the_compression_that_the_pixels_were_in(compressed: bool, target: str) -> None:
    before = pydicom.dcmread(str(get_testdata_file("JPEG-LL.dcm")))
    icon = ct(16)
    icon.PixelData = before.PixelData if compressed else icon.PixelData
    icon["PixelData"].is_undefined_length = compressed
    before.IconImageSequence = [icon]
    is_in = str(before.file_meta.TransferSyntaxUID)
    assert ("IconImageSequence" in coded(data_set_bytes(before, EXPLICIT), is_in, Wish(target))) is not compressed


def _colour() -> Dataset:
    data_set = ct(32)
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation, data_set.PlanarConfiguration = 3, "RGB", 1
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit = 8, 8, 7
    data_set.PixelData = bytes(range(256)) * 12
    data_set["PixelData"].VR = "OB"
    return data_set


@pytest.mark.parametrize(
    ("target", "method"),
    [(JPEG_BASELINE, "ISO_10918_1"), (JPEG_2000, "ISO_15444_1"), (JPEG_LS_NEAR_LOSSLESS, "ISO_14495_1")],
)
def test_s62_a_loss_is_said_with_ratio_method_and_a_new_instance(target: str, method: str) -> None:
    before = _colour()
    before.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    before.LossyImageCompression = "01"
    before.LossyImageCompressionRatio = "3.5"
    before.LossyImageCompressionMethod = "ISO_10918_1"
    first, second = (coded(data_set_bytes(before, EXPLICIT), EXPLICIT, Wish(target, 80)) for _ in range(2))
    assert list(first.ImageType) == ["DERIVED", "PRIMARY", "OTHER"]
    assert first.LossyImageCompression == "01"
    assert list(first.LossyImageCompressionMethod) == ["ISO_10918_1", method]
    earlier, ratio = first.LossyImageCompressionRatio
    assert (earlier, ratio > 1) == (3.5, True)
    assert first.SOPInstanceUID != before.SOPInstanceUID
    assert first.SOPInstanceUID == second.SOPInstanceUID == first.file_meta.MediaStorageSOPInstanceUID
    other = coded(data_set_bytes(before, EXPLICIT), EXPLICIT, Wish(target, 70))
    assert other.SOPInstanceUID != first.SOPInstanceUID


def test_s62_jpeg_2000_without_a_quality_loses_nothing_and_says_nothing() -> None:
    assert quality_of(JPEG_2000, None) is None
    after = coded(data_set_bytes(_colour(), EXPLICIT), EXPLICIT, Wish(JPEG_2000))
    assert after.PhotometricInterpretation == "YBR_RCT"
    assert "LossyImageCompression" not in after
    assert after.ImageType[0] == "ORIGINAL"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Rows": 65535, "Columns": 65535}, "larger than any"),
        ({"NumberOfFrames": 4_000_000}, "shorter than"),
        ({"Rows": 0}, "missing or zero"),
        ({"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}, "not coded here"),
        ({"HighBit": 15}, "High Bit"),
    ],
)
def test_p02_dimensions_are_judged_before_anything_is_decoded(change: dict[str, int], words: str) -> None:
    data_set = ct(16)
    for keyword, value in change.items():
        setattr(data_set, keyword, value)
    with pytest.raises(Uncodable, match=words):
        coded(data_set_bytes(data_set, EXPLICIT), EXPLICIT, Wish(JPEG_2000_LOSSLESS))


def test_twelve_bits_are_not_forced_into_eight() -> None:
    with pytest.raises(Uncodable, match="8 bits"):
        coded(data_set_bytes(ct(16), EXPLICIT), EXPLICIT, Wish(JPEG_BASELINE, 90))


def test_what_there_is_no_coder_for_is_known_beforehand() -> None:
    assert missing(JPEG_2000_LOSSLESS) == ()
    assert not can_encode("1.2.840.10008.1.2.4.201")  # HTJ2K
    assert not can_encode(IMPLICIT)  # which is no compression


@pytest.mark.parametrize("target", [JPEG_2000, JPEG_BASELINE, JPEG_LS_NEAR_LOSSLESS])
def test_numbers_of_a_palette_bear_no_loss_whatever_the_coder(target: str) -> None:
    """PS3.3 C.7.6.3.1.2: a number that is a little off is another colour."""
    data_set, is_in = _parts(Path(str(get_testdata_file("OBXXXX1A.dcm"))).read_bytes())
    with pytest.raises(Uncodable, match="palette"):
        coded(data_set, is_in, Wish(target, 90))
    assert coded(data_set, is_in, Wish(JPEG_2000_LOSSLESS)).PhotometricInterpretation == "PALETTE COLOR"


def test_jpeg_extended_with_12_bits_says_why_it_is_not_decoded() -> None:
    data_set, is_in = _parts(Path(str(get_testdata_file("JPEG-lossy.dcm"))).read_bytes())
    with pytest.raises(Uncodable, match="12 bits is decoded by nothing here: it can only leave as it came"):
        coded(data_set, is_in, Wish(EXPLICIT))
