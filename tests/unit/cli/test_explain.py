"""`explain`: codes, and what the rules make of a file."""

from collections.abc import Callable
from pathlib import Path

from dicomrules.text.codes.registry import CODES
from tests.objects import ct, file_bytes
from tests.unit.cli.conftest import call, call_json

Golden = Callable[[str, str], None]


def test_explain_shows_every_rule_clause_change_and_arm(site: Path, golden: Golden) -> None:
    golden("explain", call("explain", "ct.dcm", "--calling", "CT_A1").stdout)


def test_explain_shows_verdicts_and_what_they_are_about(site: Path, golden: Golden) -> None:
    (site / "long.dcm").write_bytes(file_bytes(ct(size=16, patient="4711" * 16)))
    golden("explain_quarantine", call("explain", "long.dcm", "--rules", "site.rules").stdout)


def test_explain_writes_an_else_arm_as_it_stands_in_the_file(site: Path) -> None:
    assert "- clinical  else => archive" in call("explain", "ct.dcm").stdout


def test_explain_as_json_is_the_decision(site: Path) -> None:
    decision = call_json("explain", "ct.dcm")
    assert decision["verdict"] == "send"
    assert decision["variants"][0]["destinations"] == ["pacs", "archive"]
    assert "patch" not in decision["variants"][0]
    assert [hit["rule"] for hit in decision["hits"]] == ["prefix", "chest", "clinical", "clinical"]
    assert decision["hits"][0]["because"][0] == {
        "text": "PatientID is present",
        "seen": "4711",
        "answer": True,
        "place": "site.rules:6:8",
    }


def test_explain_a_code_says_why_with_examples() -> None:
    shown = call("explain", "dr301").stdout
    assert "DR301" in shown
    assert "wrong" in shown
    assert "right" in shown
    assert all(len(line) <= 80 for line in shown.split("\n"))


def test_every_code_can_be_explained() -> None:
    for code in CODES:
        assert code in call("explain", code).stdout


def test_an_unknown_code_gets_the_nearest_one() -> None:
    assert "no code DR999" in call("explain", "DR999", code=2).stderr


def test_explain_says_why_a_file_cannot_be_read(site: Path) -> None:
    (site / "text.dcm").write_text("This is a text file. " * 50)
    assert "text.dcm: no whole DICOM object" in call("explain", "text.dcm", code=2).stderr
    assert "no such file" in call("explain", "nowhere.dcm", code=2).stderr
    assert "is no file but a folder" in call("explain", ".", code=2).stderr


def test_explain_with_rules_that_have_errors_shows_them(site: Path) -> None:
    (site / "bad.rules").write_text('language 1\nrule one {\n  set PatientId = "A"\n}\n')
    assert "did you mean" in call("explain", "ct.dcm", "--rules", "bad.rules", code=2).stderr


def test_explain_without_rules_says_how_to_name_them(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    assert "--rules FILE" in call("explain", "ct.dcm", code=2).stderr


def test_a_receiver_that_the_gateway_file_lacks_is_refused_with_the_one_that_was_meant(site: Path) -> None:
    assert "did you mean `modalities`?" in call("explain", "ct.dcm", "--receiver", "modalites", code=2).stderr
    assert "the gateway file has: modalities" in call("explain", "ct.dcm", "--receiver", "x", code=2).stderr
    assert call("explain", "ct.dcm", "--receiver", "modalities").stdout
    assert call("explain", "ct.dcm", "--rules", "site.rules", "--receiver", "anything").stdout
