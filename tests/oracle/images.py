"""Images that say whose they are twice: in the header, and as a watermark in the pixels, which no rule touches."""

import hashlib
import struct
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage

WATERMARK_BYTES = 400  # within which patient and UID stand at the beginning of the pixels


def image(patient: str, number: int, size: int) -> tuple[str, bytes]:
    """SOP Instance UID and data set (Explicit VR Little Endian) of a small CT; the same for the same arguments."""
    uid = uid_of(patient, number)
    one = Dataset()
    one.file_meta = FileMetaDataset()
    one.SpecificCharacterSet = "ISO_IR 192"
    one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, uid
    one.Modality, one.PatientID, one.PatientName = "CT", patient, f"Watermark^{patient}"
    one.PatientBirthDate, one.OtherPatientIDs = "19700101", f"{patient}-OLD"
    one.StudyInstanceUID, one.SeriesInstanceUID = uid_of(patient, "study"), uid_of(patient, "series")
    one.InstanceNumber = number
    one.Rows = one.Columns = 16
    one.BitsAllocated, one.BitsStored, one.HighBit, one.SamplesPerPixel = 8, 8, 7, 1
    one.PixelRepresentation, one.PhotometricInterpretation = 0, "MONOCHROME2"
    mark = f"{patient}|{uid}|".encode()
    one.add_new(0x7FE00010, "OB", (mark * (size // len(mark) + 1))[: size - size % 2])
    written = BytesIO()
    pydicom.dcmwrite(written, one, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return uid, written.getvalue()


def patient_in_pixels(data_set: bytes) -> tuple[str, str]:
    """The watermark: patient and SOP Instance UID as the pixels say."""
    at = data_set.rindex(struct.pack("<HH", 0x7FE0, 0x0010)) + 12
    patient, uid, _ = data_set[at : at + WATERMARK_BYTES].split(b"|", 2)
    return patient.decode(), uid.decode()


def uid_of(patient: str, what: object) -> str:
    """The UID of a patient's image with this number, or of the study."""
    digest = hashlib.sha256(f"{patient}|{what}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:12], 'big')}"
