"""`let`, guards, `choose`, functions, actions, conditions, `override`: the rows S41 to S49 of the small print."""

import pytest

from dicomrules.rulebook.load import load
from tests.unit.rulebook.say import codes, failures


def found(text: str) -> set[str]:
    """The codes, without those about unused names and the sense of single attributes."""
    return {code for code in codes(text) if code != "DR109" and not code.startswith("DR5")}


def rule(body: str) -> str:
    return f"rule r {{ {body} }}\n"


def failing(body: str, test: str) -> list[str]:
    return failures(rule(body) + f'test "t" {{ {test} }}')


# ── S41 let ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_s41_a_let_is_seen_to_the_end_of_its_block_and_not_behind_it() -> None:
    assert found(rule('if Modality == "CT" { let x = "A" set StudyID = x } set StationName = x')) == {"DR103"}
    assert found(rule('let x = "A" if Modality == "CT" { set StudyID = x }')) == set()
    assert found(rule('set StudyID = x let x = "A"')) == {"DR103"}


def test_s41_a_let_is_assigned_once_and_each_arm_may_have_its_own() -> None:
    assert "DR108" in found(rule('let x = "A" let x = "B" set StudyID = x'))
    assert "DR108" in found(rule('let x = "A" if Modality == "CT" { let x = "B" set StudyID = x }'))
    text = 'if Modality == "CT" { let x = "A" set StudyID = x } else { let x = "B" set StudyID = x }'
    assert found(rule(text)) == set()
    assert (
        failing(text, 'given Modality = "CT" expect StudyID == "A" given Modality = "MR" expect StudyID == "B"') == []
    )


# ── S42 what a condition proves ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        "if PatientID is present { set StudyID = PatientID | cut(16) }",
        "if PatientID is blank { empty StudyID } else { set StudyID = PatientID | cut(16) }",
        "if not (PatientID is present) { empty StudyID } else { set StudyID = PatientID | cut(16) }",
        'if PatientID is present and Modality == "CT" { set StudyID = PatientID | cut(16) }',
        'if PatientID is blank or Modality == "CT" { empty StudyID } else { set StudyID = PatientID | cut(16) }',
        'if PatientID starts with "A" { set StudyID = PatientID | cut(16) }',
    ],
)
def test_s42_what_the_condition_proves_is_known_inside_and_its_opposite_in_else(body: str) -> None:
    assert "DR302" not in found(rule(body))


@pytest.mark.parametrize(
    "body",
    [
        'if Modality == "CT" or PatientID is present { set StudyID = PatientID | cut(16) }',
        "if PatientID is present { empty StudyID } else { set StudyID = PatientID | cut(16) }",
        "if PatientID is present { empty StationName } set StudyID = PatientID | cut(16)",
        "if PatientID is present { empty PatientID set StudyID = current.PatientID | cut(16) }",
        "if RequestAttributesSequence[first].RequestedProcedureID is present { set StudyID = PatientID | cut(16) }",
    ],
)
def test_s42_nothing_else_is_known_and_a_write_ends_the_proof(body: str) -> None:
    assert "DR302" in found(rule(body))


def test_s42_a_guard_of_the_rule_is_known_in_its_body_and_that_of_an_unless_is_its_opposite() -> None:
    assert found("rule r { when PatientID is present set StudyID = PatientID | cut(16) }") <= {"DR215"}
    assert found("rule r { unless PatientID is blank set StudyID = PatientID | cut(16) }") <= {"DR215"}
    assert "DR302" in found("rule r { unless PatientID is present set StudyID = PatientID | cut(16) }")


# ── S43 choose ────────────────────────────────────────────────────────────────────────────────────────────────────

CHOOSE = """set SeriesDescription = choose Modality {
  case "CT", "MR" => "cross section"
  case matches /U./ => SeriesDescription
  case "SC" => %s
  else => "other" } otherwise "none"
"""


@pytest.mark.parametrize("answer", ["keep", "empty", "remove", 'quarantine "look"', '"a text"', "StationName"])
def test_s43_an_arm_is_a_value_or_says_what_becomes_of_the_target_or_of_the_object(answer: str) -> None:
    assert found(rule(CHOOSE % answer)) == set()


