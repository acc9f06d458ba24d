"""Flow 7: objects come over HTTP, from dicomweb-client and from Orthanc's DICOMweb plugin, and leave changed."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.data import get_testdata_file

from tests.faults.processes import intake_and_delivery
from tests.faults.web import STORED, file, multipart, post
from tests.peers.gateway import Gateway
from tests.peers.orthanc import Orthanc
from tests.peers.running import PEERS_REQUIRED, free_port, until

HERE = Path(__file__).parent
TOKEN = "a-token-for-tests-only"
CT, MR = (Path(str(get_testdata_file(name))) for name in ("CT_small.dcm", "MR_small.dcm"))
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def gateway(tmp_path: Path, port: int) -> Iterator[Gateway]:
    made = Gateway(tmp_path / "gateway", HERE, port=port)
    (made.folder / "token").write_text(TOKEN + "\n")
    (made.folder / "token").chmod(0o600)
    with made:
        yield made


def _client(port: int, token: str = TOKEN) -> DICOMwebClient:
    return DICOMwebClient(f"http://127.0.0.1:{port}/dicom-web", headers={"Authorization": f"Bearer {token}"})


def _out(gateway: Gateway) -> list[Path]:
    return sorted((gateway.folder / "out").glob("*.dcm"))


def test_dicomweb_client_stores_and_the_trace_tells_how_it_came(gateway: Gateway, port: int) -> None:
    dataset = pydicom.dcmread(CT)
    (stored,) = _client(port).store_instances([dataset]).ReferencedSOPSequence
    assert stored.ReferencedSOPInstanceUID == dataset.SOPInstanceUID
    (left,) = until(lambda: _out(gateway), 15, "the file to leave")  # type: ignore[misc]
    assert pydicom.dcmread(left).IssuerOfPatientID == "FROM_WEB"
    assert pydicom.dcmread(left).pixel_array.tobytes() == dataset.pixel_array.tobytes()
    trace = gateway.ask("trace", dataset.SOPInstanceUID)
    assert "by web from WEB (127.0.0.1)" in trace
    assert "source  request" in trace
    with pytest.raises(requests.HTTPError, match="409"):
        _client(port).store_instances([pydicom.dcmread(MR)])
    with pytest.raises(requests.HTTPError, match="401"):
        _client(port, "x" * 20).store_instances([dataset])
    log = gateway.output()
    assert "no MR here" in log
    assert TOKEN not in log
    assert str(dataset.PatientName) not in log


@pytest.mark.peer
def test_orthanc_sends_by_its_dicomweb_plugin(tmp_path: Path, gateway: Gateway, port: int) -> None:
    if not PLUGIN.exists():
        assert not PEERS_REQUIRED
        pytest.skip("orthanc-dicomweb is not installed (make peers installs it where it may)")
    server = {"Url": f"http://127.0.0.1:{port}/dicom-web/", "HttpHeaders": {"Authorization": f"Bearer {TOKEN}"}}
    web = {"Enable": True, "Servers": {"gateway": server}}
    with Orthanc(tmp_path / "pacs", "PACS", Plugins=[str(PLUGIN)], DicomWeb=web) as pacs:
        ids = []
        for number in range(3):
            dataset = pydicom.dcmread(CT)
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
            dataset.save_as(tmp_path / "one.dcm")
            ids.append(pacs.post("/instances", (tmp_path / "one.dcm").read_bytes())["ID"])
        answered = pacs.post("/dicom-web/servers/gateway/stow", json.dumps({"Resources": ids, "Synchronous": True}))
    assert answered["InstancesCount"] in (3, "3")
    until(lambda: len(_out(gateway)) == 3, 15, "all three to leave")


def test_w05_an_object_of_any_size_takes_no_memory(gateway: Gateway, port: int) -> None:
    def most(pid: int) -> int:
        """The most memory that a process has had so far, in KB."""
        (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1])

    intake, _ = intake_and_delivery(gateway)
    before = most(intake)
    uid, part = file("p", 1, 100 << 20)
    assert post(port, multipart(part), f"Authorization: Bearer {TOKEN}").uids(STORED) == [uid]
    assert most(intake) - before < 40 * 1024


def test_w02_what_was_answered_as_stored_survives_a_kill(gateway: Gateway, port: int) -> None:
    """Intake dies after each request; what was answered is there, and what was not is stored by sending it again."""
    sent = []
    for number in range(3):
        uid, part = file("p", number)
        answered = post(port, multipart(part), f"Authorization: Bearer {TOKEN}")
        assert answered.status == 200
        sent.append(uid)
        intake, _ = intake_and_delivery(gateway)
        before = gateway.output().count("ready again")
        if number < 2:  # three deaths within a minute end the gateway
            os.kill(intake, signal.SIGKILL)
            until(lambda before=before: gateway.output().count("ready again") > before, 20)  # type: ignore[misc]
    until(lambda: {path.stem for path in _out(gateway)} == set(sent), 20, "all to leave")
