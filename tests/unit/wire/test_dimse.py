"""Command sets against pydicom's reading and writing, and as a peer might spoil them."""

import contextlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from dicomrules.wire import dimse
from dicomrules.wire.errors import Malformed

from .worlds import CT

RQ = dimse.store_request(65535, CT, "1.2.3.4", priority=2)


def test_a_store_request_reads_as_pydicom_reads_it():
    dataset = read_dataset(BytesIO(dimse.encode(RQ)), True, True)
    assert dataset.CommandGroupLength == len(dimse.encode(RQ)) - 12
    assert {element.keyword: element.value for element in dataset if element.tag != 0} == RQ


def test_a_response_of_pydicom_is_read_with_all_its_fields():
    dataset = Dataset()
    dataset.AffectedSOPClassUID = CT
    dataset.CommandField = 0x8001
    dataset.MessageIDBeingRespondedTo = 7
    dataset.CommandDataSetType = 0x0101
    dataset.Status = 0xC000
    dataset.OffendingElement = [0x00100020, 0x7FE00010]
    dataset.ErrorComment = "cut short"
    dataset.AffectedSOPInstanceUID = "1.2.3"
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, True
    write_dataset(stream, dataset)
    assert dimse.decode(stream.getvalue()) == {
        "AffectedSOPClassUID": CT,
        "CommandField": 0x8001,
        "MessageIDBeingRespondedTo": 7,
        "CommandDataSetType": 0x0101,
        "Status": 0xC000,
        "OffendingElement": "(0010,0020)\\(7FE0,0010)",
        "ErrorComment": "cut short",
        "AffectedSOPInstanceUID": "1.2.3",
    }


def test_a_response_answers_its_request():
    answer = dimse.response(RQ, 0xA900, "x" * 70, "(0008,0018)")
    assert answer["CommandField"] == 0x8001
    assert answer["MessageIDBeingRespondedTo"] == 65535
    assert answer["AffectedSOPInstanceUID"] == "1.2.3.4"
    assert len(str(answer["ErrorComment"])) == 64
    assert dimse.decode(dimse.encode(answer)) == answer


def test_a_response_to_a_request_without_message_id_is_still_one():
    assert dimse.response({"CommandField": 0x7777}, 0x0211)["CommandField"] == 0xF777


@pytest.mark.parametrize(
    "broken",
    [
        b"\0\0\0\1",
        dimse.encode(RQ)[:-1],
        dimse.encode(RQ) + dimse.encode(RQ),
        dimse.encode({**RQ, "MessageID": 1}).replace(b"\x10\x01\x02\0\0\0\1\0", b"\x10\x01\x03\0\0\0\1\0\0"),
        b"\x08\0\x18\0\2\0\0\x001\0",
        dimse.encode({"MessageID": 1}),
        dimse.encode(RQ).replace(b"1.2.840", b"1.\xff.840"),
    ],
    ids=["cut_head", "cut_value", "out_of_order", "us_of_3_bytes", "another_group", "no_field", "uid_of_8_bits"],
)
def test_a24_what_is_no_command_set_is_malformed(broken):
    with pytest.raises(Malformed):
        dimse.decode(broken)


def test_unknown_command_elements_are_left_out():
    assert dimse.decode(dimse.encode(RQ) + b"\0\0\xff\xff\2\0\0\0xx") == RQ


@given(st.binary(max_size=100))
def test_any_bytes_are_a_command_set_or_malformed(encoded):
    with contextlib.suppress(Malformed):
        assert "CommandField" in dimse.decode(encoded)
