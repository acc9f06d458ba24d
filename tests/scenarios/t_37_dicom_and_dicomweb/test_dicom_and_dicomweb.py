"""R37: one object goes by C-STORE and by STOW-RS, each with its own rules. Orthanc by HTTPS, and a second server."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest
from pydicom.data import get_testdata_file

from dicomrules.model.delivery import State
from tests.peers.authority import Authority
from tests.peers.gateway import Gateway
from tests.peers.orthanc import Orthanc
from tests.peers.running import Running, free_port, listening, need, need_file, run, until
from tests.peers.tiny_pacs import TinyPacs

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
TOKEN = "open-sesame"
DICOMWEB = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Orthanc]:
    """A PACS that speaks DICOM and DICOMweb; the same one, to see what came by which way."""
    web = {"Plugins": [need_file(DICOMWEB)], "DicomWeb": {"Enable": True, "Root": "/dicom-web/"}}
    modalities = {"gateway": ("DICOMRULES", free_port())}
    with Orthanc(tmp_path / "pacs", "ORTHANC", modalities, OverwriteInstances=False, **web) as orthanc:
        yield orthanc


@pytest.fixture
def vna(tmp_path: Path) -> Iterator[Orthanc]:
    web = {"Plugins": [need_file(DICOMWEB)], "DicomWeb": {"Enable": True, "Root": "/dicom-web/"}}
    with Orthanc(tmp_path / "vna", "VNA", **web) as orthanc:
        yield orthanc


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def secure(tmp_path: Path, authority: Authority, vna: Orthanc) -> Iterator[int]:
    """The port of stunnel, which speaks TLS for Orthanc."""
    port = free_port()
    certificate, key = authority.sign("vna", "DNS:localhost")
    settings = tmp_path / "stunnel.conf"
    settings.write_text(
        f"foreground = yes\npid =\n[web]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{vna.http}\n"
        f"cert = {certificate}\nkey = {key}\n"
    )
    running = Running([need("stunnel"), str(settings)], tmp_path / "stunnel.log")
    running.start()
    until(lambda: listening(port))
    yield port
    running.kill()


@pytest.fixture
def second(tmp_path: Path) -> Iterator[TinyPacs]:
    with TinyPacs(tmp_path / "second", TOKEN, most=50_000) as running:
        yield running


@pytest.fixture
def gateway(tmp_path: Path, authority: Authority, pacs: Orthanc, secure: int, second: TinyPacs) -> Iterator[Gateway]:
    made = Gateway(tmp_path / "gateway", HERE, port=free_port(), pacs=pacs.port, secure=secure, second=second.http)
    copy(authority.pem, made.folder / "ca.pem")
    (made.folder / "token").write_text(TOKEN + "\n")
    (made.folder / "token").chmod(0o600)  # what everybody can read is refused
    with made:
        yield made


def test_r37_dicom_and_dicomweb_destinations_together_each_with_its_own_rules(
    gateway: Gateway, pacs: Orthanc, vna: Orthanc, second: TinyPacs
) -> None:
    port = json.loads(gateway.ask("conformance", "--format", "json"))["acceptors"][0]["port"]
    names = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "rtplan.dcm")
    files = [str(get_testdata_file(name)) for name in names]
    run(need("dcmsend"), "-aet", "CT_A1", "-aec", "DICOMRULES", "127.0.0.1", str(port), *files)

    def all_sent(destination: str) -> bool:
        return gateway.deliveries(destination)[State.SENT] == 4

    for destination in ("pacs", "vna", "second"):
        until(lambda at=destination: all_sent(at), 30, f"everything at {destination}")  # type: ignore[misc]
    as_is = {pacs.tags(each)["PatientID"] for each in pacs.instances()}
    by_web = {vna.tags(each)["PatientID"] for each in vna.instances()}
    assert by_web == {f"WEB-{each}" for each in as_is}
    assert {vna.metadata(each)["RemoteAET"] for each in vna.instances()} == {""}
    assert len(vna.instances()) == len(pacs.instances()) == 4
    assert "QIDO-RS answered" in gateway.ask("echo", "vna")
    told = gateway.ask("trace", pacs.tags(pacs.instances()[0])["SOPInstanceUID"])
    assert "POST https://localhost:" in told
    assert "HTTP 200" in told
    assert "sesame" not in told + gateway.output()
