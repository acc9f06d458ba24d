"""C-10 and the promise about memory: objects of any size pass, and no process of the gateway grows with them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomrules.net.association import Association, Target
from dicomrules.wire.associate import ProposedContext
from tests.faults import large
from tests.faults.test_kill import children
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Sink

SITE = Path(__file__).parent / "site"
EXPLICIT = "1.2.840.10008.1.2.1"
MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
MEGABYTES = 200
# what the rules make of the Patient ID, and the issuer that they put behind it
REWRITTEN = b"LO\x0a\x00SITEA-4711" + large.element(0x00100021, b"LO", b"SITE_A")


def windows(pieces: Iterator[bytes]) -> Iterator[tuple[memoryview, bool]]:
    """Pieces of even length as windows, the last one marked."""
    before = b""
    for piece in pieces:
        if before:
            yield memoryview(before), False
        before = piece
    yield memoryview(before), True


def peak_megabytes(pid: int) -> int:
    """The most memory that a process has had resident."""
    line = next(each for each in Path(f"/proc/{pid}/status").read_text().split("\n") if each.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


OBJECTS = {
    "a multi-frame image of 2 GB": (MULTIFRAME, lambda uid: large.multiframe(MULTIFRAME, uid, 2 * 1024**3)),
    "an RT Structure Set of 100 MB": (STRUCTURE_SET, lambda uid: large.structure_set(STRUCTURE_SET, uid, 8000)),
    "an enhanced object of a million elements": (ENHANCED_MR, lambda uid: large.enhanced(ENHANCED_MR, uid, 1_000_000)),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_c10_an_object_of_any_size_passes_through_in_bounded_memory(tmp_path: Path, name: str) -> None:
    sop_class, make = OBJECTS[name]
    uid = "2.25.333"
    sent = hashlib.sha256()

    def counted() -> Iterator[bytes]:
        for piece in make(uid):
            sent.update(piece)
            yield piece

    port = free_port()
    with Sink() as sink, Gateway(tmp_path / "gateway", SITE, port=port, sink=sink.port) as gateway:
        target = Target("127.0.0.1", port, "DICOMRULES", "CT_A1", response=120.0)
        with Association(target, [ProposedContext(1, sop_class, (EXPLICIT,))]) as association:
            exchange = association.store(association.contexts[0], sop_class, uid, windows(counted()))
        assert exchange.response is not None
        assert exchange.response["Status"] == 0, exchange.response

        until(lambda: sink.acknowledged(), 120, "the object at the destination")
        assert gateway.process is not None
        peaks = [peak_megabytes(pid) for pid in (gateway.process.pid, *children(gateway.process.pid))]
        assert max(peaks) < MEGABYTES, f"peaks of parent, intake, delivery: {peaks} MB"

        stored = sink.acknowledged()[0]
        expected = hashlib.sha256()
        for piece in make(uid):  # the only change the rules make, done here in the plainest way
            expected.update(piece.replace(b"LO\x04\x004711", REWRITTEN))
        assert stored.sha256 == expected.hexdigest()
        assert stored.sha256 != sent.hexdigest()
