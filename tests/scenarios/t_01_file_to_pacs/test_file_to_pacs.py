"""Flow 1: `*.dcm` files dropped into a folder leave by C-STORE to an Orthanc that checks both AE titles."""

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.peers.gateway import Gateway
from tests.peers.orthanc import Orthanc
from tests.peers.running import free_port, until

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Orthanc]:
    with Orthanc(tmp_path / "pacs", "ORTHANC", {"gateway": ("IRIS", free_port())}) as orthanc:
        yield orthanc


@pytest.fixture
def gateway(tmp_path: Path, pacs: Orthanc) -> Iterator[Gateway]:
    with Gateway(tmp_path / "gateway", HERE, pacs=pacs.port) as running:
        yield running


def drop(gateway: Gateway, name: str, content: bytes) -> Path:
    """Put a file into the watched folder the way a modality does: it grows under its final name."""
    file = gateway.folder / "in" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return file


def test_dropped_files_reach_a_pacs_that_checks_ae_titles_and_others_stay(gateway: Gateway, pacs: Orthanc) -> None:
    sources = [Path(str(get_testdata_file(name))) for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")]
    dropped = [drop(gateway, source.name, source.read_bytes()) for source in sources]
    note = drop(gateway, "readme.txt", b"not for the gateway")

    until(lambda: len(pacs.instances()) == 3, 30, "three instances in the PACS")
    until(lambda: not any(file.exists() for file in dropped), 10, "the files taken")
    assert note.read_bytes() == b"not for the gateway"

    expected = {pydicom.dcmread(source).SOPInstanceUID for source in sources}
    assert {pacs.tags(each)["SOPInstanceUID"] for each in pacs.instances()} == expected
    assert {pacs.metadata(each)["RemoteAET"] for each in pacs.instances()} == {"IRIS"}
    assert {pacs.metadata(each)["CalledAET"] for each in pacs.instances()} == {"ORTHANC"}


def test_a_file_that_is_no_dicom_object_goes_to_failed_with_the_reason_and_stops_nobody(
    gateway: Gateway, pacs: Orthanc
) -> None:
    drop(gateway, "garbage.dcm", b"This is a text file. " * 50)
    truncated = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()[:20_000]
    drop(gateway, "cut.dcm", truncated)
    drop(gateway, "good.dcm", Path(str(get_testdata_file("MR_small.dcm"))).read_bytes())

    until(lambda: len(pacs.instances()) == 1, 30, "the good one in the PACS")
    failed = gateway.folder / "failed"
    until(lambda: (failed / "garbage.dcm").exists() and (failed / "cut.dcm").exists(), 30, "the bad ones in failed")
    assert (failed / "cut.dcm").read_bytes() == truncated
    assert "DICOM" in (failed / "garbage.dcm.reason.txt").read_text()
    assert (failed / "cut.dcm.reason.txt").read_text().strip()


def test_files_dropped_while_the_pacs_is_down_are_kept_and_arrive_when_it_is_back(tmp_path: Path) -> None:
    pacs = Orthanc(tmp_path / "pacs", "ORTHANC", {"gateway": ("IRIS", free_port())})
    with Gateway(tmp_path / "gateway", HERE, pacs=pacs.port) as gateway:
        file = drop(gateway, "ct.dcm", Path(str(get_testdata_file("CT_small.dcm"))).read_bytes())
        until(lambda: not file.exists(), 15, "the file in the spool")
        until(lambda: gateway.deliveries("pacs")["deferred"] == 1, 15, "a deferred delivery")
        with pacs:
            until(lambda: len(pacs.instances()) == 1, 30, "the instance in the PACS")


def test_a_wrong_ae_title_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    """Orthanc rejects the association: the delivery waits, and `trace` says which title it did not know."""
    with Orthanc(tmp_path / "pacs", "OTHER", {"gateway": ("IRIS", free_port())}) as pacs:
        with Gateway(tmp_path / "gateway", HERE, pacs=pacs.port) as gateway:
            source = Path(str(get_testdata_file("CT_small.dcm")))
            file = drop(gateway, "ct.dcm", source.read_bytes())
            until(lambda: not file.exists(), 15, "the file in the spool")
            uid = str(pydicom.dcmread(source).SOPInstanceUID)

            def story() -> str:
                return " ".join(gateway.ask("trace", uid).split())

            until(lambda: "called AE title not recognised" in story(), 15, "the reason in the trace")
            assert "delivery to pacs: deferred" in story()
        assert pacs.instances() == []
