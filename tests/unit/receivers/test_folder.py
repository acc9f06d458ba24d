"""A watched folder: what is complete is taken, and nothing leaves the folder before it is safe."""

import asyncio
import hashlib
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicomrules.model.event import Event
from dicomrules.model.instance import Envelope, Receipt, Verdict
from dicomrules.model.receiver import After, FolderReceiver, Limits
from dicomrules.receivers.folder import FolderWatch
from dicomrules.receivers.taking import Taker
from dicomrules.spool.spool import Room, Spool

CT = Path(str(get_testdata_file("CT_small.dcm")))
STEP = 2.0


class Inbox:
    """Takes instances over, answers what it is told to, and looks at the folder while it does."""

    def __init__(self, spool: Spool, folder: Path) -> None:
        self.receipt = Receipt(Verdict.SEND)
        self.envelopes: list[Envelope] = []
        self.digests: list[str] = []
        self.files_meanwhile: list[list[str]] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self._spool = spool
        self._folder = folder

    async def accept(self, envelope: Envelope) -> Receipt:
        assert envelope.index is not None
        source = envelope.index.source
        self.envelopes.append(envelope)
        self.digests.append(hashlib.sha256(source.read(0, source.length)).hexdigest())
        self.files_meanwhile.append(sorted(os.listdir(self._folder)))
        self.meanwhile()
        self._spool.discard(envelope.spool_ref)
        return self.receipt


class Remembers:
    """The files that were taken, as the ledger keeps them."""

    def __init__(self) -> None:
        self.files: set[bytes] = set()
        self.failing = False

    def taken_files(self, receiver: str) -> set[bytes]:
        return set(self.files)

    def change_taken_files(self, receiver: str, taken: Sequence[bytes], gone: Sequence[bytes]) -> None:
        if self.failing:
            raise RuntimeError("the ledger does not write")
        self.files |= set(taken)
        self.files -= set(gone)


class Site:
    """A watched folder with everything around it, and a clock that moves by hand."""

    def __init__(self, root: Path, receiver: FolderReceiver) -> None:
        self.receiver = receiver
        self.path = receiver.path
        self.path.mkdir(exist_ok=True)
        self.root = root
        self.events: list[Event] = []
        self.time = 0.0
        self.spool = Spool(root / "spool", sync_threads=1)
        self.inbox = Inbox(self.spool, self.path)
        self.ledger = Remembers()
        self.start()

    def start(self) -> None:
        """A watch as after a restart: it remembers what the ledger remembers."""
        taker = Taker(self.receiver, self.spool, self.inbox)
        self.watch = FolderWatch(taker, self.ledger, self.events.append, lambda: self.time)

    def drop(self, name: str = "a.dcm", content: bytes | None = None) -> Path:
        (self.path / name).write_bytes(CT.read_bytes() if content is None else content)
        return self.path / name

    def looks(self, count: int = 2) -> None:
        """So many looks, each after files had the time to settle."""
        for _ in range(count):
            asyncio.run(self.watch.look())
            self.time += STEP

    def files(self) -> list[str]:
        return sorted(str(file.relative_to(self.path)) for file in self.path.rglob("*") if file.is_file())

    def names(self) -> list[str]:
        return [event.name for event in self.events]

    def reason(self, name: str = "a.dcm") -> str:
        return (self.receiver.failed / f"{name}.reason.txt").read_text()


def site_of(root: Path, **changes: object) -> Site:
    path = root / "in"
    receiver = {"name": "drop", "path": path, "failed": path / "failed", "settle": timedelta(seconds=STEP)}
    receiver |= {"limits": Limits(free_space=0, free_inodes=0)} | changes
    return Site(root, FolderReceiver(**receiver))  # type: ignore[arg-type]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_of(tmp_path, calling_aet="DROP", called_aet="GW")


def test_a_file_is_taken_as_it_came_and_then_removed(site: Site) -> None:
    site.drop("ct 1.dcm")
    site.looks()
    (envelope,) = site.inbox.envelopes
    dataset = pydicom.dcmread(CT)
    assert envelope.key.sop_instance == dataset.SOPInstanceUID
    assert envelope.transfer_syntax == dataset.file_meta.TransferSyntaxUID
    assert (envelope.peer.calling_aet, envelope.peer.called_aet) == ("DROP", "GW")
    assert (envelope.peer.receiver, envelope.source_path) == ("drop", "ct 1.dcm")
    assert envelope.meta is not None
    assert envelope.meta["MediaStorageSOPInstanceUID"] == dataset.SOPInstanceUID
    content = CT.read_bytes()
    received = content[len(content) - envelope.length :]
    assert site.inbox.digests == [envelope.digest] == [hashlib.sha256(received).hexdigest()]
    assert received.startswith(b"\x08\x00\x05\x00CS")
    assert site.inbox.files_meanwhile == [["ct 1.dcm"]]  # still there while it was not yet safe
    assert site.files() == []
    assert site.events == []


