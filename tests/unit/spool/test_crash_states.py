"""S-05: what a power cut leaves, at every call of the spool."""

import hashlib
from pathlib import Path

import pytest

from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Folder, Spool
from tests.unit.spool.disk import Disk
from tests.unit.spool.material import DAY, arrive, kept

ROOT = Path("/state/spool")
LARGE = bytes(range(256)) * 40


class Witness:
    """Lets a day of the spool pass on one disk, and looks at every state in which a power cut could leave it."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.acknowledged: dict[bytes, tuple[str, ...]] = {}  # content, and the refs under one of which it must be
        self.seen: set[object] = set()
        self.disk.before = lambda name: self.look()

    def look(self) -> None:
        """Every possible disk: whole under final names, and what was acknowledged is there."""
        for survivor in self.disk.crash_states():
            state = survivor.fingerprint(), frozenset(self.acknowledged.items())
            if state not in self.seen:
                self.seen.add(state)
                check(survivor, self.acknowledged)

    def live(self) -> None:
        """Arrivals alone and in a group, to waiting and held, an abort, a move, a removal."""
        spool = Spool(ROOT, self.disk, sync_threads=1)
        self.keep(spool, "1.2.1", b"first" * 100)
        first, second = arrive(spool, LARGE, "1.2.2"), arrive(spool, b"held", "1.2.3")
        refs = spool.commit([first.name, second.name], [False, True], DAY)
        self.acknowledged |= {LARGE: (refs[0],), b"held": (refs[1],)}
        arrive(spool, b"never kept", "1.2.4").abort()
        spool.move(refs[0], Folder.DONE)
        self.acknowledged[b"held"] = (refs[1], refs[1].replace("held", f"waiting/{DAY}"))
        self.acknowledged[b"held"] = (spool.move(refs[1], Folder.WAITING, DAY),)
        self.keep(spool, "1.2.5", b"last")
        del self.acknowledged[LARGE]
        spool.remove(refs[0])
        self.look()

    def keep(self, spool: Spool, sop_instance: str, content: bytes) -> None:
        self.acknowledged[content] = (kept(spool, content, sop_instance),)


def check(disk: Disk, acknowledged: dict[bytes, tuple[str, ...]]) -> None:
    """A spool started on this disk."""
    spool = Spool(ROOT, disk, sync_threads=1)
    for folder in (Folder.WAITING, Folder.HELD, Folder.DONE):
        for ref in spool.stored(folder):
            read_whole(spool, ref)
    for content, refs in acknowledged.items():
        assert content in [read_whole(spool, ref) for ref in refs if exists(spool, ref)]
    for leftover in spool.leftovers():
        spool.discard(leftover.name)
    assert spool.leftovers() == []


def exists(spool: Spool, ref: str) -> bool:
    try:
        spool.open(ref).close()
    except SpoolError:
        return False
    return True


def read_whole(spool: Spool, ref: str) -> bytes:
    """The data set, which must be what its record says."""
    with spool.open(ref) as stored:
        content, record = stored.source().read(0, stored.length), stored.record()
        assert record is not None
        assert (record.length, record.digest) == (len(content), hashlib.sha256(content).hexdigest())
        return content


def test_s05_a_file_under_its_final_name_is_whole_and_an_acknowledged_one_is_there() -> None:
    witness = Witness()
    witness.live()
    assert len(witness.seen) > 1000


@pytest.mark.parametrize("skipped", ["fdatasync", "sync_folder"])
def test_this_test_would_notice_a_sync_left_out(skipped: str) -> None:
    witness = Witness()
    setattr(witness.disk, skipped, lambda which: None)
    with pytest.raises((AssertionError, SpoolError)):
        witness.live()
