"""What people ask of a DICOM rewriter and router, by identifier: M matching, W rewriting, X faults to be found.

Of D (de-identification) and R (routing) only what rules alone decide is here. Each file says at its head what is asked
and where somebody asked for it. A file with another beside it (`….expected`) shows there what is found in it; all the
others hold `test` blocks whose names begin with the identifier. A file named `….later.rules` says what the language
does not carry out yet; it loses that part of its name when it does.
"""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydicom import dcmread

from dicomrules.cli.main import main
from dicomrules.lang import ast
from dicomrules.lang.format import format
from dicomrules.lang.parse import parse
from dicomrules.rulebook.cases import run_cases
from dicomrules.rulebook.load import Loaded, load
from dicomrules.text.render import render
from dicomrules.text.source import Source
from tests.language.tasks.objects import WRONG, made

HERE = Path(__file__).parent
LATER = sorted(HERE.glob("*.later.rules"))
FAULTS = sorted(path for path in HERE.glob("*.rules") if path.stem[0] == "x" or path.with_suffix(".expected").exists())
TASKS = sorted(path for path in HERE.glob("*.rules") if path not in (*LATER, *FAULTS))

LAST = {"M": 47, "W": 71, "X": 19, "D": 35, "R": 37}
IDENTIFIERS = frozenset(f"{letter}{number:02d}" for letter, last in LAST.items() for number in range(1, last + 1, 2))

ELSEWHERE = {
    "M41": "needs a memory of the series of a study: a matter of delivery (`by study after`), not of one object",
    "W13": "needs a worklist, which is no source of tables in this version; W15 and W17 show the same with a CSV table",
    "W41": "needs a memory of the patients seen",
    "W71": "is about a C-FIND request, and only objects are rewritten",
}
"""Tasks that rules for one object cannot say, with the reason."""


def loaded(path: Path) -> Loaded:
    """A file under its bare name, so that what is said does not depend on where the tests lie."""

    def read(name: str) -> str:
        return (path.parent / name).read_bytes().decode("utf-8-sig")

    return load([path.name], read)


def check(path: Path) -> None:
    """The file has no finding, and all of its tests pass."""
    found = loaded(path)
    assert render(found.diagnostics) == ""
    assert found.program is not None
    results = run_cases(found.program, lambda name: (HERE / name).read_bytes())
    assert results
    failed = [f"{one.name}: {why.expected}: {why.got}" for one in results for why in one.failures]
    assert failed == []


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.stem)
def test_the_task_is_done(path: Path) -> None:
    check(path)


@pytest.mark.parametrize("path", LATER, ids=lambda path: path.stem)
@pytest.mark.xfail(strict=False, reason="not in this version")
def test_the_task_will_be_done(path: Path) -> None:
    check(path)


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_the_fault_is_found_with_these_words(path: Path) -> None:
    shown = render(loaded(path).diagnostics)
    golden = path.with_suffix(".expected")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(shown, encoding="utf-8")
    assert shown
    assert shown == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*TASKS, *LATER], ids=lambda path: path.stem)
def test_the_file_is_a_sentence_in_the_one_layout(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    file, diagnostics = parse(Source(path.name, text))
    assert render(diagnostics) == ""
    laid_out = format(file)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(laid_out, encoding="utf-8")
    assert laid_out == text


@pytest.mark.parametrize("path", [*TASKS, *LATER], ids=lambda path: path.stem)
def test_the_names_of_tests_begin_with_the_identifiers_of_the_file(path: Path) -> None:
    file, _ = parse(Source(path.name, path.read_text(encoding="utf-8")))
    named = {item.title.value[:3] for item in file.items if isinstance(item, ast.TestCase)}
    assert named
    assert named <= IDENTIFIERS
    assert {name.lower() for name in named} == {part for part in path.stem.split("_") if part.upper() in IDENTIFIERS}


@pytest.mark.parametrize("name", WRONG)
def test_an_object_is_the_one_that_can_be_read_here(name: str) -> None:
    assert (HERE / name).read_bytes() == made(name)


def test_w65_the_file_meta_information_follows_the_data_set(tmp_path: Path) -> None:
    rules = tmp_path / "site.rules"
    rules.write_text('language 1 rule renumbered { set SOPInstanceUID = "1.2.3.4" override }', encoding="utf-8")
    arguments = ["apply", "--rules", str(rules), "--out", str(tmp_path / "out"), "--workers", "1"]
    ran = CliRunner().invoke(main, [*arguments, str(HERE / "w37_station_name_as_un.dcm")])
    assert ran.exit_code == 0, ran.output
    written = dcmread(next((tmp_path / "out").rglob("*.dcm")))
    assert written.SOPInstanceUID == written.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"


def test_every_task_is_here_or_has_a_reason() -> None:
    here = {part.upper() for path in [*TASKS, *LATER, *FAULTS] for part in path.stem.split("_")}
    assert here & set(ELSEWHERE) == set()
    assert {one for one in IDENTIFIERS - here if one[0] in "MWX"} == set(ELSEWHERE)
