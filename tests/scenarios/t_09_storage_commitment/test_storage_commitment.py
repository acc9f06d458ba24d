"""Flow 9: Orthanc asks us for storage commitment, we ask the Orthanc behind us; reports come on new associations."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from tests.peers.gateway import Gateway
from tests.peers.orthanc import Orthanc
from tests.peers.running import free_port, until

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent


def test_orthanc_is_told_that_its_images_are_safe_when_the_archive_behind_has_committed_itself(tmp_path: Path) -> None:
    port = free_port()
    known = {"ROUTER": {"AET": "ROUTER", "Host": "127.0.0.1", "Port": port, "AllowStorageCommitment": True}}
    with (
        Orthanc(tmp_path / "vna", "VNA", DicomModalities=known) as vna,
        Orthanc(tmp_path / "pacs", "PACS", DicomModalities=known) as pacs,
        Gateway(tmp_path / "gateway", HERE, port=port, vna=vna.port, pacs=pacs.port) as gateway,
    ):
        sources = [Path(str(get_testdata_file(name))) for name in ("CT_small.dcm", "MR_small.dcm")]
        stored = [pacs.post("/instances", source.read_bytes())["ID"] for source in sources]
        pacs.send_to("ROUTER", stored)
        asked = pacs.post("/modalities/ROUTER/storage-commitment", json.dumps({"Resources": stored}))

        report = until(lambda: _finished(pacs, asked["Path"]), 60, "a report to Orthanc")
        assert report["Status"] == "Success"
        assert len(report["Success"]) == 2
        assert report["RemoteAET"] == "ROUTER"
        assert gateway.deliveries("vna")["sent"] == 2
        assert gateway.deliveries("vna")["stored"] == 0
        assert len(vna.instances()) == 2

        story = gateway.ask("trace", pacs.tags(stored[0])["SOPInstanceUID"])
        for fact in ("C-STORE-RQ", "asked for storage commitment", "committed by the destination"):
            assert fact in story
        assert "PACS" in gateway.ask("status")

        elsewhere = pacs.post("/instances", Path(str(get_testdata_file("rtdose.dcm"))).read_bytes())["ID"]
        asked = pacs.post("/modalities/ROUTER/storage-commitment", json.dumps({"Resources": [elsewhere]}))
        report = until(lambda: _finished(pacs, asked["Path"]), 60, "a report on what was never sent")
        assert report["Status"] == "Failure"
        assert 0x0112 in report["Failures"][0].values(), report


def _finished(orthanc: Orthanc, path: str) -> dict[str, Any] | None:
    report = dict(orthanc.get(path))
    return report if report["Status"] != "Pending" else None
