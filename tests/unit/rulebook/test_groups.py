"""Groups and variants, from the text of a rule file to what leaves (LANGUAGE 3.3)."""

from typing import Any

import pytest

from dicomrules.dicom.patch import apply
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision, Variant
from dicomrules.model.instance import Verdict
from tests.unit.engine.make import dataset, envelope
from tests.unit.rulebook.say import codes, failures, program

TO_BOTH = "routes all every match { always => pacs and research through trial }\n"


def decided(text: str, **values: Any) -> Decision:
    decision = Engine(program(text)).decide(envelope(dataset(**values)), explain=True)
    assert isinstance(decision, Decision)
    return decision


def forms(text: str, **values: Any) -> dict[str, Variant]:
    return {variant.group: variant for variant in decided(text, **values).variants}


def group(body: str) -> str:
    return "group trial { rule p { " + body + " } }\n" + TO_BOTH


def test_a_group_runs_on_a_copy_and_the_others_get_the_object_as_the_rules_made_it() -> None:
    text = 'rule all { set StudyID = "S1" }' + group('set PatientID = "LUNG-1"')
    arrived = envelope(dataset(PatientID="4711"))
    decision = Engine(program(text)).decide(arrived)
    assert isinstance(decision, Decision)
    plain, trial = decision.variants
    data = bytes(arrived.index.source.read(0, arrived.length))  # type: ignore[union-attr]
    assert (plain.group, plain.destinations) == ("", ("pacs",))
    assert (trial.group, trial.destinations) == ("trial", ("research",))
    assert [change.path for change in plain.changes] == ["StudyID"]
    assert [change.path for change in trial.changes] == ["StudyID", "PatientID"]
    assert b"4711" in apply(plain.patch, data)
    assert b"4711" not in apply(trial.patch, data)
    assert b"S1" in apply(trial.patch, data)


def test_a_group_that_no_arm_names_does_not_run() -> None:
    text = "group trial { rule p { empty PatientID } } routes all every match { always => pacs }"
    assert codes(text) == ["DR109", "DR109", "DR109"]  # trial, vna, research
    assert list(forms(text, PatientID="4711")) == [""]


def test_several_destinations_through_one_group_get_one_variant() -> None:
    text = group("empty PatientName") + "routes more every match { always => vna through trial }"
    made = forms(text, PatientName="A^B")
    assert made["trial"].destinations == ("research", "vna")
    assert made[""].destinations == ("pacs",)


def test_s4_a_plain_path_in_a_group_is_as_rewritten_by_the_rules_and_by_this_group_so_far() -> None:
    text = 'rule all { set StudyID = "S1" }'
    text += """group trial { rule one { set AccessionNumber = StudyID otherwise keep }
        rule two { when AccessionNumber == "S1" set StudyID = "T" override } }"""
    text += TO_BOTH
    text += """test "t" { given StudyID = "raw" expect at research StudyID == "T"
        expect at research AccessionNumber == "S1"
        expect StudyID == "S1" expect at pacs StudyID == "S1" }"""
    assert failures(text) == []


def test_s5_original_in_a_group_is_the_object_as_received() -> None:
    text = 'rule all { set StudyID = "S1" }' + group("set AccessionNumber = original.StudyID otherwise keep")
    text += 'test "t" { given StudyID = "raw" expect at research AccessionNumber == "raw" }'
    assert failures(text) == []


def test_s48_a_rule_and_a_group_that_set_the_same_path_do_not_fight_and_two_rules_of_a_group_do() -> None:
    rule = 'rule all { set StudyID = "1" }'
    assert "DR406" not in codes(rule + group('set StudyID = "2"'))
    two = 'group trial { rule a { set StudyID = "1" } rule b { set StudyID = "2" } }' + TO_BOTH
    assert "DR406" in codes(two)


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [('quarantine "no"', Verdict.QUARANTINE), ('hold "no" retry 5min', Verdict.HOLD), ('drop "no"', Verdict.DROP)],
)
def test_a_verdict_in_a_group_is_about_that_variant_only(verdict: str, kept: Verdict) -> None:
    decision = decided(group("empty PatientName " + verdict), PatientName="A^B")
    assert decision.verdict is Verdict.SEND
    assert decision.destinations == ("pacs",)
    (stopped,) = decision.stopped
    assert (stopped.verdict, stopped.reasons, stopped.destinations) == (kept, ("no",), ("research",))
    assert (stopped.patch.splices, stopped.changes) == ((), ())
    assert (stopped.retry is not None) is (kept is Verdict.HOLD)


def test_two_groups_stop_each_by_itself() -> None:
    text = """group a { rule x { quarantine "a" } } group b { rule y { empty PatientName } }
        routes all every match { always => pacs through a and vna through b and research }"""
    decision = decided(text, PatientName="A^B")
    assert decision.destinations == ("research", "vna")
    assert [(one.group, one.reason) for one in decision.stopped] == [("a", "a")]


def test_when_no_variant_is_left_its_verdict_is_that_of_the_object() -> None:
    text = """group a { rule x { hold "later" retry 5min for 24h } } group b { rule y { quarantine "look" } }
        routes all every match { always => pacs through a and vna through b }"""
    decision = decided(text)
    assert (decision.verdict, set(decision.reasons)) == (Verdict.QUARANTINE, {"later", "look"})
    only = text.replace("and vna through b", "").replace('group b { rule y { quarantine "look" } }', "")
    held = decided(only)
    assert (held.verdict, held.reason, held.retry is not None) == (Verdict.HOLD, "later", True)


