"""The spool on a real disk, and on one that fails."""

import errno
import hashlib
import os
import stat
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from dicomrules.dicom import part10
from dicomrules.dicom.source import MemoryBytes
from dicomrules.spool import incoming as incoming_module
from dicomrules.spool.calls import Calls
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.file import DatasetBytes
from dicomrules.spool.spool import Folder, Spool
from tests.unit.spool.disk import Disk
from tests.unit.spool.material import CT, DAY, EXPLICIT, a_record, arrive, kept

CONTENT = bytes(range(256)) * 3000  # more than stays in memory


@dataclass
class Failing:
    """Lets the `at`-th call of one name fail with `code`."""

    name: str
    code: int = errno.EIO
    at: int = 1
    count: int = 0
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.names.append(name)
        self.count += name == self.name
        if name == self.name and self.count == self.at:
            raise OSError(self.code, os.strerror(self.code))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def on_disk(tmp_path: Path) -> set[str]:
    """The files under the spool, by folder and suffix."""
    root = tmp_path / "spool"
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_what_was_received_is_read_back_byte_for_byte(spool: Spool) -> None:
    ref = kept(spool, CONTENT)
    with spool.open(ref) as stored:
        assert stored.length == len(CONTENT)
        assert stored.source().read(0, len(CONTENT)) == CONTENT
        assert stored.record() == a_record(CONTENT)
        assert os.pread(stored.fd, 10, stored.dataset_offset) == CONTENT[:10]
        assert stored.meta()["MediaStorageSOPInstanceUID"] == "1.2.3.4"
        assert stored.meta()["SourceApplicationEntityTitle"] == "CT_A1"


def test_a_spool_file_is_a_dicom_file_any_tool_opens(spool: Spool, tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    whole = b"\x08\x00\x18\x00UI\x08\x001.2.3.4\x00\x10\x00\x20\x00LO\x04\x00ID-1"
    opened = pydicom.dcmread(tmp_path / "spool" / kept(spool, whole))
    assert (opened.PatientID, opened.file_meta.MediaStorageSOPInstanceUID) == ("ID-1", "1.2.3.4")
    assert (opened.file_meta.TransferSyntaxUID, opened.file_meta.SourceApplicationEntityTitle) == (EXPLICIT, "CT_A1")


def test_digest_and_length_count_from_the_first_byte_of_the_data_set(spool: Spool) -> None:
    incoming = spool.receive(CT, "1.2.3.4", EXPLICIT)
    for start in range(0, len(CONTENT), 1000):
        incoming.write(memoryview(CONTENT)[start : start + 1000])
    assert incoming.finish() == hashlib.sha256(CONTENT).hexdigest()
    assert incoming.length == len(CONTENT)
    incoming.abort()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 10),
        (DatasetBytes.WINDOW - 5, DatasetBytes.WINDOW),
        (DatasetBytes.WINDOW - 5, DatasetBytes.WINDOW + 5),
        (DatasetBytes.WINDOW + 1, DatasetBytes.WINDOW + 9),
        (1, len(CONTENT) - 1),
        (len(CONTENT) - 3, len(CONTENT)),
        (len(CONTENT) - 3, len(CONTENT) + 3),
        (len(CONTENT), len(CONTENT) + 3),
        (7, 7),
    ],
)
def test_ranges_come_from_memory_or_from_the_file_alike(spool: Spool, start: int, end: int) -> None:
    incoming = arrive(spool, CONTENT)
    source = incoming.source()
    for _ in range(2):
        assert source.read(start, end) == CONTENT[start:end]
        assert source.read(0, 4) == CONTENT[:4]
    incoming.abort()


def test_an_instance_lies_in_waiting_of_its_day_or_in_held(spool: Spool, tmp_path: Path) -> None:
    one, two = arrive(spool, b"one"), arrive(spool, b"two")
    refs = spool.commit([one.name, two.name], [False, True], DAY)
    assert refs == [f"waiting/2026-11-23/{one.name}.dcm", f"held/{two.name}.dcm"]
    assert on_disk(tmp_path) == set(refs)


def test_what_a_file_came_with_shares_all_that_becomes_of_it(spool: Spool, tmp_path: Path) -> None:
    came_with = part10.plain_head((CT, "1.2.3.4"), EXPLICIT, "THEM")
    incoming = spool.receive(CT, "1.2.3.4", EXPLICIT, "CT_A1", came_with)
    incoming.write(CONTENT)
    incoming.finish()
    spool.seal(incoming.name, a_record(CONTENT))
    (ref,) = spool.commit([incoming.name], [False], DAY)
    ref = spool.move(spool.move(ref, Folder.HELD), Folder.DONE, DAY)
    other = Spool(tmp_path / "backup")
    spool.copy_to(ref, other)
    with other.open(ref) as stored:
        assert stored.came_with() == came_with
        assert stored.meta_it_came_with() == part10.read_head(MemoryBytes(came_with)).meta
        assert stored.record() == a_record(CONTENT)
        assert bytes(stored.source().read(0, stored.length)) == CONTENT


