"""What people ask of a DICOM rewriter and router, by identifier: M matching, W rewriting, X faults to be found.

Of D (de-identification) and R (routing) only what rules alone decide is here. Each file says at its head what is asked
and where somebody asked for it. A file with another beside it (`….expected`) shows there what is found in it; all the
others hold `test` blocks whose names begin with the identifier. What a rule file cannot ask of an object (bytes, file
meta information, elements that no rule may name) is asked here of the file that `apply` writes.
"""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydicom import Dataset, dcmread

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
FAULTS = sorted(path for path in HERE.glob("*.rules") if path.stem[0] == "x" or path.with_suffix(".expected").exists())
TASKS = sorted(path for path in HERE.glob("*.rules") if path not in FAULTS)

LAST = {"M": 47, "W": 71, "X": 19, "D": 35, "R": 37}
IDENTIFIERS = frozenset(f"{letter}{number:02d}" for letter, last in LAST.items() for number in range(1, last + 1, 2))

ELSEWHERE = {
    "M41": "needs a memory of the series of a study: a matter of delivery (`by study after`), not of one object",
    "W13": "needs a worklist, which is no source of tables in this version; W15 and W17 show the same with a CSV table",
    "W41": "needs a memory of the patients seen",
    "W71": "is about a C-FIND request, and only objects are rewritten",
    "D25": "needs `redact pixels`, which is not in this version",
    "D33": "needs another program: a rule calls none",
}
"""Tasks that rules for one object cannot say, with the reason."""


def loaded(path: Path) -> Loaded:
    """A file under its bare name, so that what is said does not depend on where the tests lie."""

    def read(name: str) -> str:
        return (path.parent / name).read_bytes().decode("utf-8-sig")

    return load([path.name], read)


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.stem)
def test_the_task_is_done(path: Path) -> None:
    found = loaded(path)
    assert render(found.diagnostics) == ""
    assert found.program is not None
    results = run_cases(found.program, lambda name: (HERE / name).read_bytes())
    assert results
    assert [f"{one.name}: {why.expected}: {why.got}" for one in results for why in one.failures] == []


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_the_fault_is_found_with_these_words(path: Path) -> None:
    shown = render(loaded(path).diagnostics)
    golden = path.with_suffix(".expected")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(shown, encoding="utf-8")
    assert shown
    assert shown == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.stem)
def test_the_file_is_a_sentence_in_the_one_layout(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    file, diagnostics = parse(Source(path.name, text))
    assert render(diagnostics) == ""
    laid_out = format(file)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(laid_out, encoding="utf-8")
    assert laid_out == text


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.stem)
def test_the_names_of_tests_begin_with_the_identifiers_of_the_file(path: Path) -> None:
    file, _ = parse(Source(path.name, path.read_text(encoding="utf-8")))
    named = {item.title.value[:3] for item in file.items if isinstance(item, ast.TestCase)}
    assert named
    assert named <= IDENTIFIERS
    assert {name.lower() for name in named} == {part for part in path.stem.split("_") if part.upper() in IDENTIFIERS}


@pytest.mark.parametrize("name", WRONG)
def test_an_object_is_the_one_that_can_be_read_here(name: str) -> None:
    assert (HERE / name).read_bytes() == made(name)


def applied(folder: Path, rules: str, name: str) -> Dataset:
    """What `apply` makes of an object."""
    (folder / "site.rules").write_text("language 1 " + rules, encoding="utf-8")
    arguments = ["apply", "--rules", str(folder / "site.rules"), "--out", str(folder / "out"), "--workers", "1"]
    ran = CliRunner().invoke(main, [*arguments, str(HERE / name)])
    assert ran.exit_code == 0, ran.output
    return dcmread(next((folder / "out").rglob("*.dcm")))


def test_d05_elements_of_illegal_groups_go_with_the_private_ones(tmp_path: Path) -> None:
    written = applied(tmp_path, "rule private_elements { remove private }", "d05_illegal_group.dcm")
    assert (0x0003, 0x1010) not in written
    assert (0x0003, 0x0010) not in written
    assert written.PatientID == "4711"


def test_w29_the_bytes_are_those_of_the_character_set(tmp_path: Path) -> None:
    written = applied(tmp_path, 'rule r { charset from "GBK" to "ISO_IR 192" }', "w29_gbk_undeclared.dcm")
    assert written.get_item("PatientName").value.rstrip(b" ") == "王^小东".encode()


def test_w65_the_file_meta_information_follows_the_data_set(tmp_path: Path) -> None:
    rules = 'rule renumbered { set SOPInstanceUID = "1.2.3.4" override }'
    written = applied(tmp_path, rules, "w37_station_name_as_un.dcm")
    assert written.SOPInstanceUID == written.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"


def test_w67_what_stood_there_is_kept_in_the_object(tmp_path: Path) -> None:
    rules = 'settings { record changes as COERCE } rule local { set PatientID = "0815" set IssuerOfPatientID = "L" }'
    written = applied(tmp_path, rules, "d05_illegal_group.dcm")
    assert written.PatientID == "0815"
    (kept,) = written.OriginalAttributesSequence
    assert kept.ReasonForTheAttributeModification == "COERCE"
    assert kept.ModifiedAttributesSequence[0].PatientID == "4711"


def test_every_task_is_here_or_has_a_reason() -> None:
    asked_here = [name.removeprefix("test_") for name in globals() if name.startswith("test_")]
    named = [*asked_here, *(path.stem for path in [*TASKS, *FAULTS])]
    here = {part.upper() for name in named for part in name.split("_")}
    assert here & set(ELSEWHERE) == set()
    assert {one for one in IDENTIFIERS - here if one[0] in "MWXD"} == set(ELSEWHERE)