def test_a_file_that_does_not_match_stays(site: Site) -> None:
    site.drop("a.txt")
    site.drop(".hidden.dcm")
    site.looks(5)
    assert site.files() == [".hidden.dcm", "a.txt"]
    assert site.inbox.envelopes == []


def test_a_file_that_grows_is_not_touched_until_it_is_whole(site: Site) -> None:
    whole = CT.read_bytes()
    for length in range(0, len(whole), 8000):
        site.drop(content=whole[:length])
        site.looks(1)
    assert (site.files(), site.inbox.envelopes, site.events) == (["a.dcm"], [], [])
    site.drop(content=whole)
    site.looks()
    assert len(site.inbox.envelopes) == 1


def test_a_file_that_somebody_has_open_for_writing_waits(site: Site) -> None:
    """Its size may stand still, and what is there may even be a whole data set."""
    with site.drop().open("ab") as writing:
        site.looks(10)
        if site.inbox.envelopes:
            pytest.skip("this file system grants no leases")
        assert site.files() == ["a.dcm"]
        writing.flush()
    site.time += 1000
    site.looks()
    assert len(site.inbox.envelopes) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"This is a text file. " * 50, "DICOM"),
        (b"", "DICOM"),
        (CT.read_bytes()[:20_000], "at byte"),
        (CT.read_bytes()[:140], "DICOM"),
        (CT.read_bytes()[:-1], "at byte"),
        (b"PK\x03\x04" + bytes(1000), "DICOM"),
    ],
)
def test_what_is_no_whole_object_goes_to_failed_with_the_reason(site: Site, content: bytes, reason: str) -> None:
    site.drop(content=content)
    site.looks(5)
    assert site.files() == ["failed/a.dcm", "failed/a.dcm.reason.txt"]
    assert (site.receiver.failed / "a.dcm").read_bytes() == content
    assert reason in site.reason()
    assert site.names() == ["folder.failed"]
    assert site.inbox.envelopes == []
    assert os.listdir(site.root / "spool/incoming") == []


def test_file_meta_that_names_another_instance_is_not_believed(site: Site) -> None:
    site.drop(content=Path(str(get_testdata_file("rtplan.dcm"))).read_bytes())
    site.looks()
    (envelope,) = site.inbox.envelopes
    assert envelope.meta is not None
    assert envelope.key.sop_instance != envelope.meta["MediaStorageSOPInstanceUID"]


def test_a_data_set_that_does_not_name_itself_goes_to_failed(site: Site) -> None:
    site.drop(content=Path(str(get_testdata_file("priv_SQ.dcm"))).read_bytes())
    site.looks()
    assert "UID" in site.reason()


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    site = site_of(tmp_path, limits=Limits(object=1000, free_space=0, free_inodes=0))
    with (site.path / "sparse.dcm").open("wb") as file:
        file.truncate(1 << 40)
    site.looks()
    assert "limits.object" in site.reason("sparse.dcm")


def test_a_file_without_file_meta_is_understood(site: Site) -> None:
    site.drop(content=_data_set())
    site.looks()
    (envelope,) = site.inbox.envelopes
    assert envelope.length == len(_data_set())
    assert envelope.transfer_syntax == "1.2.840.10008.1.2.1"
    assert envelope.key.sop_instance == pydicom.dcmread(CT).SOPInstanceUID


def test_a_deflated_file_is_taken(site: Site) -> None:
    explicit, deflated = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"
    file = CT.read_bytes().removesuffix(_data_set())
    head = file.replace(struct.pack("<H", len(explicit)) + explicit, struct.pack("<H", len(deflated)) + deflated)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(_data_set()) + packer.flush()
    site.drop(content=head + packed + bytes(len(packed) % 2))
    site.looks()
    (envelope,) = site.inbox.envelopes
    assert envelope.derived_length == len(_data_set())