def test_s43_the_first_arm_that_fits_is_taken_and_a_missing_subject_takes_the_otherwise() -> None:
    given = 'SeriesDescription = "was"'
    test = f"""given Modality = "MR", {given} expect SeriesDescription == "cross section"
      given Modality = "US", {given} expect SeriesDescription == "was"
      given Modality = "XA", {given} expect SeriesDescription == "other"
      given {given} expect SeriesDescription == "none" """
    assert failing(CHOOSE % "keep", test) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("keep", 'SeriesDescription == "was"'),
        ("empty", "SeriesDescription is empty"),
        ("remove", "SeriesDescription is absent"),
        ('quarantine "look"', 'quarantine "look"'),
        ('hold "wait"', 'hold "wait"'),
    ],
)
def test_s43_effects_and_verdicts_of_an_arm(answer: str, expected: str) -> None:
    assert failing(CHOOSE % answer, f'given Modality = "SC", SeriesDescription = "was" expect {expected}') == []


@pytest.mark.parametrize("answer", ["keep", "empty", "remove", 'drop "x"'])
def test_s43_they_stand_only_where_the_choose_is_the_whole_right_side(answer: str) -> None:
    text = f'set StudyID = "A" + choose Modality {{ case "CT" => {answer} else => "B" }} otherwise keep'
    assert "DR409" in found(rule(text))
    text = f'let x = choose Modality {{ case "CT" => {answer} else => "B" }} otherwise "C" set StudyID = x'
    assert ("DR409" in found(rule(text))) is (answer != 'drop "x"')


def test_s43_all_arms_are_of_one_type_and_texts_and_codes_are() -> None:
    assert "DR201" in found(rule('set StudyID = choose Modality { case "CT" => "A" else => 5 } otherwise keep'))
    assert "DR201" in found(
        rule('set StudyDate = choose Modality { case "CT" => StudyDate else => Rows } otherwise keep')
    )
    assert (
        found(
            rule('set SeriesDescription = choose Modality { case "CT" => BodyPartExamined else => "B" } otherwise keep')
        )
        == set()
    )


def test_s43_numbers_are_chosen_by_ranges() -> None:
    body = """set SeriesDescription = choose SeriesNumber { case 1 .. 9 => "few" case 10, 20 .. 30 => "more"
        else => "many" } otherwise "none" """
    test = """given SeriesNumber = "9" expect SeriesDescription == "few"
      given SeriesNumber = "10" expect SeriesDescription == "more"
      given SeriesNumber = "25" expect SeriesDescription == "more"
      given SeriesNumber = "31" expect SeriesDescription == "many" """
    assert failing(body, test) == []
    assert "DR407" in found(rule(body.replace("1 .. 9", "9 .. 1")))


# ── S44, S47 ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_s44_statements_do_not_change_the_guard_and_if_is_tested_when_it_is_reached() -> None:
    text = """rule r { when StudyID == "1" set StudyID = "2" if current.StudyID == "1" { empty StationName } else { set
      StationName = "seen" } } test "t" { given StudyID = "1" expect StudyID == "2" expect StationName == "seen" }"""
    assert failures(text) == []


def test_s47_a_condition_is_evaluated_where_it_is_used_on_the_object_as_it_is_then() -> None:
    text = """condition first_one = StudyID == "1"
      rule a { when first_one set StudyID = "2" } rule b { when first_one set StationName = "b" }
      rule c { unless first_one set StationName = "c" override }
      test "t" { given StudyID = "1" expect fired a, c expect not fired b }"""
    assert failures(text) == []


# ── S45 functions ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_s45_a_function_is_typed_at_each_call() -> None:
    text = "function twice(a) = a + a\n"
    assert found(text + rule('set StudyID = twice("AB")')) == set()
    assert found(text + rule("when Rows > 1 set SeriesNumber = twice(Rows) otherwise keep")) == set()
    assert "DR201" in found(text + rule("when Rows > 1 set StudyID = twice(Rows) otherwise keep"))


def test_s45_a_function_calls_only_those_above_it_and_never_itself() -> None:
    assert "DR110" in found("function a(x) = b(x) function b(x) = x | upper " + rule('set StudyID = a("A")'))
    assert "DR110" in found("function a(x) = a(x) " + rule('set StudyID = a("A")'))
    assert found("function b(x) = x | upper function a(x) = b(x) " + rule('set StudyID = a("a")')) == set()