def test_reject_is_not_allowed_in_a_group_nor_in_an_action_that_it_applies() -> None:
    assert "DR409" in codes(group('reject "no"'))
    assert "DR409" in codes('action no { reject "no" }' + group("apply no"))
    assert "DR409" in codes(group('set StudyID = AccessionNumber otherwise reject "no"'))
    assert "DR409" not in codes('rule a { when Modality == "CT" reject "no" }' + group("empty StudyID"))


def test_a_reject_of_the_settings_keeps_the_variant_because_success_was_promised_for_the_rest() -> None:
    text = 'settings { malformed => reject "bad value" }' + group("if Rows > 5 { empty StudyID }")
    made = dataset()
    made.add_new(0x00280010, "US", [1, 2])
    decision = Engine(program(text)).decide(envelope(made))
    assert isinstance(decision, Decision)
    assert [one.verdict for one in decision.stopped] == [Verdict.QUARANTINE]
    assert decision.destinations == ("pacs",)


def test_s72_a_rule_of_a_group_fired_in_any_variant() -> None:
    text = """group trial { rule p { when Modality == "CT" empty PatientName }
        rule q { when Modality == "MR" empty StudyID } }"""
    text += TO_BOTH + 'test "t" { given Modality = "CT" expect fired p expect not fired q }'
    assert failures(text) == []


def test_explain_tells_of_every_rule_of_a_group_those_behind_a_verdict_too() -> None:
    text = """group trial { rule p { when Modality == "MR" empty StudyID }
        rule q { quarantine "x" } rule r { empty StudyID } }"""
    hits = {hit.rule: hit for hit in decided(text + TO_BOTH, Modality="CT").hits if hit.group == "trial"}
    assert [hits[name].matched for name in "pqr"] == [False, True, False]
    assert hits["r"].notes == ("not reached",)
    assert hits["p"].because[0].seen == "CT"


def test_a_name_of_a_group_that_is_not_there_is_reported_with_the_nearest() -> None:
    found = codes("group trial { rule p { empty StudyID } } routes all every match { always => pacs through trail }")
    assert "DR107" in found


# ── two ways to one destination ───────────────────────────────────────────────────────────────────────────────────

GROUPS = "group a { rule x { empty StudyID } } group b { rule y { empty StudyID } }\n"


@pytest.mark.parametrize(
    "tables",
    [
        "routes t every match { always => pacs and pacs through a }",
        "routes t every match { always => pacs through a and pacs through b }",
        "routes t every match { always => pacs } routes u every match { always => pacs through a }",
        'routes t every match { always => pacs when Modality == "CT" => pacs through a }',
        'routes t every match { when Modality == "CT" => pacs through a when Modality == "CT" => pacs else => vna }',
        'routes t first match { when Modality == "CT" => vna else => vna } '
        "routes u first match { else => pacs } "
        'routes v every match { when Modality == "MR" => pacs through a else => vna }',
        "routes t every match { always => pacs through a failover vna through a } "
        "routes u every match { always => vna }",
    ],
)
def test_one_destination_reached_through_different_groups_is_an_error_where_it_is_proven(tables: str) -> None:
    assert "DR411" in codes(GROUPS + tables)


@pytest.mark.parametrize(
    "tables",
    [
        "routes t every match { always => pacs } routes u every match { always => vna through a }",
        'routes t first match { when Modality == "CT" => pacs through a else => pacs }',
        'routes t every match { when Modality == "CT" => pacs through a when Modality == "MR" => pacs else => vna }',
        "routes t every match { always => pacs through a } routes u every match { always => pacs through a }",
        "routes t every match { always => pacs failover vna } routes u every match { always => vna }",
    ],
)
def test_what_is_not_proven_to_contradict_is_no_error(tables: str) -> None:
    assert "DR411" not in codes(GROUPS + tables)


def test_what_could_not_be_proven_is_quarantined_when_it_happens() -> None:
    text = (
        GROUPS
        + """routes t every match { when Modality == "CT" => pacs through a else => vna }
        routes u every match { when StudyID is present => pacs else => nowhere "x" }"""
    )
    assert decided(text, Modality="CT").destinations == ("pacs",)
    decision = decided(text, Modality="CT", StudyID="1")
    assert (decision.verdict, decision.reason) == (Verdict.QUARANTINE, "two ways to pacs")


def test_s57_the_same_group_and_options_twice_is_sent_once() -> None:
    text = "routes t every match { always => pacs priority high } routes u every match { always => pacs priority high }"
    assert decided(text).destinations == ("pacs",)


def test_s57_different_options_are_an_error_where_proven_else_quarantined() -> None:
    proven = "routes t every match { always => pacs priority high } routes u every match { always => pacs }"
    assert "DR411" in codes(proven)
    text = """routes t every match { when Modality == "CT" => pacs priority high else => vna }
        routes u every match { when StudyID is present => pacs priority low else => nowhere "x" }"""
    assert decided(text, Modality="CT", StudyID="1").reason == "two ways to pacs"


def test_members_of_one_failover_or_balance_go_through_the_same_group() -> None:
    assert "DR412" in codes(GROUPS + "routes t every match { always => pacs through a failover vna }")
    assert "DR412" in codes(GROUPS + "routes t every match { always => balance(pacs through a, vna through b) }")
    assert "DR412" not in codes(GROUPS + "routes t every match { always => pacs through a failover vna through a }")
