"""`apply` as a command: its summary, its report, its exit codes."""

import fcntl
import json
import os
from pathlib import Path

import pydicom

from tests.objects import ct, file_bytes
from tests.unit.cli.conftest import call, call_json


def folder_of_images(site: Path, count: int = 3) -> Path:
    folder = site / "images"
    (folder / "below").mkdir(parents=True)
    for number in range(count):
        place = folder / "below" if number % 2 else folder
        (place / f"{number}.dcm").write_bytes(file_bytes(ct(size=16, instance=number)))
    return folder


def test_apply_writes_the_tree_anew_and_sums_up(site: Path) -> None:
    folder_of_images(site)
    shown = call("apply", "images", "-o", "out", "--workers", "1").stdout
    assert "3 files in" in shown
    assert "3  written" in shown
    assert "prefix      3" in shown
    assert sorted(each.relative_to(site).as_posix() for each in (site / "out").rglob("*.dcm")) == [
        "out/0.dcm",
        "out/2.dcm",
        "out/below/1.dcm",
    ]
    assert pydicom.dcmread(site / "out/below/1.dcm").PatientID == "SITEA-4711"


def test_apply_again_writes_nothing_again(site: Path) -> None:
    folder_of_images(site)
    call("apply", "images", "-o", "out", "--workers", "1")
    before = {each: each.stat().st_mtime_ns for each in (site / "out").rglob("*.dcm")}
    assert "3  there already" in call("apply", "images", "-o", "out").stdout
    assert before == {each: each.stat().st_mtime_ns for each in (site / "out").rglob("*.dcm")}


def test_apply_over_workers_does_the_same(site: Path) -> None:
    folder_of_images(site, 100)
    summary = call_json("apply", "images", "-o", "out", "--workers", "2")
    assert summary == {"files": 100, "outcomes": {"send": 100}, "rules": {"prefix": 100}, "reasons": {}}


def test_apply_ends_with_1_when_a_file_failed_and_says_which_in_the_report(site: Path) -> None:
    (folder_of_images(site, 1) / "bad.dcm").write_text("no image " * 100)
    shown = call("apply", "images", "-o", "out", "--report", "report.jsonl", "--workers", "1", code=1).stdout
    assert "1  failed: no whole DICOM object" in shown
    lines = [json.loads(line) for line in (site / "report.jsonl").read_text().splitlines()]
    assert [(each["file"], each["outcome"]) for each in lines] == [
        ("images/0.dcm", "send"),
        ("images/bad.dcm", "failed"),
    ]
    assert lines[0]["rules"] == ["prefix"]
    assert lines[1]["reason"].startswith("no whole DICOM object")


def test_what_rules_hold_or_refuse_is_counted_and_not_written(site: Path) -> None:
    (site / "long.dcm").write_bytes(file_bytes(ct(size=16, patient="4711" * 16)))
    shown = call("apply", "long.dcm", "-o", "out", "--workers", "1").stdout
    assert "1  quarantined (not written)" in shown
    assert "quarantine: patient number too long" in shown
    assert list((site / "out").iterdir()) == []


def test_apply_takes_ae_titles_and_parameters_for_granted(site: Path) -> None:
    (site / "who.rules").write_text(
        'language 1\nparameter word = "A"\n'
        'rule who {\n  set ImageComments = word + " " + calling_aet otherwise keep\n}\n'
    )
    call(
        "apply",
        "ct.dcm",
        "-o",
        "out",
        "--rules",
        "who.rules",
        "--calling",
        "CT_A1",
        "--set",
        "word=B",
        "--workers",
        "1",
    )
    assert pydicom.dcmread(site / "out/ct.dcm").ImageComments == "B CT_A1"


def test_apply_into_a_folder_that_it_reads_is_refused(site: Path) -> None:
    folder_of_images(site)
    assert "choose a folder beside it" in call("apply", "images", "-o", "images/out", code=2).stderr


def test_two_runs_into_one_folder_are_refused(site: Path) -> None:
    (site / "out").mkdir()
    other = os.open(site / "out", os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    assert "another run writes into out" in call("apply", "ct.dcm", "-o", "out", code=75).stderr
    os.close(other)
    call("apply", "ct.dcm", "-o", "out", "--workers", "1")


def test_apply_without_a_folder_to_write_to_ends_with_74(site: Path) -> None:
    (site / "file").touch()
    (site / "report").mkdir()
    assert "cannot be used" in call("apply", "ct.dcm", "-o", "file/out", code=74).stderr
    call("apply", "ct.dcm", "-o", "out", "--report", "report", code=2)
    assert "report" in call("apply", "ct.dcm", "-o", "out", "--report", "nowhere/report", code=74).stderr
