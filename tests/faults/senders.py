"""Senders that survive the death of the gateway: they say what was acknowledged, and go on when it is back."""

import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from dicomrules.net.association import Association, Target
from dicomrules.net.failures import AssociationError
from dicomrules.wire.associate import ProposedContext


def image(patient: str, number: int, size: int) -> tuple[str, bytes]:
    """SOP Instance UID and data set of a small CT whose pixels carry the patient's id as a watermark."""
    uid = f"2.25.{abs(hash((patient, number))) % 10**30}{number}"
    one = Dataset()
    one.file_meta = FileMetaDataset()
    one.SpecificCharacterSet = "ISO_IR 192"
    one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, uid
    one.Modality, one.PatientID, one.PatientName = "CT", patient, f"Watermark^{patient}"
    one.StudyInstanceUID, one.SeriesInstanceUID = (
        f"2.25.1{abs(hash(patient)) % 10**20}",
        f"2.25.2{abs(hash(patient)) % 10**20}",
    )
    one.InstanceNumber = number
    one.Rows = one.Columns = 16
    one.BitsAllocated, one.BitsStored, one.HighBit, one.SamplesPerPixel = 8, 8, 7, 1
    one.PixelRepresentation, one.PhotometricInterpretation = 0, "MONOCHROME2"
    mark = f"{patient}|{uid}|".encode()
    one.add_new(0x7FE00010, "OB", (mark * (size // len(mark) + 1))[: size - size % 2])
    written = BytesIO()
    pydicom.dcmwrite(written, one, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return uid, written.getvalue()


@dataclass
class Sender(threading.Thread):
    """Sends one image after the other, each again until it is acknowledged, over an association that it opens anew."""

    port: int
    patient: str
    size: int = 2000
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    refused: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            with suppress(AssociationError), self._association() as association:
                while not self.stopping.is_set():
                    uid, data = image(self.patient, number, self.size)
                    exchange = association.store(association.contexts[0], CTImageStorage, uid, _windows(data))
                    assert exchange.response is not None
                    if exchange.response["Status"] == 0:
                        self.acknowledged[uid] = data
                        number += 1
                    else:
                        self.refused += 1
                        time.sleep(0.05)
            time.sleep(0.02)

    def _association(self) -> Association:
        target = Target("127.0.0.1", self.port, "DICOMRULES", f"CT_{self.patient[-1]}", connect=5.0, response=20.0)
        return Association(target, [ProposedContext(1, CTImageStorage, (ExplicitVRLittleEndian,))])


def _windows(data: bytes) -> Iterator[tuple[memoryview, bool]]:
    yield memoryview(data), True


def patient_in_pixels(data_set: bytes) -> tuple[str, str]:
    """The watermark: patient and SOP Instance UID as the pixels say."""
    at = data_set.rindex(struct.pack("<HH", 0x7FE0, 0x0010)) + 12
    patient, uid, _ = data_set[at : at + 400].split(b"|", 2)
    return patient.decode(), uid.decode()
