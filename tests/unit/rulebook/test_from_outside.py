"""What a rule set is given from outside: parameters, secrets, includes, settings (S2, S67, S68)."""

from collections.abc import Mapping

import pytest

from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision
from dicomrules.rulebook.load import Loaded, load
from tests.unit.engine.make import dataset, envelope
from tests.unit.rulebook.say import HEAD, codes, failures

RULE = 'rule r { set StudyID = x + "" otherwise keep }'


def loaded(text: str, files: Mapping[str, str] | None = None, **outside: object) -> Loaded:
    texts = {"a.rules": "language 1 " + HEAD + text, **(files or {})}
    return load(["a.rules"], texts.__getitem__, **outside)  # type: ignore[arg-type]


def written(text: str, keyword: str = "StudyID", **outside: object) -> str | None:
    """What the rules write into an attribute."""
    found = loaded(text, **outside)
    assert found.program is not None, found.diagnostics
    decision = Engine(found.program).decide(envelope(dataset(PatientID="4711")))
    assert isinstance(decision, Decision)
    return {change.path: change.after for change in decision.variants[0].changes}.get(keyword)


# ── parameters ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_s67_a_parameter_has_its_default_and_takes_another_value_from_outside() -> None:
    text = 'parameter x = "SITEA" rule r { set StudyID = x }'
    assert written(text) == "SITEA"
    assert written(text, parameters={"x": "SITEB"}) == "SITEB"


@pytest.mark.parametrize(
    ("default", "value", "fits"),
    [
        ("5", "7", True),
        ("5", "7.5", False),
        ("5", "seven", False),
        ("5.0", "7.5", True),
        ("5.0", "7", True),
        ("5.0", "", False),
        ('"A"', "5", True),
        ('["A", "B"]', "C, D", True),
        ('["A", "B"]', " , ", False),
    ],
)
def test_s67_a_value_from_outside_is_of_the_type_of_the_default(default: str, value: str, fits: bool) -> None:
    uses = {'"': 'x == "A"', "[": "Modality in x"}.get(default[0], "Rows > x")
    text = f"parameter x = {default} rule r {{ when {uses} empty StudyID }}"
    assert ("DR115" in codes(text, parameters={"x": value})) is not fits


def test_s67_a_value_from_outside_is_checked_as_a_literal_where_it_is_used() -> None:
    text = 'parameter x = "CT" rule r { set Modality = x }'
    assert "DR203" not in codes(text)
    assert "DR203" in codes(text, parameters={"x": "ct"})
    long = 'parameter x = "A" rule r { set StudyID = x }'
    assert "DR203" in codes(long, parameters={"x": "A" * 17})


def test_s67_a_list_from_outside_is_a_list() -> None:
    text = 'parameter wanted = ["CT"] rule r { when Modality in wanted empty StudyID }'
    text += 'test "t" { given Modality = "MR", StudyID = "1" expect StudyID is empty }'
    found = loaded(text, parameters={"wanted": "CT, MR"})
    assert found.program is not None
    decision = Engine(found.program).decide(envelope(dataset(Modality="MR", StudyID="1")))
    assert isinstance(decision, Decision)
    assert decision.hits[0].matched


def test_a_parameter_that_no_rule_has_is_reported_and_so_is_a_condition_as_default() -> None:
    assert "DR115" in codes("rule r { empty StudyID }", parameters={"site": "A"})
    assert "DR115" in codes('parameter x = Modality == "CT" rule r { when x empty StudyID }')


def test_the_parameters_are_part_of_the_fingerprint() -> None:
    text = 'parameter x = "SITEA" rule r { set StudyID = x }'
    one, other = (loaded(text, parameters={"x": value}).program for value in ("1", "2"))
    assert one is not None
    assert other is not None
    assert one.fingerprint != other.fingerprint


# ── secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────

SECRET = """secret salt from env "SALT"
rule r { set StudyID = PatientID | keyed_hash(salt, 10) otherwise keep }
"""


