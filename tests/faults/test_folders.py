"""F: watched folders and files, against a running gateway."""

import io
import os
import signal
import socket
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from dicomrules.dicom import part10
from dicomrules.dicom.source import MemoryBytes
from dicomrules.receivers.settling import CAPACITY, Look, Settling
from tests.faults.admitting import Admitting, admitting
from tests.faults.processes import intake_and_delivery
from tests.objects import ct, data_set_bytes, file_bytes, raw_element, raw_item, raw_sequence
from tests.peers.running import until
from tests.unit.receivers.test_folder import site_of

HEAD = bytes(128) + b"DICM" + raw_element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admitting]:
    with admitting(tmp_path_factory.mktemp("folders")) as running:
        yield running


def image(study: int, instance: int = 1, size: int = 16, patient: str = "4711") -> tuple[str, bytes]:
    """SOP Instance UID and file of an image; each case has a study of its own."""
    one = ct(size=size, instance=instance, study=study, patient=patient)
    return str(one.SOPInstanceUID), file_bytes(one)


def test_f01_a_file_that_is_still_written_is_not_taken_before_it_is_whole(site: Admitting) -> None:
    uid, content = image(101, size=64)
    with (site.folder / "in/slow.dcm").open("wb", buffering=0) as file:
        for start in range(0, len(content), 500):
            file.write(content[start : start + 500])
            time.sleep(0.05)
        assert site.of(uid) == []
        time.sleep(1.0)  # its size stands still, it is whole, and it is open
        file.write(b"")
        assert site.of(uid) == []
    site.arrived([uid])
    site.gone(site.folder / "in/slow.dcm")
    assert not (site.folder / "failed/slow.dcm").exists()
    assert len(site.of(uid)) == 1


def test_f01_a_file_of_which_a_part_is_missing_is_never_queued(site: Admitting) -> None:
    uid, content = image(102)
    site.drop("torn.dcm", content[:-20])
    assert "cut" in site.reason("torn.dcm")
    assert (site.folder / "failed/torn.dcm").read_bytes() == content[:-20]
    assert site.of(uid) == []


def test_f02_the_same_file_again_renamed_or_linked_is_one_item(site: Admitting) -> None:
    uid, content = image(103)
    first = site.drop("one.dcm", content)
    os.link(first, site.folder / "in/linked.dcm")
    second = site.drop("again.dcm", content)
    site.gone(first, second, site.folder / "in/linked.dcm")
    site.arrived([uid])
    third = site.drop("one.dcm", content)
    site.gone(third)
    assert len(site.of(uid)) == 1


def test_f02_files_moved_away_under_our_hands_cost_nothing(site: Admitting) -> None:
    uids = []
    for number in range(20):
        uid, content = image(104, number, size=128)
        path = site.drop(f"away{number}.dcm", content)
        if number % 2:
            time.sleep(0.03)
            moved = path.rename(site.folder / f"moved{number}") if path.exists() else None
            assert moved is None or moved.exists()
        else:
            uids.append(uid)
    site.arrived(uids)


def test_f03_a_file_is_in_the_folder_or_in_the_queue_and_never_in_neither(site: Admitting) -> None:
    uids, paths = [], []
    for number in range(120):
        uid, content = image(105, number, size=48)
        uids.append(uid)
        paths.append(site.drop(f"kill{number}.dcm", content))
        if number == 50:  # once: three deaths in a minute end a gateway
            before = site.gateway.output().count("ready again")
            os.kill(intake_and_delivery(site.gateway)[0], signal.SIGKILL)
            until(lambda: site.gateway.output().count("ready again") > before, 30, "intake to be back")  # noqa: B023
    site.arrived(uids, 60)
    site.gone(*paths)
    assert not list((site.folder / "failed").glob("kill*"))
    assert len(site.of(uids[0])) == 1


def test_f03_an_archive_survives_a_kill_and_nothing_of_it_is_delivered_twice(site: Admitting) -> None:
    buffer, uids = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(150):
            uid, content = image(106, number)
            uids.append(uid)
            archive.writestr(f"IMAGES/IM{number:06}", content)
    path = site.drop("CD.zip", buffer.getvalue())
    until(lambda: sum(bool(site.of(uid)) for uid in uids) > 20, 60, "some of the archive")
    before = site.gateway.output().count("ready again")
    os.kill(intake_and_delivery(site.gateway)[0], signal.SIGKILL)
    until(lambda: site.gateway.output().count("ready again") > before, 30, "intake to be back")
    site.arrived(uids, 60)
    site.gone(path)
    assert sum(len(site.of(uid)) for uid in uids) == len(uids)


