"""Paths that may be about one element, and paths that are: nothing is reported that follows from the first alone."""

import pytest

from tests.unit.rulebook.say import codes

SEQUENCE = "RequestAttributesSequence"

ONE_AND_THE_SAME = [
    ("[first]", "[item 1]"),
    ("[item 1]", "[first]"),
    ("[every]", "[first]"),
    ("[every]", "[item 2]"),
    ("[item 2]", "[last]"),
    ("[last]", "[first]"),
    ('[where StudyID == "1"]', "[first]"),
    ("[first]", '[where StudyID == "1"]'),
]
"""What is written, and what is read, where both may be one item."""


def ends(name: str, test: str) -> str:
    return f'rule {name} {{ when {test} quarantine "{name}" }}\n'


def reads(selector: str) -> str:
    return f'{SEQUENCE}{selector}.RequestedProcedureID == "A"'


def hidden(between: str, test: str) -> list[str]:
    """What is found about a rule that asks for the same as one above, with something in between."""
    found = codes(ends("above", test) + f'rule between {{ when Modality == "CT" {between} }}\n' + ends("below", test))
    return [code for code in found if code in ("DR407", "DR416")]


def test_a_rule_that_asks_for_what_one_above_has_ended_is_never_reached() -> None:
    assert hidden("empty StationName", reads("[first]")) == ["DR416"]
    assert hidden(f"within {SEQUENCE}[every] {{ empty StudyID }}", reads("[first]")) == ["DR416"]


@pytest.mark.parametrize(("written", "read"), ONE_AND_THE_SAME)
def test_it_may_be_reached_when_the_item_may_have_been_written_by_another_name(written: str, read: str) -> None:
    assert hidden(f'set {SEQUENCE}{written}.RequestedProcedureID = "A"', reads(read)) == []
    assert hidden(f'within {SEQUENCE}{written} {{ set RequestedProcedureID = "A" }}', reads(read)) == []


def test_it_is_not_when_another_item_was_written() -> None:
    assert hidden(f'set {SEQUENCE}[item 2].RequestedProcedureID = "A"', reads("[first]")) == ["DR416"]
    assert hidden(f'set {SEQUENCE}[item 2].RequestedProcedureID = "A"', reads("[item 3]")) == ["DR416"]


@pytest.mark.parametrize("read", ["[last]", "[first]", "[any]", "[item 2]"])
def test_it_may_be_reached_when_an_item_was_appended(read: str) -> None:
    assert hidden(f'add {SEQUENCE}[new].RequestedProcedureID = "A"', reads(read)) == []
    assert hidden(f'within {SEQUENCE}[new] {{ set StudyID = "A" }}', reads(read)) == []
    assert hidden(f'set {SEQUENCE}[item 2].StudyID = "A" creating path', reads(read)) == []


def test_it_may_be_reached_when_what_an_item_is_chosen_by_was_written() -> None:
    chosen = '[where StudyID == "1"]'
    assert hidden(f'within {SEQUENCE}[every] {{ set StudyID = "1" }}', reads(chosen)) == []
    by_another = "[where StudyID == root.StationName]"
    assert hidden('set StationName = "1"', reads(by_another)) == []


@pytest.mark.parametrize("read", ['has "X"', '[any] == "X"', '[last] == "X"', '[value 3] == "X"'])
def test_it_may_be_reached_when_a_value_was_written_by_another_name(read: str) -> None:
    read = f" {read}" if read.startswith("has") else read
    assert hidden('set ImageType[value 3] = "X"', f"ImageType{read}") == []
    assert hidden('add ImageType = "X"', f"ImageType{read}") == []
    assert hidden('set ImageType[value 4] = "X"', 'ImageType[value 3] == "X"') == ["DR416"]


def test_what_was_written_by_another_name_is_not_known_to_be_there_any_more() -> None:
    known = f"{SEQUENCE}[first].RequestedProcedureID"
    rule = f"rule r {{ when {known} is present %s set StationName = current.{known} }}"
    assert "DR302" not in codes(rule % "empty StudyID")
    for gone in ("[item 1]", "[every]", "[last]"):
        assert "DR302" in codes(rule % f"remove {SEQUENCE}{gone}.RequestedProcedureID")
        assert "DR302" in codes(rule % f"within {SEQUENCE}{gone} {{ keep only StudyID }}")
    assert "DR302" not in codes(rule % f"remove {SEQUENCE}[item 2].RequestedProcedureID")


def ambiguous(written: str, read: str) -> bool:
    rule = f'rule r {{ set {written} = "A" set StationName = {read} otherwise keep }}'
    return "DR404" in codes(rule)


def test_a_read_of_what_the_rule_sets_by_another_name_is_ambiguous_where_both_are_one_for_sure() -> None:
    def path(selector: str) -> str:
        return f"{SEQUENCE}{selector}.RequestedProcedureID"

    assert ambiguous(path("[item 1]"), path("[first]"))
    assert ambiguous(path("[every]"), path("[first]"))
    assert ambiguous("ImageType[value 1]", "ImageType[first]")
    assert not ambiguous(path("[last]"), path("[first]"))
    assert not ambiguous(path("[item 2]"), path("[first]"))
    assert not ambiguous(path('[where StudyID == "1"]'), path("[first]"))


def fight(written: str, again: str) -> bool:
    return "DR406" in codes(f'rule a {{ set {written} = "A" }} rule b {{ set {again} = "B" }}')


def test_two_rules_fight_about_an_item_where_it_is_one_for_sure() -> None:
    def path(selector: str) -> str:
        return f"{SEQUENCE}{selector}.RequestedProcedureID"

    assert fight(path("[item 1]"), path("[first]"))
    assert fight(path("[every]"), path("[item 2]"))
    assert not fight(path("[last]"), path("[first]"))
    assert not fight(path("[item 1]"), path("[item 2]"))


def test_two_rules_that_append_an_item_each_do_not_fight() -> None:
    once = f'within {SEQUENCE}[new] {{ set RequestedProcedureID = "A" }}'
    assert "DR406" not in codes(f"rule a {{ {once} }} rule b {{ {once} }}")


def test_a_path_whose_item_may_be_another_one_by_then_is_not_set_twice() -> None:
    last = f'set {SEQUENCE}[last].RequestedProcedureID = "A"'
    assert "DR405" not in codes(f'rule r {{ {last} within {SEQUENCE}[new] {{ set StudyID = "B" }} {last} }}')
    first = f'set {SEQUENCE}[first].RequestedProcedureID = "A"'
    assert "DR405" in codes(f"rule r {{ {first} {first} }}")
