"""The data sets of storage commitment, beside pydicom."""

import io

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from dicomrules.dicom import commitment
from dicomrules.dicom.commitment import Failure, Reference, Report, Request
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.syntax import IMPLICIT_VR_LITTLE_ENDIAN

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
REFERENCES = (Reference(CT, "1.2.3"), Reference(MR, "1.2.34"))


def written(data: Dataset, syntax: str) -> bytes:
    """The data set as pydicom writes it."""
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, syntax == IMPLICIT_VR_LITTLE_ENDIAN
    write_dataset(out, data)
    return out.getvalue()


def item(reference: Reference, reason: int | None = None) -> Dataset:
    one = Dataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = reference
    if reason is not None:
        one.FailureReason = reason
    return one


@pytest.mark.parametrize("syntax", commitment.SYNTAXES)
def test_what_pydicom_writes_is_read(syntax: str) -> None:
    data = Dataset()
    data.TransactionUID = "1.2.3.4"
    data.RetrieveAETitle = "ARCHIVE"
    data.ReferencedSOPSequence = [item(one) for one in REFERENCES]
    data["ReferencedSOPSequence"].is_undefined_length = True
    assert commitment.read_request(written(data, syntax), syntax) == Request("1.2.3.4", REFERENCES)
    data.FailedSOPSequence = [item(REFERENCES[0], 0x0213), item(REFERENCES[1])]
    report = commitment.read_report(written(data, syntax), syntax)
    assert report.failed == (Failure(REFERENCES[0], 0x0213), Failure(REFERENCES[1], 0x0110))
    assert (report.committed, report.event_type) == (REFERENCES, 2)


@pytest.mark.parametrize("syntax", commitment.SYNTAXES)
def test_what_is_written_pydicom_reads(syntax: str) -> None:
    report = Report("1.2.3.4", REFERENCES, (Failure(Reference(CT, "1.2.3.456"), 0x0112),))
    encoded = commitment.write_report(report, syntax)
    read = read_dataset(io.BytesIO(encoded), syntax == IMPLICIT_VR_LITTLE_ENDIAN, True)
    assert read.TransactionUID == "1.2.3.4"
    assert [one.ReferencedSOPInstanceUID for one in read.ReferencedSOPSequence] == ["1.2.3", "1.2.34"]
    assert [(one.ReferencedSOPInstanceUID, one.FailureReason) for one in read.FailedSOPSequence] == [("1.2.3.456", 274)]
    assert commitment.read_report(encoded, syntax) == report
    request = Request("1.2.3.4", REFERENCES)
    assert commitment.read_request(commitment.write_request(request, syntax), syntax) == request


def test_a_report_without_failures_is_event_type_1() -> None:
    assert Report("1.2", REFERENCES).event_type == 1


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_cut_data_set_is_refused(cut: int) -> None:
    whole = commitment.write_request(Request("1.2.3.4", REFERENCES), commitment.SYNTAXES[0])
    with pytest.raises(MalformedDataSet):
        commitment.read_request(whole[:-cut], commitment.SYNTAXES[0])


@pytest.mark.parametrize(
    ("transaction", "references"),
    [("", REFERENCES), ("no uid", REFERENCES), ("1.2", ()), ("1.2", (Reference(CT, "../etc"),))],
)
def test_what_lacks_a_uid_or_has_none_to_ask_about_is_refused(transaction: str, references: tuple[Reference]) -> None:
    encoded = commitment.write_request(Request(transaction, references), commitment.SYNTAXES[0])
    with pytest.raises(MalformedDataSet):
        commitment.read_request(encoded, commitment.SYNTAXES[0])


def test_a_list_over_the_cap_is_too_much() -> None:
    many = tuple(Reference(CT, f"1.2.{number}") for number in range(commitment.MOST_REFERENCES + 1))
    encoded = commitment.write_request(Request("1.2.3", many), commitment.SYNTAXES[0])
    with pytest.raises(commitment.TooMuch):
        commitment.read_request(encoded, commitment.SYNTAXES[0])
    with pytest.raises(commitment.TooMuch):
        commitment.read_request(bytes(commitment.MOST_BYTES + 1), commitment.SYNTAXES[0])
