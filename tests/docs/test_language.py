"""The page of the language: each example is what the page says it is, and its tests pass."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from docs.generate import whole

from dicomrules.lang.check.symbols import CONTEXT
from dicomrules.rulebook.cases import run_cases
from dicomrules.rulebook.load import Loaded, load
from dicomrules.text.render import render_one
from tests.docs.pages import ROOT, Block, blocks

PAGE = ROOT / "docs" / "language.md"
WRONG = re.compile(r"# wrong: (DR\d{3})\n")
_HEAD = "expects destinations pacs, vna\n"
# A part of a file may define what another part would use.
UNUSED = "DR109"


def parts(wrong: bool) -> list[object]:
    """The examples that are right, or those that are said to be wrong."""
    every = [block for block in blocks(PAGE) if block.kind in ("dicomrules", "text")]
    kept = [block for block in every if bool(WRONG.match(block.text)) is wrong and (wrong or block.kind != "text")]
    return [pytest.param(block, id=block.place) for block in kept]


def loaded(text: str, destinations: tuple[str, ...] | None = None) -> Loaded:
    """An example made whole, and read as `validate` reads it; for a gateway, where it says its destinations."""
    example = whole(UNUSED, text)
    assert example is not None
    files = {block.name: block.text for block in blocks(PAGE) if block.kind == "csv"} | example.files
    return load(["site.rules"], files.__getitem__, destinations=destinations)


@pytest.mark.parametrize("block", parts(wrong=False))
def test_a_right_example_is_clean_and_its_tests_pass(block: Block) -> None:
    found = loaded(block.text)
    assert [(each.code, each.message) for each in found.diagnostics if each.code != UNUSED] == []
    assert found.program is not None
    results = run_cases(found.program, lambda name: b"")
    assert [(result.name, result.failures) for result in results if not result.passed] == []


@pytest.mark.parametrize("block", parts(wrong=True))
def test_a_wrong_example_gets_the_code_that_the_page_says(block: Block) -> None:
    match = WRONG.match(block.text)
    assert match is not None
    found = {each.code for each in loaded(block.text[match.end() :]).diagnostics} - {UNUSED}
    assert match[1] in found
    assert found <= {match[1], "DR501"}


def test_what_validate_is_said_to_print_is_what_it_prints() -> None:
    every = list(blocks(PAGE))
    shown = [(before, block) for before, block in pairwise(every) if block.text.startswith("error[")]
    assert shown
    for before, block in shown:
        found = [each for each in loaded(_HEAD + before.text.partition("\n")[2]).diagnostics if each.is_error]
        assert "\n".join(render_one(each) for each in found) == block.text


def habits() -> list[tuple[str, str]]:
    """What is written elsewhere, and what is written here."""
    table = PAGE.read_text("utf-8").partition("| elsewhere | here |\n")[2].partition("\n\n")[0]
    rows = [re.findall("`([^`]+)`", line) for line in table.splitlines()[1:]]
    return [(elsewhere, here) for elsewhere, here in rows]


def refused(words: str) -> set[str]:
    """The codes of errors about words in a file where they would stand."""
    if words.startswith(("set ", "hold ")):
        text = f"rule r {{\n{words}\n}}\n"
    elif "=>" in words:
        text = f"routes r every match {{\n{words}\n}}\n"
    else:
        text = f"{words}\n" if words.startswith(("#", "/")) else f"condition c = {words}\n"
    return {each.code for each in loaded(text).diagnostics if each.is_error}


@pytest.mark.parametrize(("elsewhere", "here"), habits())
def test_what_is_written_otherwise_elsewhere_is_refused_with_what_is_written_here(elsewhere: str, here: str) -> None:
    assert refused(elsewhere)
    assert refused(here) == set()


def test_what_is_not_in_this_version_is_refused_line_by_line() -> None:
    later = next(block.text for block in blocks(PAGE) if block.text.startswith("# wrong: DR002\n"))
    found = [each for each in loaded(later).diagnostics if each.code == "DR002"]
    refused = {each.span.source.line_text(each.span.line).strip() for each in found}
    said = {line.strip() for line in later.splitlines() if line.endswith("# refused")}
    assert sorted(said - refused) == [], "these are built: describe them in the page and take them off its last list"
    assert sorted(refused - said) == []


def words_of_sending() -> list[str]:
    """What the page says that a gateway refuses, because delivery does not act on it."""
    (said,) = [one for one in PAGE.read_text("utf-8").split("\n\n") if "a gateway refuses rules" in one]
    return re.findall("`([^`]+)`", said)


@pytest.mark.parametrize("words", words_of_sending())
def test_a_gateway_refuses_what_delivery_does_not_act_on(words: str) -> None:
    way = words if "failover" in words else f"pacs {words}"
    text = 'settings { timezone "UTC" }\nschedule nights = "Sat"\nroutes r every match { always => ' + way + " }"
    assert [each.code for each in loaded(text).diagnostics if each.code != UNUSED] == []
    refused = loaded(text, ("pacs", "vna")).diagnostics
    assert [each.code for each in refused if each.code != UNUSED] == ["DR002"], "it is built: take it off the list"


def anchors(page: Path) -> set[str]:
    """What a link into a page may name."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(link: str) -> bool:
    path, _, anchor = link.partition("#")
    page = PAGE.parent / path if path else PAGE
    return page.exists() and (not anchor or anchor in anchors(page))


def test_every_link_of_the_page_leads_to_a_heading_or_a_page() -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGE.read_text("utf-8"))
    assert [link for link in links if not leads_somewhere(link)] == []


def test_every_statement_and_setting_that_runs_is_in_the_reference() -> None:
    said = PAGE.read_text("utf-8").partition("## Reference")[2].partition("## Not in this version")[0]
    statements = ("set", "default", "add", "copy", "move", "swap", "empty", "remove", "within", "let", "apply", "if")
    assert [word for word in statements if f"`{word} " not in said] == []
    assert [name for name in CONTEXT if f"`{name}`" not in said] == []
