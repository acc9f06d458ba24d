"""Sentences that make no sense: files of `check` say exactly what is found, files of `near` come close and are fine."""

import os
from pathlib import Path

import pytest

from dicomrules.lang import ast
from dicomrules.lang.check.places import nodes
from dicomrules.lang.parse import parse
from dicomrules.rulebook.load import Loaded, load
from dicomrules.text.render import render

HERE = Path(__file__).parent
TASKS = HERE / "tasks"
CHECK = sorted((HERE / "check").glob("*.rules"))
NEAR = sorted((HERE / "near").glob("*.rules"))


def loaded(path: Path) -> Loaded:
    """A file under its bare name, so that what is said does not depend on where the tests lie."""

    def read(name: str) -> str:
        return (path.parent / name).read_bytes().decode("utf-8-sig")

    return load([path.name], read)


@pytest.mark.parametrize("path", CHECK, ids=lambda path: path.stem)
def test_it_is_found_with_these_words(path: Path) -> None:
    shown = render(loaded(path).diagnostics)
    golden = path.with_suffix(".expected")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")
    if path.stem.startswith("dr"):
        assert f"[{path.stem[:5].upper()}]" in shown


@pytest.mark.parametrize("path", CHECK, ids=lambda path: path.stem)
def test_whoever_reads_it_knows_what_to_do_next(path: Path) -> None:
    assert [one.message for one in loaded(path).diagnostics if not (one.notes or one.fixes)] == []


@pytest.mark.parametrize("path", CHECK, ids=lambda path: path.stem)
def test_no_line_of_a_finding_is_wider_than_the_terminal(path: Path) -> None:
    assert [line for line in render(loaded(path).diagnostics).splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("path", CHECK, ids=lambda path: path.stem)
def test_an_error_leaves_no_program_and_a_warning_does(path: Path) -> None:
    found = loaded(path)
    assert (found.program is None) == any(diagnostic.is_error for diagnostic in found.diagnostics)


@pytest.mark.parametrize("path", NEAR, ids=lambda path: path.stem)
def test_a_near_miss_is_not_reported(path: Path) -> None:
    found = loaded(path)
    assert render([one for one in found.diagnostics if one.is_error]) == ""
    assert path.stem[:5].upper() not in {one.code for one in found.diagnostics}
    assert found.program is not None


NEVER_WRONG = {
    "Ascii": "one word with one meaning",
    "RemoveIt": "one word; where it cannot stand, `keep` and `empty` are tried",
    "AnyVerdict": "one of four words, and any reason",
    "GivenFile": "a file is looked for when the test runs",
    "Comment": "says nothing to the program",
    "File": "what is wrong is wrong in one of its items",
    "Unread": "an item that is no sentence: see `reject`",
}
"""Constructs of which no wrong use is a sentence, with the reason."""


def about(path: Path) -> set[str]:
    """The constructs that findings are about: selectors that they mark, and what is around them, three steps out."""
    found: set[str] = set()
    file, _ = parse(next(source for source in loaded(path).sources if source.name == path.name))
    every = [node for item in file.items for node in nodes(item)]
    for span in (one.span for one in loaded(path).diagnostics if one.span.source.name == path.name):
        around = [node for node in every if node.span.start <= span.start and span.end <= node.span.end]
        widths = sorted({node.span.end - node.span.start for node in around} - {0})[:3]
        found |= {type(node).__name__ for node in around if node.span.end - node.span.start in widths}
        marked = [node for node in every if span.start <= node.span.start and node.span.end <= span.end]
        found |= {type(node).__name__ for node in marked if type(node).__name__.endswith("Selector")}
    return found


def test_of_each_construct_there_is_a_wrong_use_with_its_message() -> None:
    constructs = {
        name
        for name, kind in vars(ast).items()
        if isinstance(kind, type) and issubclass(kind, ast.Node) and kind is not ast.Node
    }
    tried = set().union(*(about(path) for path in [*CHECK, *sorted(TASKS.glob("x*.rules"))]))
    assert constructs - tried == set(NEVER_WRONG)
