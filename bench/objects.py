"""The corpus of the benchmark: CT slices of half a megabyte, made from a real CT header."""

from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

ROWS = 512
SLICES_IN_A_SERIES = 100


def ct_slices(folder: Path, count: int) -> list[Path]:
    """`count` files of about 0.53 MB; what lies in the folder from an earlier run is used again."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number:05d}.dcm" for number in range(count)]
    missing = [file for file in files if not file.exists()]
    if missing:
        slice_ = _template()
        for number, file in enumerate(files):
            if number % SLICES_IN_A_SERIES == 0:
                slice_.StudyInstanceUID, slice_.SeriesInstanceUID = generate_uid(), generate_uid()
                slice_.AccessionNumber = f"ACC{number // SLICES_IN_A_SERIES:05d}"
            slice_.SOPInstanceUID = slice_.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            slice_.InstanceNumber = number % SLICES_IN_A_SERIES + 1
            slice_.save_as(file)
    return files


def _template() -> pydicom.FileDataset:
    """A CT of the package pydicom with a full-sized matrix and the sequences a modality writes."""
    slice_ = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    small = slice_.PixelData
    slice_.Rows = slice_.Columns = ROWS
    slice_.PixelData = (small * (ROWS * ROWS * 2 // len(small) + 1))[: ROWS * ROWS * 2]
    request = Dataset()
    request.RequestedProcedureID = "RP1"
    request.ScheduledProcedureStepID = "SPS1"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CTCHEST", "99LOCAL", "CT chest"
    slice_.RequestAttributesSequence = Sequence([request])
    slice_.ProcedureCodeSequence = Sequence([code])
    slice_.Modality, slice_.BodyPartExamined, slice_.PatientID = "CT", "CHEST", "4711"
    return slice_
