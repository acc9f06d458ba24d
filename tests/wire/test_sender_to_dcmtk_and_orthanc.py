"""What real peers make of what we send: DCMTK's storescp, which writes down what it got, and Orthanc."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicomrules.model.delivery import Delivery, Kind
from tests.peers.orthanc import Orthanc
from tests.peers.running import Running, free_port, listening, need, run, until
from tests.wire.sending import IMPLICIT, Folder, Sending, destination, sample, taken_apart

pytestmark = pytest.mark.peer

# Implicit, Explicit Little and Big Endian, deflated, JPEG, JPEG-LS, JPEG 2000, RLE, a structured report, a plan, an ECG
FILES = [
    "CT_small.dcm",
    "MR_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "image_dfl.dcm",
    "JPEG-lossy.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "JPEG2000.dcm",
    "MR_small_RLE.dcm",
    "test-SR.dcm",
    "rtplan.dcm",
    "rtdose.dcm",
    "waveform_ecg.dcm",
    "liver.dcm",
]

Storescp = Callable[..., tuple[int, Path]]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "spool"
    root.mkdir()
    return Folder(root)


@pytest.fixture
def storescp(tmp_path: Path) -> Iterator[Storescp]:
    """Starts a storescp with the given options: its port, and the folder it writes to."""
    started: list[Running] = []

    def start(*options: str) -> tuple[int, Path]:
        out = tmp_path / f"out{len(started)}"
        out.mkdir()
        port = free_port()
        running = Running([need("storescp"), *options, "-od", str(out), str(port)], tmp_path / "storescp.log")
        started.append(running)
        running.start()
        until(lambda: listening(port))
        return port, out

    yield start
    for running in started:
        running.kill()


def written(out: Path, sop_instance: str) -> Path:
    """The file that storescp named after this instance."""
    (found,) = [path for path in out.iterdir() if path.name.endswith(f".{sop_instance}")]
    return found


def kept(folder: Folder, delivery: Delivery) -> bytes:
    """The data set in the spool."""
    return (folder.root / delivery.spool_ref).read_bytes()[len(Folder.HEAD) :]


def pixels(name: str) -> bytes:
    """Pixel Data of one of pydicom's test files."""
    return bytes(pydicom.dcmread(str(get_testdata_file(name))).PixelData)


def padded(data_set: bytes) -> bytes:
    """A deflate stream, the only kind of data set of odd length, leaves with a zero behind it (PS3.5 A.5)."""
    return data_set + b"\0" * (len(data_set) % 2)


def test_storescp_writes_every_kind_of_object_as_it_lay_in_the_spool(folder: Folder, storescp: Storescp) -> None:
    port, out = storescp("+xa", "+B")
    deliveries = [
        replace(sample(folder, number, name), sop_instance=f"1.2.3.{number}") for number, name in enumerate(FILES)
    ]
    with Sending(destination(port), folder) as send:
        outcomes = send(*deliveries)
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        assert outcome.kind is Kind.SENT, outcome.message
        meta, data_set = taken_apart(written(out, delivery.sop_instance))
        assert data_set == padded(kept(folder, delivery))
        assert meta.TransferSyntaxUID == delivery.transfer_syntax
        assert meta.MediaStorageSOPClassUID == delivery.sop_class


def test_small_pdus_of_storescp_are_kept_to(folder: Folder, storescp: Storescp) -> None:
    port, out = storescp("+xa", "+B", "--max-pdu", "4096")
    delivery = sample(folder, 1, "CT_small.dcm")
    with Sending(destination(port), folder) as send:
        (outcome,) = send(delivery)
    assert outcome.kind is Kind.SENT
    assert outcome.exchange is not None
    assert outcome.exchange.association.max_pdu == 4096
    assert taken_apart(written(out, delivery.sop_instance))[1] == kept(folder, delivery)


def test_storescp_that_takes_implicit_only_gets_explicit_and_big_endian_objects_as_implicit(
    folder: Folder, storescp: Storescp
) -> None:
    port, out = storescp("+xi", "+B")
    names = ["CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "test-SR.dcm", "liver.dcm"]
    deliveries = [replace(sample(folder, n, name), sop_instance=f"1.2.3.{n}") for n, name in enumerate(names)]
    with Sending(destination(port), folder) as send:
        outcomes = send(*deliveries)
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        assert outcome.kind is Kind.SENT, outcome.message
        path = written(out, delivery.sop_instance)
        assert taken_apart(path)[0].TransferSyntaxUID == IMPLICIT
        run(need("dcmconv"), path, out.parent / "read_by_dcmtk")
        assert len(pydicom.dcmread(path)) > 10
    assert taken_apart(written(out, "1.2.3.1"))[1] == kept(folder, deliveries[1])
    assert pydicom.dcmread(written(out, "1.2.3.0")).PixelData == pixels("CT_small.dcm")
    assert pydicom.dcmread(written(out, "1.2.3.2")).PixelData == pixels("MR_small_implicit.dcm")


def test_a_damaged_spool_file_leaves_nothing_at_storescp(folder: Folder, storescp: Storescp) -> None:
    port, out = storescp("+xa", "+B")
    delivery = sample(folder, 1, "CT_small.dcm")
    folder.damage(delivery, delivery.length - 1)
    with Sending(destination(port), folder) as send:
        (outcome,) = send(delivery)
    assert outcome.kind is Kind.CORRUPT
    assert [path.name for path in out.iterdir() if path.stat().st_size] == []


@pytest.mark.parametrize("fault", ["--refuse", "--abort-after", "--abort-during"])
def test_the_faults_that_storescp_can_play_defer(folder: Folder, storescp: Storescp, fault: str) -> None:
    port, _ = storescp(fault)
    with Sending(destination(port), folder) as send:
        outcomes = send(sample(folder, 1, "CT_small.dcm"), sample(folder, 2, "rtplan.dcm"))
    assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 2
    assert outcomes[0].message == outcomes[1].message != ""


def test_orthanc_stores_what_we_send(folder: Folder, tmp_path: Path) -> None:
    names = ["CT_small.dcm", "MR_small_implicit.dcm", "image_dfl.dcm", "JPEG-lossy.dcm", "test-SR.dcm"]
    deliveries = [sample(folder, number, name) for number, name in enumerate(names)]
    with Orthanc(tmp_path / "pacs", "ORTHANC", {"gateway": ("DICOMRULES", free_port())}) as orthanc:
        to = replace(destination(orthanc.port), aet="ORTHANC")
        with Sending(to, folder) as send:
            outcomes = send(*deliveries)
        assert [(outcome.kind, outcome.message) for outcome in outcomes] == [(Kind.SENT, "stored")] * len(names)
        assert len(orthanc.instances()) == len(names)
        stored = {orthanc.tags(i)["SOPInstanceUID"]: orthanc.metadata(i) for i in orthanc.instances()}
        for delivery in deliveries:
            assert stored[delivery.sop_instance]["TransferSyntax"] == delivery.transfer_syntax
            assert stored[delivery.sop_instance]["RemoteAET"] == "DICOMRULES"
