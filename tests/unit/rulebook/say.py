"""Rule text of tests, loaded and run."""

from collections.abc import Mapping

from dicomrules.program.ruleset import Program
from dicomrules.rulebook.cases import CaseResult, run_cases
from dicomrules.rulebook.load import load

HEAD = "expects destinations pacs, vna, research\n"
Files = Mapping[str, str]


def program(text: str, files: Files | None = None) -> Program:
    """The program of a rule file without its first line; it must be without errors."""
    texts = {"a.rules": "language 1 " + HEAD + text, **(files or {})}
    loaded = load(["a.rules"], texts.__getitem__)
    errors = [(found.code, found.message) for found in loaded.diagnostics if found.is_error]
    assert not errors, errors
    assert loaded.program is not None
    return loaded.program


def codes(text: str, files: Files | None = None, **outside: object) -> list[str]:
    """The codes of all findings of a rule file without its first line."""
    texts = {"a.rules": "language 1 " + HEAD + text, **(files or {})}
    return [found.code for found in load(["a.rules"], texts.__getitem__, **outside).diagnostics]  # type: ignore[arg-type]


def results(
    text: str, files: Mapping[str, str] | None = None, objects: Mapping[str, bytes] | None = None
) -> list[CaseResult]:
    """What came of the tests inside a rule file."""
    return list(run_cases(program(text, files), (objects or {}).__getitem__))


def failures(
    text: str, files: Mapping[str, str] | None = None, objects: Mapping[str, bytes] | None = None
) -> list[str]:
    """What was seen instead of what is expected, for every failure."""
    ran = results(text, files, objects)
    assert ran, "there is no test in this text"
    return [failure.got for result in ran for failure in result.failures]
