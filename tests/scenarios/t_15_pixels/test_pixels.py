"""R15: compression by bits and colour; S62; D-11: what a peer does not take compressed, it gets uncompressed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicomrules.model.delivery import State
from tests.peers.gateway import Gateway
from tests.peers.running import Running, free_port, listening, need, until

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
NAMES = ("CT_small.dcm", "SC_rgb.dcm", "JPEG2000.dcm", "rtplan.dcm")


@pytest.fixture
def workstation(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """DCMTK's storescp, which takes nothing that is compressed."""
    out, port = tmp_path / "workstation", free_port()
    out.mkdir()
    running = Running([need("storescp"), "-od", str(out), str(port)], tmp_path / "workstation.log")
    running.start()
    until(lambda: listening(port))
    yield port, out
    running.kill()


@pytest.fixture
def gateway(tmp_path: Path, workstation: tuple[int, Path]) -> Iterator[Gateway]:
    made = Gateway(tmp_path / "gateway", HERE, port=workstation[0])
    (made.folder / "in").mkdir()
    with made:
        yield made


def _files(folder: Path) -> dict[str, pydicom.FileDataset]:
    return {file.SOPClassUID: file for file in map(pydicom.dcmread, folder.rglob("*")) if file.file_meta}


def _same(one: pydicom.FileDataset, other: pydicom.FileDataset) -> bool:
    return np.array_equal(pydicom.pixels.pixel_array(one, raw=True), pydicom.pixels.pixel_array(other, raw=True))


def test_r15_pixels_leave_as_each_destination_is_to_have_them(gateway: Gateway, workstation: tuple[int, Path]) -> None:
    originals = {}
    for name in NAMES:
        path = str(get_testdata_file(name))
        originals[name] = pydicom.dcmread(path)
        shutil.copy(path, gateway.folder / "in" / name)
    for destination, count in (("archive", 4), ("viewer", 4), ("workstation", 4), ("web", 1)):
        sent = lambda at=destination, n=count: gateway.deliveries(at)[State.SENT] == n  # noqa: E731
        until(sent, 60, f"{count} at {destination}: {gateway.output()}")
    archived = {str(file.SOPInstanceUID): file for file in map(pydicom.dcmread, _paths(gateway.folder / "archive"))}
    shown = {str(file.SOPInstanceUID): file for file in map(pydicom.dcmread, _paths(gateway.folder / "viewer"))}
    stored = {str(file.SOPInstanceUID): file for file in map(pydicom.dcmread, _paths(workstation[1]))}
    for name, before in originals.items():
        uid = str(before.SOPInstanceUID)
        has_pixels = "PixelData" in before
        syntax = archived[uid].file_meta.TransferSyntaxUID
        assert syntax == (pydicom.uid.JPEG2000Lossless if has_pixels else before.file_meta.TransferSyntaxUID), name
        assert not shown[uid].file_meta.TransferSyntaxUID.is_compressed
        assert not stored[uid].file_meta.TransferSyntaxUID.is_compressed
        if has_pixels:
            assert _same(archived[uid], before)
            assert _same(shown[uid], before)
            assert _same(stored[uid], before)
    (lossy,) = (pydicom.dcmread(path) for path in _paths(gateway.folder / "web"))
    assert lossy.file_meta.TransferSyntaxUID == pydicom.uid.JPEGBaseline8Bit
    assert (lossy.LossyImageCompression, lossy.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert lossy.ImageType[0] == "DERIVED"
    assert lossy.SOPInstanceUID != originals["SC_rgb.dcm"].SOPInstanceUID
    assert "web" in gateway.ask("trace", str(lossy.SOPInstanceUID))  # the ledger knows it by the name it left under


def _paths(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
