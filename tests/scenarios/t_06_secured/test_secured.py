"""Flow 6: TLS on both sides, settings by pair of titles, and a user: Orthanc and DCMTK send, DCMTK receives."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.peers.authority import Authority
from tests.peers.gateway import Gateway
from tests.peers.orthanc import Orthanc
from tests.peers.running import Running, free_port, listening, need, run, until

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
CT_FILE = str(get_testdata_file("CT_small.dcm"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def archive(tmp_path: Path, authority: Authority) -> Iterator[tuple[int, Path]]:
    """DCMTK's storescp, which takes nobody without a certificate."""
    out, port = tmp_path / "archive", free_port()
    out.mkdir()
    certificate, key = authority.sign("archive", "DNS:localhost")
    tls = ("+tls", str(key), str(certificate), "+cf", str(authority.pem), "-rc")
    running = Running([need("storescp"), *tls, "-od", str(out), str(port)], tmp_path / "archive.log")
    running.start()
    until(lambda: listening(port))
    yield port, out
    running.kill()


@pytest.fixture
def gateway(tmp_path: Path, authority: Authority, archive: tuple[int, Path]) -> Iterator[Gateway]:
    made = Gateway(tmp_path / "gateway", HERE, port=free_port(), archive=archive[0])
    files = (*authority.sign("gw", "DNS:localhost"), authority.pem, authority.revoke(authority.sign("lost")[0]))
    for source, name in zip(files, ("gw.pem", "gw.key", "ca.pem", "revoked.pem"), strict=True):
        shutil.copy(source, made.folder / name)
    (made.folder / "passcode").write_text("open sesame\n")
    (made.folder / "passcode").chmod(0o600)
    with made:
        yield made


def _port(gateway: Gateway) -> int:
    return int(json.loads(gateway.ask("conformance", "--format", "json"))["acceptors"][0]["port"])


def test_dcmtk_and_orthanc_send_by_tls_and_the_archive_gets_by_tls(
    tmp_path: Path, authority: Authority, gateway: Gateway, archive: tuple[int, Path]
) -> None:
    port, (_, out) = _port(gateway), archive
    certificate, key = authority.sign("ct")
    secure = ("+tls", key, certificate, "+cf", authority.pem, "-aec", "ROUTER", "-aet", "ANY")
    run(need("storescu"), *secure, "localhost", str(port), CT_FILE)
    until(lambda: len(list(out.iterdir())) == 1, 30, "the first instance")
    (stored,) = out.iterdir()
    left = pydicom.dcmread(stored)
    assert left.IssuerOfPatientID == "SECURED"
    assert left.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"
    assert gateway.ask("echo", "archive", ok=False) == ""  # `contexts` lists no Verification for the archive

    certificate, key = authority.sign("orthanc", "IP:127.0.0.1", bits=2048)
    settings = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(certificate),
        "DicomTlsPrivateKey": str(key),
        "DicomTlsTrustedCertificates": str(authority.pem),
        "DicomModalities": {"gw": {"AET": "ROUTER", "Host": "localhost", "Port": port, "UseDicomTls": True}},
    }
    with Orthanc(tmp_path / "pacs", "PACS", **settings) as pacs:
        dataset = pydicom.dcmread(CT_FILE)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
        dataset.save_as(tmp_path / "second.dcm")
        pacs.send_to("gw", [pacs.post("/instances", (tmp_path / "second.dcm").read_bytes())["ID"]])
    until(lambda: len(list(out.iterdir())) == 2, 30, "the second instance")


def test_what_is_not_agreed_is_refused_and_the_log_says_why(authority: Authority, gateway: Gateway) -> None:
    port = str(_port(gateway))
    plain = run(need("echoscu"), "-aec", "ROUTER", "localhost", port, ok=False)
    assert plain.returncode != 0
    certificate, key = authority.sign("ct")
    secure = ("+tls", key, certificate, "+cf", authority.pem)
    other = run(need("echoscu"), *secure, "-aec", "ELSEWHERE", "localhost", port, ok=False)
    assert "Calling AE Title Not Recognized" in other.stderr
    nobody = run(need("echoscu"), *secure, "-aec", "ROUTER", "-aet", "CT_A1", "localhost", port, ok=False)
    assert "No Reason" in nobody.stderr
    other = run(need("echoscu"), *secure, "-aec", "ROUTER", "-aet", "PACS", "localhost", port, ok=False)
    assert "No Reason" in other.stderr
    lost = ("+tls", key.with_name("lost.key"), certificate.with_name("lost.pem"), "+cf", authority.pem)
    assert run(need("echoscu"), *lost, "-aec", "ROUTER", "-aet", "ANY", "localhost", port, ok=False).returncode != 0
    run(need("echoscu"), *secure, "-aec", "ROUTER", "-aet", "ANY", "localhost", port)
    log = gateway.output()
    for words in (
        "it spoke DICOM without TLS",
        "no entry of `contexts`",
        "must come with a user",
        "revoked",
        "not for the name",
    ):
        assert words in log
    assert "sesame" not in log
