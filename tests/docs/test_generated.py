"""The pages that are made from records say what the records say now."""

from pathlib import Path

import pytest
from docs.generate import DOCS, pages

from dicomrules.functions.registry import FUNCTIONS


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    return pages()


def test_no_generated_page_is_missing_or_stale(made: dict[Path, str]) -> None:
    kept = {name: path.read_text("utf-8") for name in made if (path := DOCS / name).exists()}
    stale = [str(name) for name, text in made.items() if kept.get(name) != text]
    assert stale == [], "make them anew: python docs/generate.py"


def test_there_is_no_page_of_a_code_that_is_no_more(made: dict[Path, str]) -> None:
    assert {path.relative_to(DOCS) for path in (DOCS / "codes").glob("*.md")} <= set(made)


def test_every_function_is_in_the_reference(made: dict[Path, str]) -> None:
    page = made[Path("reference/functions.md")]
    assert [name for name in FUNCTIONS if f"### `{name}`" not in page] == []