def test_a_data_set_that_came_without_a_file_has_no_other_meta(spool: Spool) -> None:
    with spool.open(kept(spool, b"x")) as stored:
        assert stored.came_with() is None
        assert stored.meta_it_came_with() is None


def test_l06_files_and_folders_are_ours_alone_whatever_the_umask(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        kept(Spool(tmp_path / "spool"), b"x")
    finally:
        os.umask(mask)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").rglob("*")}
    assert modes == {0o700, 0o600}


def test_l06_a_spool_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir(mode=0o755)
    (tmp_path / "spool").chmod(0o755)
    with pytest.raises(SpoolError, match="others may read the spool folder"):
        Spool(tmp_path / "spool")


@pytest.mark.parametrize("uid", ["../../../x", "/etc/passwd", "..", "1.2\x003", "a" * 64])
def test_c05_nothing_received_is_part_of_a_path(spool: Spool, tmp_path: Path, uid: str) -> None:
    kept(spool, b"x", sop_instance=uid)
    (name,) = on_disk(tmp_path)
    assert len(name) == len("waiting/2026-11-23/") + 36
    assert {path.name for path in tmp_path.iterdir()} == {"spool"}


def test_s20_an_aborted_arrival_leaves_nothing(spool: Spool, tmp_path: Path) -> None:
    incoming = spool.receive(CT, "1.2.3.4", EXPLICIT)
    incoming.write(b"half of it")
    incoming.abort()
    incoming.abort()
    spool.discard(incoming.name)
    assert on_disk(tmp_path) == set()
    with pytest.raises(SpoolError):
        incoming.write(b"the other half")
    with pytest.raises(SpoolError):
        incoming.finish()


def test_nothing_of_what_is_over_stays_in_memory(spool: Spool) -> None:
    kept(spool, b"x")
    arrive(spool, b"y").abort()
    spool.discard(arrive(spool, b"z").name)
    assert spool._incoming == {}


def test_an_abort_after_the_commit_does_nothing(spool: Spool, tmp_path: Path) -> None:
    incoming = arrive(spool, b"x")
    spool.commit([incoming.name], [False], DAY)
    incoming.abort()
    assert len(on_disk(tmp_path)) == 1
    with pytest.raises(SpoolError, match="given up before"):
        spool.commit([incoming.name], [False], DAY)


def test_a_source_refuses_once_its_file_is_closed(spool: Spool) -> None:
    """The system gives the same number to the next file: another patient's."""
    incoming = arrive(spool, CONTENT)
    source = incoming.source()
    spool.commit([incoming.name], [False], DAY)
    other = arrive(spool, bytes(len(CONTENT)))
    with pytest.raises(SpoolError, match="closed"):
        source.read(len(CONTENT) - 10, len(CONTENT))
    other.abort()


def test_a_large_object_is_synced_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming_module, "SYNC_EVERY", 1000)
    disk = Disk()
    spool = Spool(Path("/state/spool"), disk, sync_threads=1)
    seen = Failing("")
    disk.before = seen
    incoming = spool.receive(CT, "1.2.3.4", EXPLICIT)
    for _ in range(25):
        incoming.write(bytes(100))
    assert seen.names.count("fdatasync") == 2


def test_moves_between_waiting_and_done_keep_the_day(spool: Spool, tmp_path: Path) -> None:
    ref = kept(spool, b"x")
    done = spool.move(ref, Folder.DONE)
    assert done == ref.replace("waiting", "done")
    assert on_disk(tmp_path) == {done}
    assert spool.move(done, Folder.WAITING) == ref


def test_a_held_instance_is_released_to_a_day(spool: Spool, tmp_path: Path) -> None:
    ref = kept(spool, b"x", held=True)
    with pytest.raises(ValueError, match="without a day"):
        spool.move(ref, Folder.WAITING)
    released = spool.move(ref, Folder.WAITING, date(2026, 12, 1))
    assert released == ref.replace("held", "waiting/2026-12-01")
    assert spool.move(released, Folder.HELD) == ref
    assert on_disk(tmp_path) == {ref}


