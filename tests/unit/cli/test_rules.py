"""`validate` and `test`, `fmt`: what is known about rules before anything runs."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.unit.cli.conftest import RULES, call, call_json

BAD = 'language 1\nrule one {\n  set PatientId = "A"\n}\n'


def test_validate_without_a_path_takes_the_gateway_of_this_folder(site: Path) -> None:
    assert call("validate").stdout == "gateway.yaml: no problems\n"


def test_validate_shows_findings_on_stderr_and_counts_them_on_stdout(site: Path) -> None:
    (site / "bad.rules").write_text(BAD)
    result = call("validate", "bad.rules", code=1)
    assert "bad.rules:3:7" in result.stderr
    assert "did you mean" in result.stderr
    assert "1 error" in result.stdout


def test_validate_takes_warnings_as_findings_only_when_strict(site: Path) -> None:
    (site / "warns.rules").write_text('language 1\nrule one {\n  set PatientID = "A"\n}\n')
    assert "1 warning" in call("validate", "warns.rules").stdout
    call("validate", "--strict", "warns.rules", code=1)


def test_validate_names_what_no_test_reaches_when_strict(site: Path) -> None:
    rules = 'language 1\nrule one {\n  when Modality == "CT"\n  empty StationName\n}\n'
    (site / "untested.rules").write_text(rules)
    assert call("validate", "untested.rules").stdout == "untested.rules: no problems\n"
    assert "these rules have no test" in call("validate", "--strict", "untested.rules", code=1).stderr
    two = rules + rules.replace("language 1", "").replace("one", "two").replace("CT", "MR")
    (site / "untested.rules").write_text(two + 'test "CT" {\n  given Modality = "CT"\n  expect fired one\n}\n')
    said = call("validate", "--strict", "untested.rules", code=1).stderr
    assert "no test reaches rule `two`" in said
    assert "untested.rules:7:6" in said
    assert "rule `one`" not in said


def test_validate_asks_destinations_only_when_told_to(site: Path) -> None:
    text = (site / "gateway.yaml").read_text()
    assert call("validate").stdout == "gateway.yaml: no problems\n"
    (site / "file").write_bytes(b"")
    gateway = text + f"  full: {{folder: {{path: {site / 'file'}}}}}\n"
    (site / "gateway.yaml").write_text(gateway)
    said = call("validate", "--environment", code=1).stderr
    assert "[DR612]: the folder of `full` cannot be written" in said


def test_validate_names_what_was_too_large_to_look_at_when_asked(site: Path) -> None:
    arms = "".join(f'  when StationName == "S{n}" and Rows > {n} => pacs\n' for n in range(40))
    text = "language 1\nexpects destinations pacs\n"
    (site / "large.rules").write_text(f'{text}routes r first match {{\n{arms}  else => nowhere "no"\n}}\n')
    every = [
        line for line in call("validate", "--verbose", "large.rules").stdout.splitlines() if "not analysed" in line
    ]
    assert all(line.startswith("not analysed: large.rules:") for line in every)
    shown = call("validate", "large.rules").stdout
    assert "not analysed" not in shown
    assert f"{len(every)} places were too much to look at, and may hide findings: --verbose names them" in shown
    assert "too much" not in call("validate").stdout


def test_validate_counts_what_was_left_out_beside_errors(site: Path) -> None:
    arms = "".join(f'  when StationName == "S{n}" and Rows > {n} => pacs\n' for n in range(40))
    text = "language 1\nexpects destinations pacs\nrule r { when Rows > 2 and Rows < 1 empty StationName }\n"
    (site / "large.rules").write_text(f'{text}routes r first match {{\n{arms}  else => nowhere "no"\n}}\n')
    assert "too much to look at" in call("validate", "large.rules", code=1).stdout


def test_validate_as_json_is_an_array_of_findings(site: Path) -> None:
    (site / "bad.rules").write_text(BAD)
    (found,) = (each for each in call_json("validate", "bad.rules", code=1) if each["severity"] == "error")
    assert found["labels"][0]["file"] == "bad.rules"
    assert (found["labels"][0]["line"], found["labels"][0]["column"]) == (3, 7)
    assert call_json("validate") == []


def test_validate_as_sarif_names_rules_places_and_fixes(site: Path) -> None:
    folder = site / "a folder"
    folder.mkdir()
    (folder / "bad.rules").write_text(BAD)
    log = json.loads(call("validate", "a folder/bad.rules", "--format", "sarif", code=1).stdout)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    result = next(each for each in run["results"] if each["level"] == "error")
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"]
    assert rule["fullDescription"]["text"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20folder/bad.rules"
    assert place["region"]["startLine"] == 3
    assert place["region"]["endColumn"] == place["region"]["startColumn"] + len("PatientId")
    change = result["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert change["insertedContent"]["text"] == "PatientID"
    assert change["deletedRegion"]["charLength"] == len("PatientId")


def test_validate_ends_with_2_when_a_file_cannot_be_read(site: Path) -> None:
    assert "cannot read `nowhere.rules`" in call("validate", "nowhere.rules", code=2).stderr


def test_a_file_that_is_no_text_is_told_of(site: Path) -> None:
    (site / "binary.rules").write_bytes(b"\x89PNG\xff\x00\x01")
    assert "not a text in utf-8" in call("validate", "binary.rules", code=2).stderr.lower()
    assert "not a text in utf-8" in call("fmt", "binary.rules", code=2).stderr.lower()


def test_validate_in_an_empty_folder_says_what_to_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "dicomrules validate FILE" in call("validate", code=2).stderr


def test_test_runs_the_tests_of_a_gateways_rules(site: Path) -> None:
    assert call("test").stdout == "ok      CT of site A\n1 passed, 0 failed\n"
    assert call_json("test")["tests"][0] == {
        "name": "CT of site A",
        "place": "site.rules:21:6",
        "passed": True,
        "failures": [],
    }


def test_test_shows_what_was_expected_and_what_was_seen(site: Path) -> None:
    (site / "site.rules").write_text(RULES.replace('== "SITEA-4711"', '== "SITEB-4711"'))
    shown = call("test", code=1).stdout
    assert "FAILED  CT of site A  site.rules:21:6" in shown
    assert 'expected  PatientID == "SITEB-4711"' in shown
    assert "got" in shown
    assert "SITEA-4711" in shown
    assert "0 passed, 1 failed" in shown


def test_test_with_coverage_names_the_rules_and_arms_that_no_test_reaches(site: Path) -> None:
    shown = call("test", "--coverage").stdout
    assert "2 of 4 rules and arms of routes are reached by a test" in shown
    assert "not reached  rule chest  site.rules:11:6" in shown
    assert "not reached  routes clinical: else => archive" in shown
    covered = call_json("test", "--coverage")["coverage"]
    assert (covered["total"], covered["reached"]) == (4, 2)
    assert covered["unreached"][0] == {"kind": "rule", "name": "chest", "place": "site.rules:11:6"}


def test_test_writes_junit_with_the_place_of_each_case(site: Path) -> None:
    wrong = (
        RULES.replace('== "SITEA-4711"', '== "SITEB-4711"')
        + '\ntest "fine" {\n  given Modality = "US"\n  expect sent to archive\n}\n'
    )
    (site / "site.rules").write_text(wrong)
    call("test", "--junit", "results.xml", code=1)
    suite = ElementTree.parse(site / "results.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failed, fine = suite
    assert (failed.get("name"), failed.get("file"), failed.get("line")) == ("CT of site A", "site.rules", "21")
    assert 'expected PatientID == "SITEB-4711"' in (failed[0].text or "")
    assert len(fine) == 0


def test_test_of_rules_with_errors_ends_with_2_and_shows_them(site: Path) -> None:
    (site / "bad.rules").write_text(BAD)
    assert "PatientId" in call("test", "bad.rules", code=2).stderr


# fmt

UGLY = 'language 1\nrule   one{ # why\n set StudyID="A"  # what\n}\n'
NEAT = 'language 1\n\nrule one {  # why\n  set StudyID = "A"  # what\n}\n'


def test_fmt_writes_the_one_layout_and_stays_there(site: Path) -> None:
    file = site / "ugly.rules"
    file.write_text(UGLY)
    file.chmod(0o640)
    assert call("fmt", "ugly.rules").stdout == "formatted  ugly.rules\n1 formatted\n"
    assert file.read_text() == NEAT
    assert file.stat().st_mode & 0o777 == 0o640
    assert call("fmt", "ugly.rules").stdout == "1 unchanged\n"
    assert {each.name for each in site.iterdir()} == {"gateway.yaml", "site.rules", "ct.dcm", "ugly.rules"}


def test_fmt_check_and_diff_write_nothing_and_end_with_1(site: Path) -> None:
    (site / "ugly.rules").write_text(UGLY)
    assert "would change  ugly.rules" in call("fmt", "--check", "ugly.rules", code=1).stdout
    shown = call("fmt", "--diff", "ugly.rules", code=1).stdout
    assert "-rule   one{ # why" in shown
    assert "+rule one {  # why" in shown
    assert (site / "ugly.rules").read_text() == UGLY
    assert "1 unchanged" in call("fmt", "--check", "site.rules").stdout


def test_fmt_takes_folders_and_the_rules_of_a_gateway(site: Path) -> None:
    (site / "below").mkdir()
    (site / "below" / "ugly.rules").write_text(UGLY)
    assert "1 would change, 1 unchanged" in call("fmt", "--check", code=1).stdout
    assert "1 unchanged" in call("fmt", "--check", "gateway.yaml").stdout


def test_fmt_leaves_a_file_with_errors_as_it_is_and_formats_the_others(site: Path) -> None:
    (site / "bad.rules").write_text('language 1\nrule one { set PatientID "A" }\n')
    (site / "ugly.rules").write_text(UGLY)
    result = call("fmt", "bad.rules", "ugly.rules", code=1)
    assert "expected `=`" in result.stderr
    assert "1 formatted, 1 with errors, left as it is" in result.stdout
    assert (site / "bad.rules").read_text() == 'language 1\nrule one { set PatientID "A" }\n'
    assert (site / "ugly.rules").read_text() == NEAT


def test_fmt_refuses_to_write_what_would_mean_something_else(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "ugly.rules").write_text(UGLY)
    monkeypatch.setattr("dicomrules.cli.fmt.lay_out", lambda file: NEAT.replace('"A"', '"B"'))
    assert "would not mean the same" in call("fmt", "ugly.rules", code=70).stderr
    assert (site / "ugly.rules").read_text() == UGLY


def test_fmt_refuses_to_lose_a_comment(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "ugly.rules").write_text(UGLY)
    monkeypatch.setattr("dicomrules.cli.fmt.lay_out", lambda file: NEAT.replace("  # what", ""))
    call("fmt", "ugly.rules", code=70)
    assert (site / "ugly.rules").read_text() == UGLY


def test_fmt_follows_a_link_and_keeps_it(site: Path) -> None:
    (site / "real").write_text(UGLY)
    (site / "link.rules").symlink_to("real")
    call("fmt", "link.rules")
    assert (site / "link.rules").is_symlink()
    assert (site / "real").read_text() == NEAT


def test_what_init_makes_is_in_the_layout_and_passes_its_tests(site: Path) -> None:
    made = call("init", "new").stdout
    assert "dicomrules serve" in made
    assert call("validate", "new").stdout == "new/gateway.yaml: no problems\n"
    assert "2 passed, 0 failed" in call("test", "new").stdout
    assert "1 unchanged" in call("fmt", "--check", "new").stdout
    assert "nothing is overwritten" in call("init", "new", code=2).stderr


@pytest.mark.parametrize("command", ["validate", "test"])
def test_a_folder_without_rules_is_no_folder_without_problems(site: Path, command: str) -> None:
    (site / "empty").mkdir()
    assert "there is no gateway.yaml and no .rules file in empty" in call(command, "empty", code=2).stderr
    assert "in empty" in call(command, "site.rules", "empty", code=2).stderr
