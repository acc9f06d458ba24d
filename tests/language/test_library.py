"""The ready rules in `rules/`: each file stands alone, tests itself wholly, and goes together with all others."""

import re
from pathlib import Path

import pytest

from dicomrules.lang.format import format
from dicomrules.lang.parse import parse
from dicomrules.rulebook.cases import run_cases, unreached
from dicomrules.rulebook.load import load
from dicomrules.text.render import render
from dicomrules.text.source import Source

LIBRARY = Path(__file__).parents[2] / "rules"
READY = sorted(LIBRARY.glob("*.rules"))


def read(name: str) -> str:
    return (LIBRARY / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_it_has_no_finding_and_tests_itself_wholly(path: Path) -> None:
    loaded = load([path.name], read)
    assert render(loaded.diagnostics) == ""
    assert loaded.program is not None
    results = run_cases(loaded.program, lambda name: (LIBRARY / name).read_bytes())
    assert results
    assert [f"{one.name}: {why.expected}: {why.got}" for one in results for why in one.failures] == []
    assert unreached(loaded.program, results) == ()


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_its_head_says_when_to_use_it_and_when_not(path: Path) -> None:
    head = read(path.name).split("language 1")[0]
    assert re.search(r"^# Use ", head, re.MULTILINE)
    assert re.search(r"^# Do not use ", head, re.MULTILINE)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_it_is_in_the_one_layout_and_in_the_list(path: Path) -> None:
    file, diagnostics = parse(Source(path.name, read(path.name)))
    assert render(diagnostics) == ""
    assert format(file) == read(path.name)
    assert f"`{path.name}`" in read("README.md")


def test_all_files_can_be_included_in_one() -> None:
    names = [path.name for path in READY]
    text = "language 1\n" + "".join(f'include "{name}"\n' for name in names)
    loaded = load(["site.rules"], lambda name: text if name == "site.rules" else read(name))
    assert [one.message for one in loaded.diagnostics if one.is_error] == []


def test_the_example_of_the_list_is_fine() -> None:
    text = read("README.md").split("```")[1].strip("\n") + "\n"

    def beside(name: str) -> str:
        return text if name == "site.rules" else read(name.removeprefix("rules/"))

    assert [one.message for one in load(["site.rules"], beside).diagnostics if one.is_error] == []
