"""The pages that are made from records say what the records say now."""

from pathlib import Path

import pytest
from docs.generate import DOCS, pages

from dicomrules.functions.registry import FUNCTIONS

PAGES = pages()


@pytest.mark.parametrize("name", [pytest.param(name, id=str(name)) for name in PAGES])
def test_a_generated_page_is_not_stale(name: Path) -> None:
    path = DOCS / name
    assert path.exists(), "it is missing: python docs/generate.py"
    assert path.read_text("utf-8") == PAGES[name], "it is stale: python docs/generate.py"


def test_there_is_no_page_of_a_code_that_is_no_more() -> None:
    assert {path.relative_to(DOCS) for path in (DOCS / "codes").glob("*.md")} <= set(PAGES)


def test_every_function_is_in_the_reference() -> None:
    page = PAGES[Path("reference/functions.md")]
    assert [name for name in FUNCTIONS if f"### `{name}`" not in page] == []