def test_f05_names_of_any_bytes_are_taken(site: Admitting) -> None:
    names = [
        b"n" * 251 + b".dcm",
        b"line\nbreak.dcm",
        b"\xff\xfe\x80.dcm",
        b"-rf.dcm",
        b"%n{0}$(id).dcm",
        "日本.dcm".encode(),
    ]
    uids = []
    for number, name in enumerate(names):
        uid, content = image(108, number)
        uids.append(uid)
        site.drop(name, content)
    site.arrived(uids)
    log = site.gateway.output()
    assert not any(name[:8].decode("latin-1") in log for name in names)


def test_f05_files_without_number_cost_no_more_memory_than_ten_thousand() -> None:
    settling = Settling(2.0)
    tracemalloc.start()
    try:
        offers = settling.look(((f"{number:07}.dcm", Look(1, number, 1, 1)) for number in range(300_000)), 0.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert offers == []
    assert peak < CAPACITY * 2000
    assert len(settling.look([("a.dcm", Look(1, 1, 1, 1))], 10.0)) == 0


def test_f06_what_is_no_regular_file_is_left_alone_and_told_once(site: Admitting) -> None:
    watched = site.folder / "in"
    os.mkfifo(watched / "fifo.dcm")
    (watched / "folder.dcm").mkdir()
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(watched)  # the path of a socket is short
    try:
        listener.bind("socket.dcm")
    finally:
        os.chdir(here)
    uid, content = image(109)
    site.drop("behind.dcm", content)
    site.arrived([uid])
    until(lambda: site.gateway.output().count("not a regular file") >= 3, 20, "them to be told of")
    said = site.gateway.output().count("not a regular file")
    time.sleep(1.5)
    assert site.gateway.output().count("not a regular file") == said
    listener.close()


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.dcm", b"This is a text. " * 100), ("empty.dcm", b""), ("archive.dcm", b"PK\3\4" + bytes(500))],
)
def test_f06_what_is_no_object_goes_to_failed_with_the_reason(site: Admitting, name: str, content: bytes) -> None:
    site.drop(name, content)
    assert "0xC000" in site.reason(name)
    assert (site.folder / "failed" / name).read_bytes() == content


def test_f06_a_sparse_file_of_a_terabyte_is_not_read(site: Admitting) -> None:
    with (site.folder / "in/sparse.dcm").open("wb") as file:
        file.truncate(1 << 40)
    assert "limits.object" in site.reason("sparse.dcm")
    (site.folder / "failed/sparse.dcm").unlink()


def test_f06_what_a_rule_rejects_goes_to_failed_with_its_reason(site: Admitting) -> None:
    uid, content = image(110, patient="REJECTED")
    site.drop("stranger.dcm", content)
    assert "no foreign patients" in site.reason("stranger.dcm")
    assert (site.folder / "failed/stranger.dcm").read_bytes() == content
    assert site.of(uid) == []


