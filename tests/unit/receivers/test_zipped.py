"""ZIP archives in a watched folder: what is taken of them, and what they cannot do to us."""

import io
import os
import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from dicomrules.model.instance import Receipt, Verdict
from dicomrules.model.receiver import After, Limits
from tests.objects import ct, file_bytes
from tests.unit.receivers.test_folder import Site, site_of
from tests.unit.receivers.test_medium import directory

Members = Mapping[str, bytes]


def image(number: int = 1) -> bytes:
    return file_bytes(ct(size=16, instance=number))


def packed(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_of(tmp_path, zip="*.zip")


def test_every_object_of_an_archive_is_taken_and_then_it_is_removed(site: Site) -> None:
    site.drop("CD.zip", packed({f"IMAGES/IM{number}": image(number) for number in range(1, 21)}))
    site.looks()
    assert len({envelope.key.sop_instance for envelope in site.inbox.envelopes}) == 20
    assert site.inbox.envelopes[0].source_path.startswith("CD.zip/IMAGES/IM")
    assert (site.files(), site.events) == ([], [])
    assert os.listdir(site.root / "spool/incoming") == []


def test_without_zip_an_archive_is_a_file_like_any_other(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    site.drop("CD.zip", packed({"a.dcm": image()}))
    site.looks(4)
    assert (site.files(), site.inbox.envelopes) == (["CD.zip"], [])


def test_what_is_no_object_and_not_meant_to_be_one_is_passed_over(site: Site) -> None:
    site.drop("CD.zip", packed({"a": image(), "viewer.exe": b"MZ" * 500, "autorun.inf": b"", "DICOMDIR": image(2)}))
    site.looks()
    assert (len(site.inbox.envelopes), site.files()) == (1, [])


@pytest.mark.parametrize("name", ["broken.dcm", "IM000002"])
def test_an_object_that_is_not_whole_sends_the_archive_to_failed_and_the_others_are_taken(
    site: Site, name: str
) -> None:
    site.drop("CD.zip", packed({"one.dcm": image(1), name: image(2)[:-100], "three.dcm": image(3)}))
    site.looks(4)
    assert len(site.inbox.envelopes) == 2
    assert site.files() == ["failed/CD.zip", "failed/CD.zip.reason.txt"]
    note = site.reason("CD.zip")
    assert "1 of its objects could not be taken, 2 were" in note
    assert f"- {name}: " in note
    (event,) = site.events
    assert (event.name, name in repr(event)) == ("folder.failed", False)


def test_files_that_a_directory_of_a_medium_names_and_that_are_not_there_are_named(site: Site) -> None:
    named = directory("IMAGES\\IM1", "IMAGES\\IM2", "IM3.IMG", "..\\IM4")
    members = {"disc/DICOMDIR": named, "disc/images/im1": image(1), "disc/im3.img": image(3), "im4": image(4)}
    site.drop("CD.zip", packed(members))
    site.looks(4)
    assert len(site.inbox.envelopes) == 3, "what is there is taken, whether the directory names it or not"
    assert "2 of its objects could not be taken, 3 were" in site.reason("CD.zip")
    for name in ("disc/IMAGES/IM2", "disc/../IM4"):
        assert f"- {name}: the DICOMDIR names this file, and it is not in the archive" in site.reason("CD.zip")


def test_what_a_directory_of_a_medium_names_is_meant_to_be_an_object(site: Site) -> None:
    site.drop("CD.zip", packed({"DICOMDIR": directory("A.TXT"), "a.txt": b"no object", "b.txt": b"a letter"}))
    site.looks(4)
    assert "- a.txt: " in site.reason("CD.zip")
    assert "b.txt" not in site.reason("CD.zip")


def test_a_directory_of_a_medium_that_cannot_be_read_sends_the_archive_to_failed_and_the_objects_are_taken(
    site: Site,
) -> None:
    site.drop("CD.zip", packed({"DICOMDIR": directory("IM1")[:-9], "IM1": image()}))
    site.looks(4)
    assert len(site.inbox.envelopes) == 1
    assert "- DICOMDIR: its DICOMDIR cannot be read" in site.reason("CD.zip")


def test_an_archive_of_a_whole_medium_is_taken_and_removed(site: Site) -> None:
    site.drop("CD.zip", packed({"DICOMDIR": directory("IMAGES\\IM1"), "IMAGES/IM1": image(), "README.TXT": b"hello"}))
    site.looks()
    assert (len(site.inbox.envelopes), site.files(), site.events) == (1, [], [])


def test_an_archive_without_objects_goes_to_failed(site: Site) -> None:
    site.drop("letters.zip", packed({"letter.doc": b"Dear colleague"}))
    site.looks()
    assert "no DICOM object" in site.reason("letters.zip")


def test_names_that_lead_elsewhere_lead_nowhere(site: Site) -> None:
    """Nothing is unpacked under a name: the objects are taken, and no file is made anywhere."""
    names = [
        "../../out.dcm",
        "/tmp/out.dcm",
        "C:\\out.dcm",
        "..\\..\\out.dcm",
        "a/../../../out.dcm",
        "out\n\x1b[2J.dcm",
    ]
    before = sorted(str(path) for path in site.root.rglob("*"))
    site.drop("slip.zip", packed({name: image(number) for number, name in enumerate(names, 1)}))
    site.looks()
    assert len(site.inbox.envelopes) == len(names)
    assert sorted(str(path) for path in site.root.rglob("*")) == before
    assert not Path("/tmp/out.dcm").exists()


def test_links_are_not_followed_and_devices_not_made(site: Site) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.dcm", image())
        for name, kind in (("link.dcm", stat.S_IFLNK), ("fifo.dcm", stat.S_IFIFO), ("disk.dcm", stat.S_IFBLK)):
            special = zipfile.ZipInfo(name)
            special.external_attr = (kind | 0o777) << 16
            archive.writestr(special, "/etc/passwd")
    site.drop("links.zip", buffer.getvalue())
    site.looks()
    assert (len(site.inbox.envelopes), site.files()) == (1, [])


def test_an_archive_in_an_archive_is_not_opened_and_not_thrown_away(site: Site) -> None:
    inner = packed({"b.dcm": image(2)})
    site.drop("outer.zip", packed({"a.dcm": image(1), "inner.zip": inner}))
    site.looks(4)
    assert len(site.inbox.envelopes) == 1
    assert "inner.zip: an archive in the archive" in site.reason("outer.zip")
    assert (site.receiver.failed / "outer.zip").exists()


def test_an_encrypted_archive_goes_to_failed(site: Site) -> None:
    raw = bytearray(packed({"a.dcm": image()}))
    raw[6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    site.drop("secret.zip", bytes(raw))
    site.looks()
    assert "encrypted" in site.reason("secret.zip")
    assert site.inbox.envelopes == []


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_named(site: Site, method: int) -> None:
    site.drop("other.zip", packed({"a.dcm": image()}, method))
    site.looks()
    assert "deflate" in site.reason("other.zip")


@pytest.mark.parametrize("cut", [10, 60, 500])
def test_an_archive_that_is_cut_goes_to_failed(site: Site, cut: int) -> None:
    site.drop("cut.zip", packed({"a.dcm": image()})[:-cut])
    site.looks()
    assert "ZIP" in site.reason("cut.zip")


def test_a_member_whose_checksum_is_wrong_is_not_taken(site: Site) -> None:
    raw = bytearray(packed({"a.dcm": image()}, zipfile.ZIP_STORED))
    raw[raw.index(b"PK\1\2") - 50] ^= 1
    site.drop("turned.zip", bytes(raw))
    site.looks()
    assert "a.dcm: it is damaged" in site.reason("turned.zip")
    assert site.inbox.envelopes == []
    assert os.listdir(site.root / "spool/incoming") == []


def test_a_bomb_is_left_before_it_has_grown(tmp_path: Path) -> None:
    site = site_of(tmp_path, zip="*.zip", limits=Limits(archive=3_000_000, free_space=0, free_inodes=0))
    members = {f"{number}.dcm": image()[:200] + bytes(1_000_000) for number in range(50)}
    site.drop("bomb.zip", packed(members))
    site.looks()
    note = site.reason("bomb.zip")
    assert "limits.archive" in note
    assert note.count("\n- ") < 12  # it was left, not gone through
    assert os.listdir(site.root / "spool/incoming") == []


def test_an_archive_that_grows_a_thousandfold_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomrules.receivers.zipped._HARMLESS", 1_000_000)
    site.drop("bomb.zip", packed({f"{number}.dcm": image()[:200] + bytes(3_000_000) for number in range(5)}))
    site.looks()
    assert "more than 100 times its length" in site.reason("bomb.zip")


def test_sizes_that_an_archive_states_are_not_believed(site: Site) -> None:
    raw = bytearray(packed({"a.dcm": image()}))
    at = raw.index(b"PK\1\2")
    raw[at + 24 : at + 28] = struct.pack("<L", 100)
    site.drop("small.zip", bytes(raw))
    site.looks()
    assert site.inbox.envelopes == []
    assert "a.dcm: " in site.reason("small.zip")


def test_a_directory_that_is_too_long_is_not_read(site: Site) -> None:
    raw = bytearray(packed({"a.dcm": image()}))
    at = raw.rindex(b"PK\5\6")
    raw[at + 12 : at + 16] = struct.pack("<L", 0x7FFFFFFF)
    site.drop("long.zip", bytes(raw))
    site.looks()
    assert "100000 members" in site.reason("long.zip")


def test_a_rejected_member_is_named(site: Site) -> None:
    site.inbox.receipt = Receipt(Verdict.REJECT, 0xC000, "no foreign patients")
    site.drop("CD.zip", packed({"a.dcm": image()}))
    site.looks()
    assert "- a.dcm: no foreign patients" in site.reason("CD.zip")


def test_an_archive_waits_when_an_object_cannot_be_kept_now_and_all_of_it_is_taken_later(site: Site) -> None:
    site.inbox.receipt = Receipt(Verdict.REJECT, 0xA700, "no space")
    site.drop("CD.zip", packed({f"{number}.dcm": image(number) for number in range(20)}))
    site.looks(2)
    assert site.files() == ["CD.zip"]
    assert len(site.inbox.envelopes) < 20  # no use trying them all
    site.inbox.receipt = Receipt(Verdict.SEND)
    site.time += 1000
    site.looks()
    assert site.files() == []
    assert len({envelope.key.sop_instance for envelope in site.inbox.envelopes}) == 20


def test_a_kept_archive_is_taken_once(tmp_path: Path) -> None:
    site = site_of(tmp_path, zip="*.zip", after=After.KEEP)
    site.drop("CD.zip", packed({"a.dcm": image()}))
    site.looks(4)
    site.start()
    site.looks(4)
    assert (len(site.inbox.envelopes), site.files()) == (1, ["CD.zip"])
