"""The corpora of the benchmark, made from real headers: CT slices of half a megabyte, tiny objects, large ones."""

from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

ROWS = 512
SLICES_IN_A_SERIES = 100


def ct_slices(folder: Path, count: int) -> list[Path]:
    """(a) `count` files of about 0.53 MB; what lies in the folder from an earlier run is used again."""
    return _series(folder, count, ROWS * ROWS * 2)


def tiny(folder: Path, count: int) -> list[Path]:
    """(b) The same headers with hardly any pixels: 12 KB."""
    return _series(folder, count, 8 * 1024)


def of_size(folder: Path, count: int, size: int) -> list[Path]:
    """Objects whose pixels take `size` bytes."""
    return _series(folder, count, size)


def _series(folder: Path, count: int, pixels: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:05d}.dcm" for number in range(count)]
    if all(file.exists() for file in files):
        return files
    slice_ = _template(pixels)
    for number, file in enumerate(files):
        if number % SLICES_IN_A_SERIES == 0:
            slice_.StudyInstanceUID, slice_.SeriesInstanceUID = generate_uid(), generate_uid()
            slice_.AccessionNumber = f"ACC{number // SLICES_IN_A_SERIES:05d}"
        slice_.SOPInstanceUID = slice_.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        slice_.InstanceNumber = number % SLICES_IN_A_SERIES + 1
        slice_.save_as(file)
    return files


def _template(pixels: int) -> pydicom.FileDataset:
    """A CT of the package pydicom with a matrix of its own and the sequences a modality writes."""
    slice_ = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    small = slice_.PixelData
    slice_.Rows = slice_.Columns = ROWS
    slice_.PixelData = (small * (pixels // len(small) + 1))[:pixels]
    request = Dataset()
    request.RequestedProcedureID = "RP1"
    request.ScheduledProcedureStepID = "SPS1"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CTCHEST", "99LOCAL", "CT chest"
    slice_.RequestAttributesSequence = Sequence([request])
    slice_.ProcedureCodeSequence = Sequence([code])
    slice_.Modality, slice_.BodyPartExamined, slice_.PatientID = "CT", "CHEST", "4711"
    return slice_