def test_a_file_whose_move_a_power_cut_undid_is_found(spool: Spool) -> None:
    ref = kept(spool, b"x")
    spool.open(ref.replace("waiting", "done")).close()
    assert spool.move(ref.replace("waiting", "done"), Folder.DONE) == ref.replace("waiting", "done")
    spool.open(ref).close()


def test_a_removed_file_is_gone_from_wherever_it_lay(spool: Spool, tmp_path: Path) -> None:
    ref = kept(spool, b"x")
    spool.remove(ref.replace("waiting", "done"))
    spool.remove(ref)
    assert on_disk(tmp_path) == set()
    with pytest.raises(SpoolError, match="not in the spool"):
        spool.open(ref)


@pytest.mark.parametrize(
    "ref", ["", "/etc/passwd", "held/../../x.dcm", "incoming/x.part", "done/today/" + "0" * 32 + ".dcm"]
)
def test_a_ref_that_is_none_of_ours_is_refused(spool: Spool, ref: str) -> None:
    for use in (spool.open, spool.remove, lambda ref: spool.move(ref, Folder.DONE)):
        with pytest.raises(SpoolError, match="not the ref"):
            use(ref)


def test_the_stored_files_of_a_folder_are_listed_and_nothing_else(spool: Spool, tmp_path: Path) -> None:
    refs = {kept(spool, b"x"), kept(spool, b"y")}
    held = kept(spool, b"z", held=True)
    (tmp_path / "spool" / "waiting" / str(DAY) / "notes.txt").write_text("a person's")
    assert set(spool.stored(Folder.WAITING)) == refs
    assert list(spool.stored(Folder.HELD)) == [held]
    assert list(spool.stored(Folder.DONE)) == []


def test_s18_leftovers_say_what_was_being_decided(spool: Spool, tmp_path: Path) -> None:
    spool.receive(CT, "1.2.1", EXPLICIT).write(b"part of it")
    deciding = spool.receive(CT, "1.2.2", EXPLICIT)
    deciding.write(b"complete")
    deciding.finish()
    arrive(spool, b"decided and sealed", "1.2.3")
    kept(spool, b"kept", "1.2.4")
    (tmp_path / "spool" / "incoming" / ("0" * 32 + ".part")).write_bytes(b"torn")
    later = Spool(tmp_path / "spool")
    told = {(one.sop_instance, one.length, one.deciding) for one in later.leftovers()}
    assert told == {("1.2.1", 10, False), ("1.2.2", 8, True), ("1.2.3", 18, False), ("", 0, False)}
    for leftover in later.leftovers():
        later.discard(leftover.name)
    assert later.leftovers() == []
    assert len(on_disk(tmp_path)) == 1


def test_what_arrives_now_is_no_leftover(spool: Spool) -> None:
    arrive(spool, b"now")
    assert spool.leftovers() == []


def test_room_is_what_is_left_for_us(spool: Spool, tmp_path: Path) -> None:
    state = os.statvfs(tmp_path)
    room = spool.room()
    assert room.bytes == pytest.approx(state.f_bavail * state.f_frsize, rel=0.1)
    assert room.inodes > 0


def failing_spool(name: str, code: int = errno.EIO, at: int = 1) -> tuple[Spool, Disk, Failing]:
    """A spool in which the `at`-th call of this name will fail."""
    disk = Disk()
    spool = Spool(Path("/state/spool"), disk, sync_threads=1)
    kept(spool, b"an earlier one", "1.2.9")
    failing = Failing(name, code, at)
    disk.before = failing
    return spool, disk, failing


def files(disk: Disk) -> list[str]:
    """The files on the disk by folder."""
    return sorted(path.split("/")[3] for path, file in disk.names.items() if file is not None)


def test_s07_fsync_eio_is_never_success_and_never_tried_again() -> None:
    spool, disk, failing = failing_spool("fdatasync", at=2)
    one, two = arrive(spool, b"one"), arrive(spool, b"two")
    with pytest.raises(SpoolError) as caught:
        spool.commit([one.name, two.name], [False, False], DAY)
    assert caught.value.errno == errno.EIO
    assert failing.count == 2
    with pytest.raises(SpoolError):
        spool.commit([two.name], [False], DAY)
    assert failing.count == 2
    assert files(disk) == ["waiting"]
    assert kept(spool, b"another").startswith("waiting/")


def test_s07_an_eio_while_a_large_object_comes_ends_that_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming_module, "SYNC_EVERY", 1000)
    spool, disk, failing = failing_spool("fdatasync")
    incoming = spool.receive(CT, "1.2.3.4", EXPLICIT)
    with pytest.raises(SpoolError):
        incoming.write(bytes(1000))
    with pytest.raises(SpoolError, match="not used again"):
        incoming.write(bytes(1000))
    with pytest.raises(SpoolError):
        incoming.finish()
    incoming.abort()
    assert failing.count == 1
    assert files(disk) == ["waiting"]


