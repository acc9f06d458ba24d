"""I-19: a destination that asks for a group is reached through it in every arm, or the rules are refused."""

import pytest

from dicomrules.rulebook.load import Loaded, load
from dicomrules.text.source import Source

GATEWAY = Source("gateway.yaml", "only_through: [trial]")
TRIAL = GATEWAY.span(15, 20)
HEAD = """language 1
expects destinations pacs, vna, research
settings { timezone "Europe/Madrid" }
schedule nights = "19:00-06:00"
table inline { "A" => "pacs"  "B" => "research" }
table harmless { "A" => "pacs"  "B" => "vna" }
table stores from csv "stores.csv" {
  key "aet" as StationName
  value "store" as destination store
  value "other" as destination other
  unavailable => hold "no stores"
}
group trial { rule p { empty StudyID } }
group other { rule q { empty StudyID } }
rule uses { when called_aet == "NOBODY" set StudyID = "1" }
"""
STORES = "aet,store,other\nA,pacs,vna\nB,research,vna\n"


def checked(arms: str, only: str = "trial", head: str = HEAD) -> Loaded:
    texts = {"a.rules": f"{head}routes all every match {{\n{arms}\n}}\n", "stores.csv": STORES}
    return load(
        ["a.rules"],
        texts.__getitem__,
        destinations=["pacs", "vna", "research"],
        only_through={"research": {only: TRIAL}},
    )


def places(arms: str) -> list[str]:
    """What is pointed at by the finding."""
    return [each.span.text for each in checked(arms).diagnostics if each.code == "DR614"]


@pytest.mark.parametrize(
    ("arms", "pointed_at"),
    [
        ("always => research", "research"),
        ("always => pacs and vna and research", "research"),
        ('when Modality == "CT" => research through trial\n else => research', "research"),
        ("always => research through other", "other"),
        ("always => research during nights", "research"),
        ("always => research by study after 60s only once priority high", "research"),
        ("always => pacs failover vna failover research", "research"),
        ("always => research failover pacs", "research"),
        ("always => balance(pacs 25, research 75)", "research"),
        ("always => balance(pacs, vna) failover research", "research"),
        ('always => lookup inline[called_aet] otherwise hold "x"', "lookup inline[called_aet]"),
        ('always => lookup inline[called_aet] otherwise hold "x" through other', "lookup inline[called_aet]"),
        ('always => lookup stores[called_aet].store otherwise hold "x"', "lookup stores[called_aet].store"),
        (
            'always => pacs failover lookup stores[called_aet].store otherwise hold "x"',
            "lookup stores[called_aet].store",
        ),
    ],
)
def test_i19_every_way_past_the_group_is_an_error_where_it_stands(arms: str, pointed_at: str) -> None:
    assert places(arms) == [pointed_at]
    assert checked(arms).program is None


@pytest.mark.parametrize(
    "arms",
    [
        "always => research through trial",
        "always => research through trial during nights and pacs",
        "always => pacs through trial failover research through trial",
        "always => balance(pacs through trial, research through trial)",
        "always => pacs failover vna",
        'always => lookup inline[called_aet] otherwise hold "x" through trial',
        'always => lookup harmless[called_aet] otherwise hold "x"',
        'always => lookup stores[called_aet].other otherwise hold "x"',
        'when Modality == "CT" => research through trial\n else => nowhere "not in the trial"',
    ],
)
def test_i19_every_way_through_the_group_is_fine(arms: str) -> None:
    assert places(arms) == []


def test_i19_the_finding_shows_the_gateway_file_and_the_remedy() -> None:
    (found,) = [each for each in checked("always => research").diagnostics if each.code == "DR614"]
    assert found.message == "`research` takes only what goes through `trial`"
    assert [(each.span.source.name, each.span.text) for each in found.labels[1:]] == [("gateway.yaml", "trial")]
    assert found.fix is not None
    assert found.fix.replacement == "research through trial"
    (found,) = [each for each in checked("always => research through other").diagnostics if each.code == "DR614"]
    assert found.fix is not None
    assert (found.fix.span.text, found.fix.replacement) == ("other", "trial")


def test_i19_a_group_that_the_rules_do_not_have_is_told_at_the_gateway_file_and_alone() -> None:
    found = [each for each in checked("always => research", only="trail").diagnostics if each.is_error]
    assert [(each.code, each.span.source.name) for each in found] == [("DR107", "gateway.yaml")]
    assert found[0].fix is not None
    assert found[0].fix.replacement == "trial"


def test_i19_without_a_gateway_nothing_is_asked_for() -> None:
    texts = {"a.rules": f"{HEAD}routes all every match {{ always => research }}", "stores.csv": STORES}
    assert "DR614" not in {each.code for each in load(["a.rules"], texts.__getitem__).diagnostics}
