"""Flow 3: DCMTK sends to our SCP; CT and MR go to PACS and archive, the rest to the archive.

PatientID is prefixed by calling AE title.
"""

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.peers.gateway import Gateway
from tests.peers.orthanc import Orthanc
from tests.peers.running import dicomrules, free_port, need, run, until

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Orthanc]:
    with Orthanc(tmp_path / "pacs", "ORTHANC", {"gateway": ("DICOMRULES", free_port())}) as orthanc:
        yield orthanc


@pytest.fixture
def gateway(tmp_path: Path, port: int, pacs: Orthanc) -> Iterator[Gateway]:
    with Gateway(tmp_path / "gateway", HERE, port=port, pacs=pacs.port) as running:
        yield running


def archived(gateway: Gateway) -> list[Path]:
    return sorted((gateway.folder / "out").rglob("*.dcm"))


def test_ct_and_mr_reach_pacs_and_archive_and_the_rest_the_archive_only(
    gateway: Gateway, pacs: Orthanc, port: int
) -> None:
    run(need("echoscu"), "-aet", "CT_A1", "-aec", "DICOMRULES", "127.0.0.1", str(port))
    run(need("storescu"), "-aet", "CT_A1", "-aec", "DICOMRULES", "127.0.0.1", str(port), sample("CT_small.dcm"))
    run(
        need("dcmsend"),
        "-aet",
        "MR_A1",
        "-aec",
        "DICOMRULES",
        "127.0.0.1",
        str(port),
        sample("MR_small.dcm"),
        sample("MR_small_RLE.dcm"),
    )
    ultrasound = sample("examples_ybr_color.dcm")
    run(need("dcmsend"), "-aet", "US_B1", "-aec", "DICOMRULES", "127.0.0.1", str(port), ultrasound)

    until(lambda: len(archived(gateway)) == 3, 30, "three files in the archive")
    until(lambda: len(pacs.instances()) == 2, 30, "two instances in the PACS")
    assert {tags["PatientID"] for tags in map(pacs.tags, pacs.instances())} == {"SITEA-1CT1", "SITEA-4MR1"}

    for file in archived(gateway):
        left = pydicom.dcmread(file)
        assert left.PatientID.startswith("SITEB-" if left.Modality == "US" else "SITEA-")
        assert left.file_meta.MediaStorageSOPInstanceUID == left.SOPInstanceUID
    us = next(pydicom.dcmread(file) for file in archived(gateway) if pydicom.dcmread(file).Modality == "US")
    assert us.PixelData == pydicom.dcmread(ultrasound).PixelData


def test_trace_tells_the_whole_story_of_one_instance(gateway: Gateway, pacs: Orthanc, port: int) -> None:
    source = sample("CT_small.dcm")
    run(need("storescu"), "-aet", "CT_A1", "-aec", "DICOMRULES", "127.0.0.1", str(port), source)
    until(lambda: len(pacs.instances()) == 1 and len(archived(gateway)) == 1, 30, "both copies")
    uid = str(pydicom.dcmread(source).SOPInstanceUID)

    def settled() -> str:
        story = gateway.ask("trace", uid)
        return story if story.count("1 attempt") == 2 and "deferred" not in story else ""

    story = str(until(settled, 10, "both deliveries recorded"))
    for fact in (
        "CT_A1",
        "DICOMRULES",
        "CT Image Storage",
        "Explicit VR Little Endian",
        "1CT1",
        "SITEA-1CT1",
        "prefix",
        "archive",
    ):
        assert fact in story, fact
    assert story.count("C-STORE-RQ") == 2  # one in, one out to the PACS
    assert story.count("C-STORE-RSP") == 2


def test_an_object_of_an_unknown_site_is_answered_with_success_and_kept(
    gateway: Gateway, pacs: Orthanc, port: int
) -> None:
    source = sample("CT_small.dcm")
    run(need("storescu"), "-aet", "NOBODY", "-aec", "DICOMRULES", "127.0.0.1", str(port), source)
    uid = str(pydicom.dcmread(source).SOPInstanceUID)
    story = gateway.ask("trace", uid)
    assert "quarantine" in story
    assert "unknown site" in story
    assert pacs.instances() == []
    assert archived(gateway) == []


def test_a_repeated_object_is_answered_and_delivered_once(gateway: Gateway, pacs: Orthanc, port: int) -> None:
    for _ in range(3):
        run(need("storescu"), "-aet", "CT_A1", "-aec", "DICOMRULES", "127.0.0.1", str(port), sample("CT_small.dcm"))
    until(lambda: len(archived(gateway)) == 1, 30, "the file in the archive")
    uid = str(pydicom.dcmread(sample("CT_small.dcm")).SOPInstanceUID)
    assert "received 3 times" in gateway.ask("trace", uid)


def test_the_rules_of_this_flow_pass_their_own_tests() -> None:
    assert "3 passed" in dicomrules("test", HERE / "site.rules").stdout