def test_s68_a_missing_secret_is_an_error_where_the_environment_is_given_and_only_there() -> None:
    assert not [code for code in codes(SECRET) if code == "DR613"]
    assert "DR613" in codes(SECRET, environment={})
    assert "DR613" in codes(SECRET, environment={"SALT": ""})
    assert "DR613" not in codes(SECRET, environment={"SALT": "x"})


def test_s68_another_secret_gives_another_result_and_is_no_part_of_what_is_printed() -> None:
    one, other = (written(SECRET, environment={"SALT": value}) for value in ("first", "second"))
    assert one != other
    program = loaded(SECRET, environment={"SALT": "first"}).program
    assert program is not None
    assert "first" not in repr(program)


def test_s68_a_secret_is_an_argument_marked_secret_and_nothing_else() -> None:
    assert "DR103" in codes('secret salt from env "SALT" rule r { set StudyID = salt }')
    assert "DR213" in codes('rule r { set StudyID = PatientID | keyed_hash("salt", 10) otherwise keep }')


def test_s68_tests_use_one_fixed_secret_in_groups_too() -> None:
    text = """secret salt from env "SALT"
        group trial { rule p { set PatientID = PatientID | keyed_hash(salt, 10) otherwise quarantine "no PatientID" } }
        routes all every match { always => research through trial }
        test "t" { given a: PatientID = "4711" given b: PatientID = "4711"
          expect b: at research PatientID != "4711" expect a: at research PatientID matches /[A-Z2-7]{10}/ }"""
    assert failures(text) == []


# ── includes and settings ─────────────────────────────────────────────────────────────────────────────────────────


def test_s2_items_of_an_included_file_count_where_the_include_stands() -> None:
    text = 'rule one { set StudyID = "1" } include "b.rules" rule three { set StationName = "x" }'
    files = {"b.rules": 'language 1 rule two { when StudyID == "1" set AccessionNumber = "2" }'}
    found = loaded(text, files)
    assert found.program is not None
    assert [rule.name for rule in found.program.rules] == ["one", "two", "three"]


def test_s2_a_file_that_is_reached_twice_is_read_once_with_a_warning() -> None:
    text = 'include "b.rules" include "c.rules"'
    files = {"b.rules": 'language 1 include "c.rules"', "c.rules": "language 1 rule r { empty StudyID }"}
    found = loaded(text, files)
    assert "DR112" in {one.code for one in found.diagnostics}
    assert found.program is not None
    assert len(found.program.rules) == 1


def test_s2_each_included_file_says_its_language() -> None:
    assert "DR003" in codes('include "b.rules"', {"b.rules": "rule r { empty StudyID }"})


@pytest.mark.parametrize("name", ["../b.rules", "/b.rules", "a/../../b.rules", "~/b.rules", "C:/b.rules", ""])
def test_s2_an_included_file_lies_below_the_folder_of_the_including_file(name: str) -> None:
    assert "DR111" in codes(f'include "{name}"', {"b.rules": "language 1"})


def test_s2_files_do_not_include_one_another_in_a_circle() -> None:
    files = {"b.rules": 'language 1 include "c.rules"', "c.rules": 'language 1 include "b.rules"'}
    assert "DR111" in codes('include "b.rules"', files)


def test_s2_each_setting_is_said_once_in_all_files() -> None:
    text = 'settings { timezone "UTC" } include "b.rules"'
    assert "DR114" in codes(text, {"b.rules": 'language 1 settings { timezone "UTC" } rule r { empty StudyID }'})
    other = {"b.rules": 'language 1 settings { malformed => quarantine "x" } rule r { empty StudyID }'}
    assert "DR114" not in codes(text, other)


def test_s2_tables_conditions_and_secrets_are_global() -> None:
    text = 'include "b.rules" rule r { when is_ct set StudyID = lookup names[PatientID] otherwise keep }'
    files = {"b.rules": 'language 1 condition is_ct = Modality == "CT" table names { "4711" => "N" }'}
    text += 'test "t" { given Modality = "CT", PatientID = "4711" expect StudyID == "N" }'
    assert failures(text, files) == []
