"""Flow 2: Orthanc sends to our SCP; PatientID and AdmissionID are rewritten; a second archive gets the result."""

from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.peers.gateway import Gateway
from tests.peers.orthanc import Orthanc
from tests.peers.running import dicomrules, free_port, until

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent


def test_orthanc_sends_through_the_gateway_to_an_archive_with_patient_and_episode_rewritten(tmp_path: Path) -> None:
    port = free_port()
    with (
        Orthanc(tmp_path / "vna", "VNA", {"gateway": ("IRIS", port)}) as vna,
        Orthanc(tmp_path / "pacs", "ORTHANC", {"gateway": ("IRIS", port)}) as pacs,
        Gateway(tmp_path / "gateway", HERE, port=port, vna=vna.port) as gateway,
    ):
        sources = [Path(str(get_testdata_file(name))) for name in ("CT_small.dcm", "MR_small.dcm")]
        stored = [pacs.post("/instances", source.read_bytes())["ID"] for source in sources]
        pacs.send_to("gateway", stored)

        until(lambda: len(vna.instances()) == 2, 30, "two instances in the archive")
        by_modality = {tags["Modality"]: tags for tags in map(vna.tags, vna.instances())}
        assert by_modality["CT"]["PatientID"] == "00001CT1"
        assert by_modality["CT"]["AdmissionID"] == "E0004711"
        assert by_modality["CT"]["IssuerOfPatientID"] == "NORTH"
        assert by_modality["MR"]["PatientID"] == "00004MR1"

        for each in vna.instances():
            left = pydicom.dcmread(_write(tmp_path / "left.dcm", vna.file(each)))
            came = next(pydicom.dcmread(s) for s in sources if pydicom.dcmread(s).SOPInstanceUID == left.SOPInstanceUID)
            assert left.PixelData == came.PixelData
            assert left.PatientName == came.PatientName

        story = gateway.ask("trace", by_modality["CT"]["SOPInstanceUID"])
        for fact in ("ORTHANC", "IRIS", "VNA", "127.0.0.1", "C-STORE-RQ", "C-STORE-RSP", "0x0001", "0x8001", "0x0000"):
            assert fact in story
        assert "clinical_episode" in story
        assert "E0004711" in story


def test_an_application_that_is_not_known_is_refused(tmp_path: Path) -> None:
    port = free_port()
    with Gateway(tmp_path / "gateway", HERE, port=port, vna=free_port()):
        refused = dicomrules(
            "send",
            str(get_testdata_file("CT_small.dcm")),
            "--to",
            f"127.0.0.1:{port}",
            "--calling",
            "STRANGER",
            "--called",
            "IRIS",
            ok=False,
        )
        assert refused.returncode == 1
        assert "calling AE title not recognised" in refused.stdout + refused.stderr


def test_the_rules_of_this_flow_pass_their_own_tests() -> None:
    assert dicomrules("validate", HERE / "site.rules").returncode == 0
    assert "2 passed" in dicomrules("test", HERE / "site.rules").stdout


def _write(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file
