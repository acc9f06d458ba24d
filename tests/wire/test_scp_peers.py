"""The SCP against other people's SCUs: pynetdicom and DCMTK."""

import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import CTImageStorage, Verification

from dicomrules.model.instance import Receipt, Verdict
from tests.peers.running import need

CT_FILE = Path(str(get_testdata_file("CT_small.dcm")))
FILES = [
    Path(str(get_testdata_file(name)))
    for name in (
        "CT_small.dcm",
        "MR_small.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_RLE.dcm",
        "JPEG2000.dcm",
        "rtplan.dcm",
    )
]
DEFLATED = Path(str(get_testdata_file("image_dfl.dcm")))


def _data_set(path):
    """The bytes after the file meta."""
    whole = path.read_bytes()
    dataset = dcmread(path, stop_before_pixels=True)
    length = dataset.file_meta.FileMetaInformationGroupLength
    return whole[132 + 12 + length :]


def _run(program, *arguments, environment=None):
    return subprocess.run(
        [need(program), *map(str, arguments)], capture_output=True, text=True, timeout=60, env=environment, check=False
    )


def test_pynetdicom_stores_many_objects_and_echoes(scp):
    """Counted is what reaches pynetdicom, not what it makes of it: now and then its two threads compete for a response;
    then its caller gets none, and it aborts the association itself.
    """
    answers = []
    ae = AE(ae_title="PYNETDICOM")
    ae.dimse_timeout = 5
    ae.add_requested_context(Verification)
    ae.add_requested_context(CTImageStorage, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    handlers = [(evt.EVT_DIMSE_RECV, lambda event: answers.append(_answer(event.message.command_set)))]
    association = ae.associate("127.0.0.1", scp.port, evt_handlers=handlers)
    dataset = dcmread(CT_FILE)

    def succeeds(operation, *what, message_id):
        nonlocal association
        if not association.is_established:
            association = ae.associate("127.0.0.1", scp.port, evt_handlers=handlers)
        getattr(association, operation)(*what, msg_id=message_id)
        return answers.pop() == (message_id, 0)

    for number in range(20):
        dataset.SOPInstanceUID = f"1.2.3.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        assert succeeds("send_c_store", dataset, message_id=number + 1)
        assert succeeds("send_c_echo", message_id=100 + number)
    association.release()
    assert association.is_released
    assert answers == []
    assert [envelope.key.sop_instance for envelope, _ in scp.inbox.accepted] == [f"1.2.3.{n}" for n in range(20)]
    assert [event for event in scp.events if event.fields.get("by") == "us"] == []


def _answer(response):
    return response.MessageIDBeingRespondedTo, response.Status


def test_pynetdicom_proposes_everything_it_knows(scp):
    ae = AE()
    ae.requested_contexts = AllStoragePresentationContexts[:128]
    association = ae.associate("127.0.0.1", scp.port)
    assert len(association.accepted_contexts) == 128
    association.abort()


def test_echoscu_is_answered(scp):
    done = _run("echoscu", "-v", "--repeat", 3, "127.0.0.1", scp.port)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("propose", [(), ("-xi",), ("-xb",), ("-xd",)], ids=["plain", "implicit", "big", "deflated"])
def test_storescu_stores_in_the_syntax_it_proposes(scp, propose):
    done = _run("storescu", *propose, "-aec", "ANY", "127.0.0.1", scp.port, CT_FILE)
    assert done.returncode == 0, done.stderr
    ((envelope, _),) = scp.inbox.accepted
    assert envelope.key.sop_instance == dcmread(CT_FILE).SOPInstanceUID


def test_storescu_with_proposals_of_every_kind(scp):
    done = _run("storescu", "--combine", "-R", "127.0.0.1", scp.port, *FILES[:2])
    assert done.returncode == 0, done.stderr
    assert len(scp.inbox.accepted) == 2


def test_dcmsend_sends_files_of_all_kinds_on_one_association(scp):
    done = _run("dcmsend", "--decompress-never", "127.0.0.1", scp.port, *FILES, DEFLATED)
    assert done.returncode == 0, done.stderr
    envelopes = [envelope for envelope, _ in scp.inbox.accepted]
    assert len(envelopes) == len(FILES) + 1
    assert len({envelope.exchange.association.id for envelope in envelopes}) == 1
    compressed = {"1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.91"}
    assert compressed <= {envelope.transfer_syntax for envelope in envelopes}


def test_a_file_in_standard_form_arrives_byte_for_byte(scp, tmp_path):
    """DCMTK leaves trailing padding out and writes lengths anew, so the file first takes the form DCMTK gives it."""
    written, stored = tmp_path / "standard.dcm", tmp_path / "without_padding.dcm"
    assert _run("dcmconv", "+te", FILES[1], written).returncode == 0
    dataset = dcmread(written)
    del dataset[0xFFFCFFFC]
    dataset.save_as(stored)
    assert _run("storescu", "127.0.0.1", scp.port, stored).returncode == 0
    ((_, received),) = scp.inbox.accepted
    assert received == _data_set(stored)


def test_storescu_sees_a_refusal(scp):
    scp.inbox.receipt = Receipt(Verdict.REJECT, 0xA700, "try again later")
    done = _run("storescu", "-v", "127.0.0.1", scp.port, CT_FILE)
    assert "OutOfResources" in done.stdout + done.stderr


def test_a_large_object_of_dcmtk_arrives(scp, tmp_path):
    dataset = dcmread(CT_FILE)
    dataset.PixelData = bytes(range(256)) * 20000
    dataset.Rows, dataset.Columns = 1600, 1600
    large = tmp_path / "large.dcm"
    dataset.save_as(large)
    assert _run("storescu", "127.0.0.1", scp.port, large).returncode == 0
    ((envelope, received),) = scp.inbox.accepted
    assert len(received) > 5_000_000
    assert envelope.digest