def _data_set() -> bytes:
    """The data set of the CT, in Explicit VR Little Endian."""
    content = CT.read_bytes()
    return content[content.index(b"\x08\x00\x05\x00CS") :]


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xB007])
@pytest.mark.parametrize("verdict", [Verdict.SEND, Verdict.HOLD, Verdict.QUARANTINE, Verdict.DROP])
def test_every_success_lets_the_file_go(tmp_path: Path, verdict: Verdict, status: int) -> None:
    site = site_of(tmp_path)
    site.inbox.receipt = Receipt(verdict, status)
    site.drop()
    site.looks()
    assert site.files() == []


@pytest.mark.parametrize("status", [0xC000, 0xA900, 0x0122, 0x0117])
def test_a_refusal_for_good_sets_the_file_aside(tmp_path: Path, status: int) -> None:
    site = site_of(tmp_path, failed=tmp_path / "failed")
    site.inbox.receipt = Receipt(Verdict.REJECT, status, "no foreign patients")
    site.drop()
    site.looks(5)
    assert len(site.inbox.envelopes) == 1
    assert site.files() == []
    assert (tmp_path / "failed/a.dcm").read_bytes() == CT.read_bytes()
    text = (tmp_path / "failed/a.dcm.reason.txt").read_text()
    assert f"no foreign patients (status 0x{status:04X})" in text


@pytest.mark.parametrize("status", [0xA700, 0x0110])
def test_a_refusal_for_now_leaves_the_file_for_another_time(site: Site, status: int) -> None:
    site.inbox.receipt = Receipt(Verdict.REJECT, status, "no space")
    site.drop()
    site.looks(60)
    tries = len(site.inbox.envelopes)
    assert 3 <= tries <= 6  # pauses of 5, 10, 20, 40 … seconds in two minutes
    assert site.files() == ["a.dcm"]
    assert site.names() == ["folder.waits"]
    site.inbox.receipt = Receipt(Verdict.SEND)
    site.time += 1000
    site.looks(1)
    assert site.files() == []


def test_a_file_may_be_moved_instead(tmp_path: Path) -> None:
    site = site_of(tmp_path, after=After.MOVE, done=tmp_path / "done")
    site.drop()
    site.looks()
    assert site.files() == []
    assert (tmp_path / "done/a.dcm").read_bytes() == CT.read_bytes()


def test_a_file_that_is_kept_is_taken_once_until_it_changes(tmp_path: Path) -> None:
    site = site_of(tmp_path, after=After.KEEP)
    site.drop()
    site.looks(10)
    assert (len(site.inbox.envelopes), site.files()) == (1, ["a.dcm"])
    site.drop("b.dcm")
    os.utime(site.path / "a.dcm", (1, 1))
    site.looks(10)
    assert (len(site.inbox.envelopes), site.files()) == (3, ["a.dcm", "b.dcm"])


def test_a_kept_file_is_remembered_over_a_restart_until_it_is_gone(tmp_path: Path) -> None:
    site = site_of(tmp_path, after=After.KEEP)
    for name in ("a.dcm", "b.dcm"):
        site.drop(name)
    site.looks(3)
    site.start()
    site.looks(3)
    assert (len(site.inbox.envelopes), len(site.ledger.files)) == (2, 2)
    (site.path / "a.dcm").unlink()
    site.looks(1)
    assert len(site.ledger.files) == 1
    site.drop("a.dcm")
    site.start()
    site.looks(3)
    assert len(site.inbox.envelopes) == 3


def test_a_kept_file_that_could_not_be_remembered_is_taken_once_more_after_a_restart(tmp_path: Path) -> None:
    """The ledger finds that it has it: better twice than never."""
    site = site_of(tmp_path, after=After.KEEP)
    site.ledger.failing = True
    site.drop()
    site.looks(4)
    assert len(site.inbox.envelopes) == 1
    assert site.names() == ["folder.not_remembered"]
    site.ledger.failing = False
    site.looks(1)
    site.start()
    site.looks(3)
    assert len(site.inbox.envelopes) == 1


def test_below_the_reserve_files_wait_and_that_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_of(tmp_path, limits=Limits(free_space=1 << 60))
    site.drop()
    site.looks(10)
    assert (site.files(), site.inbox.envelopes) == (["a.dcm"], [])
    assert site.names() == ["folder.no_room"]
    monkeypatch.setattr(site.spool, "room", lambda: Room(1 << 61, 1 << 30))
    site.looks(2)
    assert site.files() == []


