"""P-09: rules that would look at everything in an object again and again are ended, and the object is held."""

import pytest

from dicomrules.engine import run as engine_run
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision
from dicomrules.model.instance import Verdict
from tests.unit.engine.make import Result, dataset, decide, encode, envelope, with_items
from tests.unit.rulebook.whole import program

EACH_ABOUT_EACH = "ProcedureCodeSequence[where original.ProcedureCodeSequence[any].CodeValue == 'X']".replace("'", '"')
ROUTES = " routes r first match { else => pacs }"
HELD = ("deciding it takes too long",)


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_run, "AT_LEAST", 100)
    monkeypatch.setattr(engine_run, "PASSES", 5)


def decided(text: str, items: int) -> Result:
    """What rules make of an object with so many procedure codes."""
    codes = [{"CodeValue": str(number), "CodeMeaning": "a procedure"} for number in range(items)]
    return decide(program(text + ROUTES), dataset(PatientID="1", ProcedureCodeSequence=with_items(*codes)))


@pytest.mark.parametrize(
    "body",
    [
        f'set {EACH_ABOUT_EACH}.CodeMeaning = "Y"',
        f'when {EACH_ABOUT_EACH}.CodeValue is present set PatientID = "2"',
        f"remove {EACH_ABOUT_EACH}.CodeMeaning",
    ],
)
def test_p09_a_rule_that_asks_each_item_about_each_other_is_ended_and_the_object_held(body: str) -> None:
    text = f'rule first {{ set PatientID = "changed" }} rule r {{ {body} }}'.replace("'", '"')
    assert decided(text, 5).decision.verdict is Verdict.SEND
    held = decided(text, 200).decision
    assert (held.verdict, held.variants, held.reasons) == (Verdict.HOLD, (), HELD)


@pytest.mark.parametrize(
    "body",
    [
        'when ProcedureCodeSequence[any].CodeValue == "X" set PatientID = "2"',
        'set ProcedureCodeSequence[every].CodeMeaning = "Y"',
        "remove private",
        'within ProcedureCodeSequence[every] { set CodeMeaning = "Y" }',
        "remove LongCodeValue anywhere",
    ],
)
def test_p09_so_many_rules_over_all_items_that_none_could_mean_it_are_ended(body: str) -> None:
    rules = " ".join(f"rule r{number} {{ {body} }}" for number in range(100))
    assert decided(f"rule r {{ {body} }}", 200).decision.verdict is Verdict.SEND
    assert decided(rules, 200).decision.reasons == HELD


def test_p09_a_group_that_takes_too_long_holds_its_variant_and_no_other() -> None:
    group = f'group g {{ rule r {{ set {EACH_ABOUT_EACH}.CodeMeaning = "Y" }} }}'
    text = f"{group} routes r every match {{ always => pacs always => research through g }}"
    codes = [{"CodeValue": str(number)} for number in range(200)]
    made = dataset(PatientID="1", ProcedureCodeSequence=with_items(*codes))
    decision = decide(program(text), made).decision
    assert [(variant.destinations, variant.verdict) for variant in decision.variants] == [
        (("pacs",), Verdict.SEND),
        (("research",), Verdict.HOLD),
    ]


def test_p09_the_same_object_is_always_held_by_the_same_rules() -> None:
    text = program(f'rule r {{ set {EACH_ABOUT_EACH}.CodeMeaning = "Y" }}{ROUTES}')
    codes = [{"CodeValue": str(number)} for number in range(200)]
    arrived = envelope(encode(dataset(ProcedureCodeSequence=with_items(*codes))))
    first, again = Engine(text).decide(arrived), Engine(text).decide(arrived)
    assert isinstance(first, Decision)
    assert (first, first.verdict) == (again, Verdict.HOLD)
