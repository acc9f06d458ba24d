"""S-09: a disk that is full, and has room again: a real one, as small as the test makes it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.admitting import SITE, Admitting
from tests.objects import ct, file_bytes
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import RawPeer, associate_rq
from tests.peers.running import free_port, until
from tests.peers.sink import Sink
from tests.wire.objects import ct_slice

RESERVE = "limits: {free_space: 4MB, free_inodes: 20}"


@contextmanager
def small_disk(place: Path, options: str) -> Iterator[None]:
    """A file system of its own at `place`; skips where none may be mounted."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"mode=0700,{options}", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(params=["size=40m", "size=400m,nr_inodes=400"])
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Admitting]:
    """A gateway whose state lies on a disk with little room, of bytes or of inodes."""
    port = free_port()
    with Sink(keep=True) as sink:
        gateway = Gateway(tmp_path / "gateway", SITE, port=port, sink=sink.port)
        text = gateway.file.read_text()
        gateway.file.write_text(text.replace("limits: {free_space: 100MB}", RESERVE))
        (gateway.folder / "in").mkdir()
        (gateway.folder / "kept").mkdir()
        with small_disk(gateway.folder / "var", request.param), gateway:
            yield Admitting(gateway, sink, port)


def fill(site: Admitting) -> list[Path]:
    """Take all room there is, but for a little: of bytes or of inodes, whichever ends first."""
    ballast = []
    folder = site.folder / "var/ballast"
    folder.mkdir()
    try:
        for number in range(1000):
            ballast.append(folder / str(number))
            ballast[-1].write_bytes(bytes(100_000))
    except OSError:
        pass
    return ballast


def answered(site: Admitting) -> tuple[int, bytes]:
    """Type and body of what comes back for an A-ASSOCIATE-RQ."""
    with RawPeer(site.port) as peer:
        peer.send(associate_rq(called="DICOMRULES"))
        kind, body = peer.receive()
        return kind, body[1:4]


def test_s09_below_the_reserve_everything_waits_and_goes_on_by_itself(site: Admitting) -> None:
    with site.peer() as peer:
        assert peer.store("1.2.3.1", ct_slice("1.2.3.1", study="1.2.91")) == 0
        site.arrived(["1.2.3.1"])
        ballast = fill(site)
        assert peer.store("1.2.3.2", ct_slice("1.2.3.2", study="1.2.92")) == 0xA700
        assert peer.echo() == 0
        assert answered(site) == (3, bytes((2, 3, 1)))
        one = ct(size=16, study=93)
        dropped = site.drop("waits.dcm", file_bytes(one))
        until(lambda: "below its reserve" in site.gateway.output(), 20, "the folder to say so")
        assert not list((site.folder / "var/spool/incoming").iterdir())
        for path in ballast:
            path.unlink(missing_ok=True)
        until(lambda: answered(site)[0] == 2, 10, "associations to be taken again")
        assert peer.store("1.2.3.2", ct_slice("1.2.3.2", study="1.2.92")) == 0
    site.arrived([str(one.SOPInstanceUID), "1.2.3.2"])
    site.gone(dropped)
    assert site.gateway.output().count("below its reserve") == 1
    assert not (site.folder / "failed/waits.dcm").exists()