def test_f07_a_file_that_may_not_be_read_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a real watch in this process: nothing is hidden from the user that most of these tests run as."""
    one = site_of(tmp_path)
    opened, real = [], os.open

    def refusing(path: str, *rest: int, **where: int) -> int:
        if path == "secret.dcm":
            opened.append(path)
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **where)

    one.drop("secret.dcm")
    monkeypatch.setattr(os, "open", refusing)
    one.looks(120)  # four minutes
    monkeypatch.undo()
    assert (one.names(), one.files()) == (["folder.waits"], ["secret.dcm"])
    assert 3 <= len(opened) <= 8
    one.time += 1000
    one.looks(1)
    assert one.files() == []


def test_f08_links_are_not_followed(site: Admitting) -> None:
    uid, content = image(111)
    outside = site.folder / "outside.dcm"
    outside.write_bytes(content)
    before = site.gateway.output().count("not a regular file")
    (site.folder / "in/link.dcm").symlink_to(outside)
    until(lambda: site.gateway.output().count("not a regular file") > before, 20, "the link to be told of")
    assert (site.of(uid), outside.read_bytes()) == ([], content)
    (site.folder / "in/link.dcm").unlink()


def test_f08_a_folder_swapped_for_a_link_while_it_is_looked_at_changes_nothing(tmp_path: Path) -> None:
    """With a real watch in this process, so that the swap comes between looking and removing."""
    one = site_of(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.dcm").write_bytes(b"somebody else's")

    def swap() -> None:
        one.path.rename(tmp_path / "before")
        one.path.symlink_to(outside)

    one.drop("a.dcm")
    one.inbox.meanwhile = swap
    one.looks(2)
    assert len(one.inbox.envelopes) == 1
    assert (outside / "a.dcm").read_bytes() == b"somebody else's"
    assert os.listdir(tmp_path / "before") == []


def directory(*ids: bytes) -> bytes:
    """A DICOMDIR that names these files."""
    records = [raw_item(raw_element(0x00041500, "CS", one + b" " * (len(one) % 2))) for one in ids]
    return HEAD + raw_sequence(0x00041220, records)


def test_f09_a_dicomdir_leads_nowhere_but_into_its_medium(site: Admitting) -> None:
    uid, content = image(112, 1)
    lure, lured = image(112, 2)
    (site.folder / "secret").write_bytes(lured)
    building = site.folder / "building"
    (building / "IMAGES").mkdir(parents=True)
    (building / "IMAGES/IM1").write_bytes(content)
    (building / "DICOMDIR").write_bytes(directory(b"IMAGES\\IM1", b"..\\..\\secret", b"/etc/passwd", b"IMAGES\\IM2"))
    building.rename(site.folder / "in/CD1")
    note = site.reason("CD1")
    assert note.count("leads out of the medium") == 2
    assert "IMAGES/IM2: the DICOMDIR names this file, and it is not there" in note
    site.arrived([uid])
    assert site.of(lure) == []
    assert (site.folder / "secret").read_bytes() == lured


@pytest.mark.parametrize("beginning", [b"MZ\x90\0", b"\x7fELF", b"II*\0"])
def test_f10_a_preamble_that_is_a_program_does_not_leave(site: Admitting, beginning: bytes) -> None:
    uid, content = image(113, beginning[0])
    theirs = raw_element(0x00020017, "AE", b"THE MODALITY") + raw_element(0x00020100, "UI", b"1.2.3\0")
    theirs += raw_element(0x00020102, "OB", b"what only they know ")
    start = part10.read_head(MemoryBytes(content)).dataset_start
    content = content[128:start] + theirs + content[start:]
    site.drop(f"program{beginning[0]}.dcm", beginning + b"\xcc" * (128 - len(beginning)) + content)
    site.arrived([uid])
    until(lambda: list((site.folder / "out").rglob(f"{uid}.dcm")), 20, "the file")
    (written,) = (site.folder / "out").rglob(f"{uid}.dcm")
    assert written.read_bytes()[:132] == bytes(128) + b"DICM"
    left = pydicom.dcmread(written)
    assert left.SOPInstanceUID == left.file_meta.MediaStorageSOPInstanceUID == uid
    assert left.file_meta.SendingApplicationEntityTitle == "THE MODALITY"
    assert left.file_meta.PrivateInformation == b"what only they know "
    assert left.file_meta.ImplementationClassUID == part10.IMPLEMENTATION_CLASS_UID
    assert beginning not in site.of(uid)[0].data_set[:200]


def test_kept_files_are_taken_once_over_a_restart(tmp_path: Path) -> None:
    with admitting(tmp_path) as site:
        uid, content = image(120)
        site.drop("a.dcm", content, into="kept")
        site.arrived([uid])
        until(lambda: site.received("kept")["instances"] == 1, 10, "it to be counted")
        time.sleep(0.5)
        assert site.gateway.stop() == 0
        site.gateway.start()
        other, content = image(120, 2)
        site.drop("b.dcm", content, into="kept")
        site.arrived([other])
        assert site.received("kept")["duplicates"] == 0
        assert sorted(path.name for path in (site.folder / "kept").iterdir()) == ["a.dcm", "b.dcm"]


def test_files_of_eight_writers_at_once_all_arrive(site: Admitting) -> None:
    uids: list[str] = []

    def write(writer: int) -> None:
        for number in range(10):
            uid, content = image(130 + writer, number)
            uids.append(uid)
            (site.folder / f"in/.w{writer}").write_bytes(content)
            (site.folder / f"in/.w{writer}").rename(site.folder / f"in/w{writer}-{number}.dcm")

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    site.arrived(uids)
    assert data_set_bytes(ct(size=16, instance=3, study=133)) == site.of(uids[uids.index(image(133, 3)[0])])[0].data_set


# Last: after it the system's notices are about the folder that was away, and looks go by the clock


def test_f04_a_folder_that_is_away_and_comes_back_is_looked_through(site: Admitting) -> None:
    watched, elsewhere = site.folder / "in", site.folder / "unmounted"
    watched.rename(elsewhere)
    until(lambda: "a watched folder cannot be read" in site.gateway.output(), 30, "the folder to be missed")
    uid, content = image(107)
    (elsewhere / "back.dcm").write_bytes(content)  # nobody is told of it
    elsewhere.rename(watched)
    site.arrived([uid])
