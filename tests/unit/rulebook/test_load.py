"""Rule files and what they name are read as one rule set; whatever is wrong is a finding."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from dicomrules.rulebook import load as module
from dicomrules.rulebook.load import Loaded, load, read_file

RULE = 'rule {0} {{\n  set StationName = "{0}"\n}}\n'


def loaded(
    files: Mapping[str, str],
    *roots: str,
    parameters: Mapping[str, str] | None = None,
    destinations: Collection[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    texts = {name: f"language 1\n{text}" if name.endswith(".rules") else text for name, text in files.items()}
    names = roots or ("a.rules",)
    return load(names, texts.__getitem__, parameters=parameters, destinations=destinations, environment=environment)


def codes(found: Loaded) -> list[str]:
    return [one.code for one in found.diagnostics]


def test_rules_stand_in_the_order_of_files_and_includes() -> None:
    files = {
        "a.rules": RULE.format("one") + 'include "sub/b.rules"\n' + RULE.format("four"),
        "sub/b.rules": RULE.format("two") + 'include "c.rules"\n',
        "sub/c.rules": RULE.format("three"),
        "d.rules": RULE.format("five"),
    }
    found = loaded(files, "a.rules", "d.rules")
    assert found.program is not None
    assert [rule.name for rule in found.program.rules] == ["one", "two", "three", "four", "five"]
    assert [source.name for source in found.sources] == ["a.rules", "sub/b.rules", "sub/c.rules", "d.rules"]


def test_findings_stand_in_the_order_of_files_then_of_places() -> None:
    files = {"a.rules": 'rule x {\n  empty Nme\n}\ninclude "b.rules"\nrule y {\n  empty Nmee\n}\n', "b.rules": "rule"}
    assert [one.span.place for one in loaded(files).diagnostics] == ["a.rules:3:9", "a.rules:7:9", "b.rules:2:5"]


def test_names_are_shared_by_all_files() -> None:
    files = {
        "a.rules": 'include "b.rules"\nrule r {\n  when ct\n  empty StudyID\n}\n',
        "b.rules": 'condition ct = Modality == "CT"\n',
    }
    assert codes(loaded(files)) == []


@pytest.mark.parametrize("path", ["/etc/b.rules", "../b.rules", "sub/../../b.rules", "~/b.rules", "C:/b.rules", ""])
def test_an_include_stays_below_its_folder(path: str) -> None:
    assert codes(loaded({"a.rules": f'include "{path}"\n'})) == ["DR111"]


def test_files_that_include_one_another_end() -> None:
    found = loaded({"a.rules": 'include "b.rules"\n', "b.rules": 'include "a.rules"\n'})
    assert codes(found) == ["DR111"]
    assert found.diagnostics[0].span.place == "b.rules:2:9"


def test_a_file_named_twice_is_read_once() -> None:
    found = loaded({"a.rules": 'include "b.rules"\ninclude "b.rules"\n', "b.rules": RULE.format("r")})
    assert codes(found) == ["DR112"]
    assert found.program is not None
    assert len(found.program.rules) == 1


def test_a_file_that_cannot_be_read_is_a_finding_of_its_own_kind() -> None:
    found = loaded({}, "a.rules")
    assert found.unreadable
    assert [one.message for one in found.diagnostics] == ["cannot read `a.rules`: no such file"]
    assert not loaded({"a.rules": "rule"}).unreadable


def test_files_are_read_from_disk_in_utf_8(tmp_path: Path) -> None:
    (tmp_path / "good.rules").write_bytes(b"\xef\xbb\xbflanguage 1\n" + RULE.format("r").encode())
    (tmp_path / "bad.rules").write_bytes(b"language 1\n# \xff\n")
    assert load([tmp_path / "good.rules"]).program is not None
    assert "not a text in UTF-8" in load([str(tmp_path / "bad.rules")]).diagnostics[0].message
    assert "directory" in load([tmp_path]).diagnostics[0].message
    assert read_file(str(tmp_path / "good.rules")).startswith("language")


@pytest.mark.parametrize(
    ("encoding", "said"), [("utf-16", "in UTF-16"), ("utf-16-be", "in UTF-16"), ("latin-1", "not a text in UTF-8")]
)
def test_a_file_in_another_encoding_says_how_to_save_it(tmp_path: Path, encoding: str, said: str) -> None:
    (tmp_path / "other.rules").write_bytes('language 1\nrule r { set StationName = "Ü" }\n'.encode(encoding))
    (found,) = load([str(tmp_path / "other.rules")]).diagnostics
    assert said in found.message
    assert found.notes == ("save it again as plain text, with the encoding UTF-8",)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_the_byte_order_mark_of_any_editor_do(tmp_path: Path, ends: str, mark: bytes) -> None:
    text = "language 1\n# a comment\nrule r {\n  empty StationName\n}\n"
    (tmp_path / "site.rules").write_bytes(mark + text.replace("\n", ends).encode())
    assert load([str(tmp_path / "site.rules")]).diagnostics == ()


def test_texts_have_caps(monkeypatch: pytest.MonkeyPatch) -> None:
    table = (
        'table t from csv "t.csv" {\n  key "A" as StudyID\n  value "B" as AdmissionID\n  unavailable => hold "x"\n}\n'
    )
    files = {"a.rules": table, "t.csv": "A,B\n1,2\n"}
    monkeypatch.setattr(module, "MOST_CSV", 4)
    assert "DR608" in codes(loaded(files))
    monkeypatch.setattr(module, "MOST_RULES", 20)
    assert codes(loaded({"a.rules": RULE.format("r")})) == ["DR608"]


def test_a_csv_file_lies_beside_its_rules() -> None:
    table = (
        'table t from csv "{}" {{\n  key "A" as StudyID\n  value "B" as AdmissionID\n  unavailable => hold "x"\n}}\n'
    )
    use = "rule r {\n  set AdmissionID = lookup t[StudyID].AdmissionID otherwise keep\n}\n"
    files = {"sub/a.rules": table.format("data/t.csv") + use, "sub/data/t.csv": "A,B\n001,E1\n"}
    found = loaded(files, "sub/a.rules")
    assert found.program is not None
    assert found.program.tables["t"].rows == {("001",): {"AdmissionID": "E1"}}
    assert codes(loaded({"a.rules": table.format("../t.csv")})) == ["DR111"]


def test_the_fingerprint_changes_with_rules_tables_and_parameters() -> None:
    rules = (
        'parameter p = "x"\ntable t from csv "t.csv" {\n  key "A" as StudyID\n  value "B" as AdmissionID\n'
        '  unavailable => hold "x"\n}\nrule r {\n  set AdmissionID = lookup t[StudyID].AdmissionID otherwise keep\n'
        "  set StationName = p\n}\n"
    )
    prints = [
        loaded({"a.rules": rules + tail, "t.csv": csv}, parameters=given).program.fingerprint  # type: ignore[union-attr]
        for tail, csv, given in (
            ("", "A,B\n1,2\n", {}),
            ("", "A,B\n1,2\n", {}),
            ("# more\n", "A,B\n1,2\n", {}),
            ("", "A,B\n1,3\n", {}),
            ("", "A,B\n1,2\n", {"p": "y"}),
        )
    ]
    assert len(set(prints)) == 4
    assert prints[0] == prints[1]
    assert len(prints[0]) == 64


ROUTES = "routes r every match {\n  always => pacs\n}\n"


def test_destinations_are_those_expected() -> None:
    assert codes(loaded({"a.rules": "expects destinations pacs\n" + ROUTES})) == []
    assert codes(loaded({"a.rules": ROUTES})) == ["DR106"]


def test_with_a_gateway_destinations_are_those_it_has() -> None:
    assert codes(loaded({"a.rules": ROUTES}, destinations=["pacs", "vna"])) == []
    assert codes(loaded({"a.rules": ROUTES}, destinations=["vna"])) == ["DR106"]
    found = loaded({"a.rules": "expects destinations pacs\n" + ROUTES}, destinations=["pcas"])
    assert codes(found) == ["DR607"]
    assert "`pcas`" in found.diagnostics[0].notes[0]


def test_a_parameter_from_outside_is_checked_as_if_it_stood_there() -> None:
    rules = 'parameter p = "SITEA"\nrule r {\n  set StationName = p + "-1"\n}\n'
    found = loaded({"a.rules": rules}, parameters={"p": "NORTH"})
    assert found.program is not None
    assert found.program.parameters == {"p": "NORTH"}
    assert "NORTH-1" in repr(found.program.rules)
    assert codes(loaded({"a.rules": rules}, parameters={"p": "A NAME THAT IS TOO LONG"})) == ["DR203"]
    assert codes(loaded({"a.rules": rules}, parameters={"q": "x"})) == ["DR115"]


@pytest.mark.parametrize(("given", "expected"), [("1024", []), ("many", ["DR115"]), ("1.5", ["DR115"])])
def test_a_parameter_has_the_type_of_its_default(given: str, expected: list[str]) -> None:
    rules = "parameter p = 512\nrule r {\n  when Rows > p\n  empty StudyID\n}\n"
    assert codes(loaded({"a.rules": rules}, parameters={"p": given})) == expected


def test_a_parameter_may_be_a_list() -> None:
    rules = 'parameter p = ["A", "B"]\nrule r {\n  when calling_aet in p\n  empty StudyID\n}\n'
    found = loaded({"a.rules": rules}, parameters={"p": "C, D"})
    assert found.program is not None
    assert "'C'" in repr(found.program.rules)


def test_secrets_come_from_the_environment_and_are_never_shown() -> None:
    rules = (
        'secret s from env "SALT"\nrule r {\n  set StudyID = PatientID | keyed_hash(s, 10) otherwise keep\n'
        '  set IssuerOfPatientID = "N"\n}\n'
    )
    assert codes(loaded({"a.rules": rules})) == []
    assert codes(loaded({"a.rules": rules}, environment={})) == ["DR613"]
    found = loaded({"a.rules": rules}, environment={"SALT": "top secret"})
    assert found.program is not None
    assert found.program.secrets == {"s": "top secret"}
    assert "top secret" not in repr(found)


def test_tests_are_handed_over_even_when_the_rules_are_wrong() -> None:
    found = loaded({"a.rules": 'rule r {\n  empty Nme\n}\ntest "t" {\n  given Modality = "CT"\n  expect fired r\n}\n'})
    assert found.program is None
    assert [case.name for case in found.cases] == ["t"]


def test_no_files_are_an_empty_rule_set() -> None:
    found = load([])
    assert found.program is not None
    assert found.program.rules == ()
