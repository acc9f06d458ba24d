"""`apply` where rules make several forms of one object: each has its place, and none is written over another."""

from pathlib import Path

import pydicom

from dicomrules.model.instance import Peer
from dicomrules.pipeline.batch import Applied, apply, find
from dicomrules.rulebook.load import load
from tests.objects import ct, file_bytes

RULES = """
language 1
expects destinations pacs, research
rule all { set StudyID = "S1" }
group trial { rule p { %s } }
routes all every match { always => pacs and research through trial }
"""
NUMBER = 'set PatientID = "LUNG-1"'


def applied(folder: Path, statement: str, routes: str = "pacs and ") -> Applied:
    text = (RULES % statement).replace("pacs and ", routes)
    made = load(["a.rules"], {"a.rules": text}.__getitem__).program
    assert made is not None
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "a.dcm").write_bytes(file_bytes(ct(size=16, patient="4711")))
    (one,) = apply(made, find([folder / "in"], folder / "out"), Peer("", "", "", ""), 1)
    return one


def test_what_a_group_makes_lies_apart_from_what_the_rules_alone_make(tmp_path: Path) -> None:
    assert applied(tmp_path, NUMBER).outcome == "send"
    plain = pydicom.dcmread(tmp_path / "out" / "a.dcm")
    trial = pydicom.dcmread(tmp_path / "out" / "through trial" / "a.dcm")
    assert (plain.PatientID, plain.StudyID) == ("4711", "S1")
    assert (trial.PatientID, trial.StudyID) == ("LUNG-1", "S1")


def test_a_group_that_stops_its_form_leaves_the_other_one_and_is_told(tmp_path: Path) -> None:
    one = applied(tmp_path, 'quarantine "no number"')
    assert (one.outcome, one.reason) == ("send", "trial: no number")
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["a.dcm"]


def test_an_object_that_leaves_through_a_group_alone_is_written_in_no_other_form(tmp_path: Path) -> None:
    assert applied(tmp_path, NUMBER, routes="").outcome == "send"
    assert [path.parent.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["through trial"]


def test_a_form_that_was_not_written_when_a_run_was_cut_off_is_written_by_the_next(tmp_path: Path) -> None:
    applied(tmp_path, NUMBER)
    (tmp_path / "out" / "a.dcm").unlink()
    before = (tmp_path / "out" / "through trial" / "a.dcm").stat().st_mtime_ns
    assert applied(tmp_path, NUMBER).outcome == "send"
    assert (tmp_path / "out" / "a.dcm").exists()
    assert (tmp_path / "out" / "through trial" / "a.dcm").stat().st_mtime_ns == before