def test_a_disk_that_fills_while_files_are_taken_leaves_the_others_where_they_are(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill() -> None:
        monkeypatch.setattr(site.spool, "room", lambda: Room(-1, 0))

    site.inbox.meanwhile = fill
    for number in range(20):
        site.drop(f"{number}.dcm")
    site.looks(5)
    left = len(site.files())
    assert 0 < left < 20
    monkeypatch.undo()
    site.inbox.meanwhile = lambda: None
    site.looks(1)
    assert site.files() == []


def test_a_file_that_cannot_be_removed_is_not_taken_twice(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def refuse(source: str, target: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        if src_dir_fd is not None:  # in the watched folder, not in the spool
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    site.drop()
    monkeypatch.setattr(os, "rename", refuse)
    site.looks(10)
    assert (len(site.inbox.envelopes), site.files()) == (1, ["a.dcm"])
    assert site.names() == ["folder.stays"]


def test_a_file_exchanged_while_it_was_taken_is_taken_too(site: Site) -> None:
    """Another patient's image under the same name: it must not be removed with the first."""
    other = Path(str(get_testdata_file("MR_small.dcm")))

    def exchange() -> None:
        shutil.copy(other, site.path / "new")
        (site.path / "new").rename(site.path / "a.dcm")
        site.inbox.meanwhile = lambda: None

    site.drop()
    site.inbox.meanwhile = exchange
    site.looks(4)
    instances = [envelope.key.sop_instance for envelope in site.inbox.envelopes]
    assert instances == [pydicom.dcmread(CT).SOPInstanceUID, pydicom.dcmread(other).SOPInstanceUID]
    assert [envelope.source_path for envelope in site.inbox.envelopes] == ["a.dcm", "a.dcm"]
    assert site.files() == []


def test_a_file_moved_away_meanwhile_stops_nobody(site: Site) -> None:
    site.drop("a.dcm")
    site.drop("b.dcm")
    site.inbox.meanwhile = lambda: (site.path / "a.dcm").unlink(missing_ok=True)
    site.looks(3)
    assert site.files() == []
    assert 1 <= len(site.inbox.envelopes) <= 2


def test_what_is_no_regular_file_is_left_alone_and_told_once(site: Site) -> None:
    os.mkfifo(site.path / "fifo.dcm")
    (site.path / "folder.dcm").mkdir()
    (site.path / "link.dcm").symlink_to(CT)
    site.looks(10)
    assert site.names() == ["folder.skipped"] * 3
    assert sorted(os.listdir(site.path)) == ["fifo.dcm", "folder.dcm", "link.dcm"]
    assert site.inbox.envelopes == []


def test_a_file_that_cannot_be_read_is_told_once_and_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = 0

    def refuse(*_: object) -> int:
        nonlocal opened
        opened += 1
        raise PermissionError(13, "Permission denied")

    site.drop()
    monkeypatch.setattr("dicomrules.receivers.watched.WatchedFolder.open", refuse)
    site.looks(60)
    assert site.names() == ["folder.waits"]
    assert 3 <= opened <= 6
    monkeypatch.undo()
    site.time += 1000
    site.looks(1)
    assert len(site.inbox.envelopes) == 1


def test_a_folder_that_is_not_there_is_told_once_and_found_when_it_is_back(site: Site) -> None:
    for _ in range(2):
        site.path.rename(site.root / "unmounted")
        site.looks(3)
        (site.root / "unmounted").rename(site.path)
        site.drop()
        site.looks()
    assert site.names() == ["folder.missing"] * 2
    assert len(site.inbox.envelopes) == 2


def test_a_defect_in_one_file_stops_nobody(site: Site) -> None:
    def fail() -> None:
        site.inbox.meanwhile = lambda: None
        raise RuntimeError("a defect")

    site.inbox.meanwhile = fail
    site.drop("a.dcm")
    site.drop("b.dcm")
    site.looks(2)
    assert len(site.files()) == 1
    assert site.names() == ["folder.waits"]


def test_events_hold_no_file_name(site: Site) -> None:
    """File names may hold patients' names; the inode says which file is meant."""
    inode = site.drop("DOE^JOHN.dcm", b"nonsense").stat().st_ino
    site.looks()
    (event,) = site.events
    assert event.fields["inode"] == inode
    assert "DOE" not in repr(event)


def test_it_runs_until_it_is_stopped(tmp_path: Path) -> None:
    site = site_of(tmp_path, settle=timedelta(0))
    taken = asyncio.Event()
    site.inbox.meanwhile = taken.set

    async def run() -> None:
        running = asyncio.create_task(site.watch.run())
        site.drop()
        await asyncio.wait_for(taken.wait(), 30)
        site.watch.stop()
        await asyncio.wait_for(running, 30)

    asyncio.run(run())
    assert site.files() == []
