"""What is too much to look at: nothing is reported about it, and it is named as not analysed."""

import pytest

from dicomrules.lang.check import ground
from dicomrules.lang.check.ground import Stretches
from dicomrules.rulebook.load import Loaded, load


def loaded(text: str) -> Loaded:
    return load(["x.rules"], lambda _: "language 1\n" + text)


def codes(found: Loaded) -> list[str]:
    return [one.code for one in found.diagnostics]


def left_out(found: Loaded) -> list[str]:
    """What is not analysed, as it is written."""
    assert found.program is not None
    return [origin.text for origin in found.program.unanalysed]


def item(number: int) -> str:
    return f"RequestAttributesSequence[item {number}].RequestedProcedureDescription"


@pytest.mark.parametrize("number", [1, 100, 101, 150])
def test_a_value_that_was_set_is_not_doubted_after_a_hundred_others(number: int) -> None:
    written = "".join(f'  set {item(one)} = "x" creating path\n' for one in range(1, 151))
    found = loaded(f"rule r {{\n{written}  set StudyDescription = current.{item(number)}\n}}\n")
    assert "DR302" not in codes(found)
    assert left_out(found) == [item(101)]


def test_a_value_that_was_never_set_is_doubted_after_a_hundred_others() -> None:
    written = "".join(f'  set {item(one)} = "x" creating path\n' for one in range(1, 151))
    assert "DR302" in codes(loaded(f"rule r {{\n{written}  set StudyDescription = current.{item(151)}\n}}\n"))


def test_values_that_are_compared_with_no_defined_term_are_named() -> None:
    rules = "".join(f'rule r{number} {{ set Modality = "X{number}" override }}\n' for number in range(502))
    assert left_out(loaded(rules)) == ['set Modality = "X500" override', 'set Modality = "X501" override']


def test_a_statement_below_more_conditions_than_are_looked_at_is_named() -> None:
    arms = "".join(f' else if PatientID == "{number}" {{ }}\n' for number in range(60))
    last = 'else if PatientID == "x" { set StudyDescription = "x" }'
    found = loaded(f'rule r {{ if PatientID == "y" {{ }} else if calling_aet == "A" {{ }}\n{arms} {last} }}\n')
    assert "DR503" not in codes(found)
    assert 'set StudyDescription = "x"' in left_out(found)


def test_reads_beyond_the_bound_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomrules.lang.check.reads.MOST_COMPARED", 3)
    found = loaded('rule r { if StudyID == "1" { set StudyID = "a" } else if StudyID == "2" { set StudyID = "b" } }\n')
    assert left_out(found) == ["StudyID"]


def test_actions_are_written_out_up_to_a_bound_for_all_rules_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "MOST_WRITTEN_OUT", 30)
    action = 'action a { set StudyID = "x" override set AccessionNumber = "y" override }\n'
    rules = [f"rule r{number} {{ apply a }}\n" for number in range(5)]
    assert codes(loaded(action + "".join(rules[:2]))) == []
    assert codes(loaded(action + "".join(rules))) == ["DR113"]


def test_functions_are_written_out_up_to_a_bound_for_all_rules_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "MOST_WRITTEN_OUT", 30)
    function = 'function f(x) = x + "1"\n'
    rules = [f"rule r{number} {{ set StudyID = f(PatientSex) otherwise keep override }}\n" for number in range(20)]
    rules = [rule.replace(" otherwise keep override", " override otherwise keep") for rule in rules]
    assert codes(loaded(function + "".join(rules[:3]))) == []
    assert codes(loaded(function + "".join(rules))) == ["DR113"]


def test_what_one_group_writes_is_not_written_in_another() -> None:
    condition = 'condition is_ct = Modality == "CT" or Modality == "PT"\n'
    drop = 'when is_ct drop "x"'
    first = f"group a {{ rule a1 {{ empty StudyID }} rule a2 {{ empty StationName }} rule a3 {{ {drop} }} }}\n"
    second = f'group b {{ rule b1 {{ {drop} }} rule b2 {{ set Modality = "CT" }} rule b3 {{ {drop} }} }}\n'
    assert "DR416" not in codes(loaded(condition + first + second))


def test_stretches_that_touch_are_one() -> None:
    some = Stretches()
    for begin, end in ((10, 20), (40, 50), (20, 30), (60, 70)):
        some.add(begin, end)
    assert [some.meet(at, at + 1) for at in (9, 10, 20, 29, 30, 39, 40, 50, 60, 70)] == [
        *(False, True, True, True, False, False, True, False, True, False)
    ]
    some.add(5, 65)
    assert some.meet(31, 32)
    assert not some.meet(0, 5)
    assert not some.meet(70, 80)


def test_where_no_more_findings_of_a_kind_are_looked_for_the_last_one_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomrules.lang.check.ground._MOST_FOUND", 2)
    rules = "".join(f'rule r{number} {{ set StationName = "{number}" }}\n' for number in range(6))
    found = loaded(rules)
    fights = [one for one in found.diagnostics if one.code == "DR406"]
    said = ["no more are looked for" in " ".join(one.notes) for one in fights]
    assert said == [False, True]
    assert len(found.unanalysed) == 3


def test_findings_below_the_bound_say_nothing_of_it() -> None:
    found = loaded('rule a { set StationName = "A" }\nrule b { set StationName = "B" }\n')
    assert ["no more are" in " ".join(one.notes) for one in found.diagnostics] == [False]
    assert found.unanalysed == ()
