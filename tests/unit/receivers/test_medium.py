"""Media in a watched folder: what their DICOMDIR names is taken, and nothing leads out of them."""

import os
import shutil
from pathlib import Path

import pytest

from dicomrules.model.instance import Receipt, Verdict
from dicomrules.model.receiver import After
from tests.objects import ct, file_bytes, raw_element, raw_item, raw_sequence
from tests.unit.receivers.test_folder import Site, site_of

HEAD = bytes(128) + b"DICM" + raw_element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0")


def image(number: int = 1) -> bytes:
    return file_bytes(ct(size=16, instance=number))


def directory(*ids: str, in_use: bool = True) -> bytes:
    """A DICOMDIR that names these files."""
    flag = raw_element(0x00041410, "US", b"\xff\xff" if in_use else b"\0\0")
    records = [
        raw_item(flag + raw_element(0x00041430, "CS", b"IMAGE ") + raw_element(0x00041500, "CS", padded(one)))
        for one in ids
    ]
    patient = raw_item(flag + raw_element(0x00041430, "CS", b"PATIENT "))
    return HEAD + raw_sequence(0x00041220, [patient, *records])


def padded(text: str) -> bytes:
    raw = text.encode("latin-1")
    return raw + b" " * (len(raw) % 2)


def burn(site: Site, *ids: str, without: str = "", name: str = "CD1") -> Path:
    """A medium with these files."""
    medium = site.path / name
    for number, one in enumerate(ids, 1):
        if one != without:
            place = medium.joinpath(*one.split("\\"))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(image(number))
    medium.mkdir(exist_ok=True)
    (medium / "DICOMDIR").write_bytes(directory(*ids))
    return medium


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_of(tmp_path, media=True)


def test_all_files_that_the_directory_names_are_taken_and_then_the_medium_is_removed(site: Site) -> None:
    burn(site, *(f"IMAGES\\S1\\IM{number}" for number in range(1, 13)))
    site.looks()
    assert len({envelope.key.sop_instance for envelope in site.inbox.envelopes}) == 12
    assert site.inbox.envelopes[0].source_path.startswith("CD1/IMAGES/S1/IM")
    assert (os.listdir(site.path), site.events) == ([], [])