def test_s45_a_verdict_stands_with_the_caller() -> None:
    text = 'function f(x) = lookup t[x] otherwise %s table t { "A" => "B" }'
    assert "DR409" in found(text % 'quarantine "x"' + rule('set StudyID = f("A") otherwise keep'))


def test_s45_a_missing_value_is_passed_only_under_an_otherwise() -> None:
    text = "function neat(x) = x | trim | upper\n"
    assert "DR302" in found(text + rule("set SeriesDescription = neat(StationName)"))
    good = text + rule('set SeriesDescription = neat(StationName) otherwise "none"')
    assert failures(good + 'test "t" { given Rows = 1 expect SeriesDescription == "none" }') == []


# ── S46 actions ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_s46_an_action_may_apply_those_above_it_and_never_itself() -> None:
    text = 'action a { set StudyID = "1" } action b { apply a set StationName = "2" }' + rule("apply b")
    assert found(text) == set()
    assert failures(text + 'test "t" { given Rows = 1 expect StudyID == "1" and StationName == "2" }') == []
    assert "DR110" in found("action b { apply a } action a { empty StudyID }" + rule("apply b"))
    assert "DR110" in found("action a { apply a }" + rule("apply a"))


def test_s46_lets_of_the_caller_are_not_seen_and_its_guard_is() -> None:
    assert "DR103" in found("action a { set StudyID = x }" + rule('let x = "1" apply a'))
    text = "action a { set StationName = StudyID }"
    assert "DR302" in found(text + rule("apply a"))
    assert "DR302" not in found(text + "rule r { when StudyID is present apply a }")


def test_s46_a_verdict_of_an_action_ends_the_object() -> None:
    text = 'action a { quarantine "x" }' + rule('if Modality == "CT" { apply a } set StudyID = "1"')
    assert failures(text + 'test "t" { given Modality = "CT" expect quarantine "x" }') == []
    assert "DR403" in found('action a { quarantine "x" }' + rule('apply a set StudyID = "1"'))


# ── S48, S49 ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_s48_the_later_rule_wins_with_a_warning_unless_it_says_override_or_they_exclude_each_other() -> None:
    assert "DR406" in found('rule a { set StudyID = "1" } rule b { set StudyID = "2" }')
    assert "DR406" not in found('rule a { set StudyID = "1" } rule b { set StudyID = "2" override }')
    apart = 'rule a { when Modality == "CT" set StudyID = "1" } rule b { when Modality == "MR" set StudyID = "2" }'
    assert "DR406" not in found(apart)
    text = 'rule a { set StudyID = "1" } rule b { set StudyID = "2" override }'
    text += ' test "t" { given Rows = 1 expect StudyID == "2" }'
    assert failures(text) == []


def test_s48_a_sequence_and_what_is_in_it_are_the_same_path() -> None:
    parent = 'rule a { set RequestAttributesSequence[first].RequestedProcedureID = "1" creating path }'
    assert "DR406" in found(parent + "rule b { remove RequestAttributesSequence }")


def test_s49_a_path_is_set_once_in_a_straight_line_and_once_in_each_arm() -> None:
    assert "DR405" in found(rule('set StudyID = "1" set StudyID = "2"'))
    assert "DR405" in found(rule('set StudyID = "1" remove StudyID'))
    assert "DR405" in found(rule('set StudyID = "1" default StudyID = "2"'))
    assert "DR405" not in found(rule('if Modality == "CT" { set StudyID = "1" } else { set StudyID = "2" }'))


def test_default_is_only_for_what_is_blank() -> None:
    test = """given Rows = 1 expect StudyID == "D" given StudyID = "" expect StudyID == "D"
      given StudyID = "  " expect StudyID == "D"
      given StudyID = "X" expect StudyID == "X" """
    assert failing('default StudyID = "D"', test) == []


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"])
def test_a_uid_is_set_only_with_override_which_is_a_warning(keyword: str) -> None:
    def errors(word: str) -> list[bool]:
        text = f'language 1 rule r {{ set {keyword} = "1.2.3"{word} }}'
        return [one.is_error for one in load(["a"], {"a": text}.__getitem__).diagnostics]

    assert True in errors("")
    assert set(errors(" override")) == {False}
