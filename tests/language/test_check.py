"""Sentences that make no sense: files of `check` say exactly what is found, files of `near` come close and are fine."""

import os
from pathlib import Path

import pytest

from dicomrules.rulebook.load import Loaded, load
from dicomrules.text.render import render

HERE = Path(__file__).parent
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
def test_an_error_leaves_no_program_and_a_warning_does(path: Path) -> None:
    found = loaded(path)
    assert (found.program is None) == any(diagnostic.is_error for diagnostic in found.diagnostics)


@pytest.mark.parametrize("path", NEAR, ids=lambda path: path.stem)
def test_a_near_miss_is_not_reported(path: Path) -> None:
    found = loaded(path)
    assert render([one for one in found.diagnostics if one.is_error]) == ""
    assert path.stem[:5].upper() not in {one.code for one in found.diagnostics}
    assert found.program is not None