def test_without_media_a_folder_is_left_alone(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    burn(site, "IM1")
    site.looks(3)
    assert (site.inbox.envelopes, site.files()) == ([], ["CD1/DICOMDIR", "CD1/IM1"])


def test_a_folder_without_a_directory_is_no_medium(site: Site) -> None:
    (site.path / "CD1").mkdir()
    (site.path / "CD1/a.dcm").write_bytes(image())
    site.looks(3)
    assert (site.inbox.envelopes, site.files(), site.events) == ([], ["CD1/a.dcm"], [])


def test_a_medium_that_is_still_copied_waits(site: Site) -> None:
    medium = burn(site, "IM1", "IM2", "IM3", without="IM3")
    site.looks(1)
    (medium / "IM3").write_bytes(image(3)[:1000])
    site.looks(1)
    (medium / "IM3").write_bytes(image(3))
    site.looks(2)
    assert (len(site.inbox.envelopes), site.events) == (3, [])


def test_what_the_directory_does_not_name_stays_and_that_is_told(site: Site) -> None:
    medium = burn(site, "IMAGES\\IM1")
    (medium / "VIEWER").mkdir()
    (medium / "VIEWER/viewer.exe").write_bytes(b"MZ")
    (medium / "IMAGES/extra").write_bytes(image(9))
    site.looks(4)
    assert site.files() == ["CD1/IMAGES/extra", "CD1/VIEWER/viewer.exe"]
    assert (len(site.inbox.envelopes), site.names()) == (1, ["folder.rest"])


def test_f09_a_missing_file_is_named_and_the_others_are_taken(site: Site) -> None:
    burn(site, "IM1", "IM2", "IM3", without="IM2")
    site.looks(4)
    assert len(site.inbox.envelopes) == 2
    assert "IM2: the DICOMDIR names this file, and it is not there" in site.reason("CD1")
    assert (site.receiver.failed / "CD1/DICOMDIR").exists()
    assert site.names() == ["folder.failed"]


@pytest.mark.parametrize(
    "lure",
    ["..\\secret", "..\\..\\secret", "A\\..\\..\\..\\secret", "/etc/passwd", "..", ".", "", "A/../../secret", "A\0B"],
)
def test_f09_a_file_id_never_leads_out_of_the_medium(site: Site, lure: str) -> None:
    (site.root / "secret").write_bytes(image(7))
    (site.path / "secret").write_bytes(image(8))
    burn(site, "IM1")
    (site.path / "CD1/A").mkdir()
    (site.path / "CD1/DICOMDIR").write_bytes(directory("IM1", lure))
    site.looks(3)
    assert len(site.inbox.envelopes) == 1
    if lure:
        assert "leads out of the medium" in site.reason("CD1")
    assert (site.root / "secret").exists()


@pytest.mark.parametrize("way", ["LINK", "OUT\\IM9"])
def test_f08_links_of_a_medium_are_not_followed(site: Site, way: str) -> None:
    outside = site.root / "outside"
    outside.mkdir()
    (outside / "IM9").write_bytes(image(9))
    medium = burn(site, "IM1")
    (medium / "LINK").symlink_to(outside / "IM9")
    (medium / "OUT").symlink_to(outside)
    (medium / "DICOMDIR").write_bytes(directory("IM1", way))
    site.looks(3)
    assert len(site.inbox.envelopes) == 1
    assert "link" in site.reason("CD1")
    assert (outside / "IM9").exists()


def test_small_letters_are_found_as_some_systems_show_them(site: Site) -> None:
    burn(site, "IMAGES\\IM1")
    (site.path / "CD1/IMAGES/IM1").rename(site.path / "CD1/IMAGES/im1")
    (site.path / "CD1/IMAGES").rename(site.path / "CD1/images")
    site.looks()
    assert (len(site.inbox.envelopes), os.listdir(site.path)) == (1, [])


def test_records_that_are_not_in_use_name_nothing(site: Site) -> None:
    medium = burn(site, "IM1", "IM2")
    kept, unused = directory("IM1"), directory("IM2", in_use=False)[len(HEAD) :]
    (medium / "DICOMDIR").write_bytes(kept.replace(kept[len(HEAD) :], unused))
    site.looks(3)
    assert site.inbox.envelopes == []
    assert "no DICOM object" in site.reason("CD1")


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100, directory("IM1")[:-30]])
def test_a_directory_that_cannot_be_read_sends_the_medium_to_failed(site: Site, content: bytes) -> None:
    medium = burn(site, "IM1")
    (medium / "DICOMDIR").write_bytes(content)
    site.looks(3)
    assert (site.receiver.failed / "CD1/IM1").exists()
    assert site.reason("CD1")


def test_a_medium_may_be_kept_and_is_taken_once(tmp_path: Path) -> None:
    site = site_of(tmp_path, media=True, after=After.KEEP)
    burn(site, "IM1", "IM2")
    site.looks(3)
    site.start()
    site.looks(3)
    assert (len(site.inbox.envelopes), len(site.files())) == (2, 3)


def test_a_medium_may_be_moved(tmp_path: Path) -> None:
    site = site_of(tmp_path, media=True, after=After.MOVE, done=tmp_path / "in/done")
    for _ in range(2):
        burn(site, "IM1")
        site.looks(3)
    assert site.files() == ["done/CD1/DICOMDIR", "done/CD1/IM1", "done/CD1~2/DICOMDIR", "done/CD1~2/IM1"]
    assert len(site.inbox.envelopes) == 2


def test_a_rejected_object_of_a_medium_is_named(site: Site) -> None:
    site.inbox.receipt = Receipt(Verdict.REJECT, 0xC000, "no foreign patients")
    burn(site, "IMAGES\\IM1")
    site.looks(3)
    assert "- IMAGES/IM1: no foreign patients" in site.reason("CD1")


def test_a_medium_exchanged_while_it_was_taken_is_taken_too(site: Site) -> None:
    def exchange() -> None:
        site.inbox.meanwhile = lambda: None
        shutil.rmtree(site.path / "CD1")
        burn(site, "IM7", "IM8")

    burn(site, "IM1")
    site.inbox.meanwhile = exchange
    site.looks(4)
    assert len(site.inbox.envelopes) == 3
    assert os.listdir(site.path) == []


def test_folders_deep_in_one_another_are_not_gone_through(site: Site) -> None:
    medium = burn(site, "IM1")
    deep = medium
    for _ in range(300):
        deep = deep / "d"
    deep.mkdir(parents=True)
    site.looks(3)
    assert len(site.inbox.envelopes) == 1