def test_s07_after_a_folder_could_not_be_synced_the_spool_takes_nothing_more() -> None:
    spool, disk, _ = failing_spool("sync_folder")
    one = arrive(spool, b"one")
    with pytest.raises(SpoolError):
        spool.commit([one.name], [False], DAY)
    assert files(disk) == ["waiting"]
    with pytest.raises(SpoolError, match="until the gateway is started again"):
        spool.receive(CT, "1.2.3.4", EXPLICIT)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EMFILE, errno.EACCES])
@pytest.mark.parametrize("name", ["create", "pwrite", "rename", "fdatasync", "mkdir"])
def test_s09_s11_an_arrival_that_fails_anywhere_leaves_nothing_and_the_next_may_come(name: str, code: int) -> None:
    spool, disk, _ = failing_spool(name, code)
    tomorrow = date(2026, 11, 24)
    with pytest.raises(SpoolError) as caught:
        receive_and_commit(spool, tomorrow)
    assert caught.value.errno == code
    assert files(disk) == ["waiting"]
    assert disk.opened == {}
    assert receive_and_commit(spool, tomorrow).startswith("waiting/2026-11-24")


@pytest.mark.parametrize("at", range(1, 6))
@pytest.mark.parametrize("name", ["pwrite", "rename", "fdatasync"])
def test_s09_every_call_of_a_group_may_fail(name: str, at: int) -> None:
    spool, disk, failing = failing_spool(name, errno.ENOSPC, at)
    try:
        one, two = arrive(spool, b"one"), arrive(spool, b"two")
        spool.commit([one.name, two.name], [False, True], DAY)
    except SpoolError:
        for name_of in list(spool._incoming):
            spool.discard(name_of)
        assert files(disk) == ["waiting"]
    else:
        assert failing.count < at
        assert files(disk) == ["held", "waiting", "waiting"]


def receive_and_commit(spool: Spool, day: date) -> str:
    """As a receiver does it: whatever fails, the arrival is given up."""
    incoming = spool.receive(CT, "1.2.3.4", EXPLICIT)
    try:
        incoming.write(b"content")
        incoming.finish()
        spool.seal(incoming.name, a_record(b"content"))
        return spool.commit([incoming.name], [False], day)[0]
    except SpoolError:
        incoming.abort()
        raise


class ShortWrites(Calls):
    """A system that takes and gives only a few bytes at once."""

    def pwrite(self, fd: int, chunk: bytes | memoryview, offset: int) -> int:
        return os.pwrite(fd, chunk[:1000], offset)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        return os.pread(fd, min(length, 1000), offset)


def test_short_writes_and_reads_are_completed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", ShortWrites())
    with spool.open(kept(spool, CONTENT)) as stored:
        assert stored.source().read(0, len(CONTENT)) == CONTENT
        assert stored.record() == a_record(CONTENT)


def test_a_file_that_was_cut_is_an_error_and_not_a_short_read(spool: Spool, tmp_path: Path) -> None:
    ref = kept(spool, CONTENT)
    with spool.open(ref) as stored:
        os.truncate(tmp_path / "spool" / ref, stored.dataset_offset + 100)
        with pytest.raises(SpoolError, match="shorter"):
            stored.source().read(50, 200)


@pytest.mark.parametrize("damage", [b"", b"\x00" * 5000, b"GIF89a" * 900])
def test_s03_a_file_that_is_none_of_ours_cannot_be_opened(spool: Spool, tmp_path: Path, damage: bytes) -> None:
    ref = kept(spool, CONTENT)
    (tmp_path / "spool" / ref).write_bytes(damage)
    with pytest.raises(SpoolError):
        spool.open(ref)


def test_f08_a_link_under_a_ref_is_not_followed(spool: Spool, tmp_path: Path) -> None:
    ref = kept(spool, CONTENT)
    path = tmp_path / "spool" / ref
    path.rename(tmp_path / "elsewhere.dcm")
    path.symlink_to(tmp_path / "elsewhere.dcm")
    with pytest.raises(SpoolError):
        spool.open(ref)


def test_many_files_are_synced_by_a_few_threads(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", sync_threads=3)
    arrivals = [arrive(spool, f"content {n}".encode()) for n in range(16)]
    refs = spool.commit([one.name for one in arrivals], [False] * 16, DAY)
    assert set(spool.stored(Folder.WAITING)) == set(refs)
