"""Results of `test` blocks in JUnit's XML, which every CI server reads."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, ElementTree, SubElement

from dicomrules.cli.cases_view import expected
from dicomrules.rulebook.cases import CaseResult


def as_junit(results: Sequence[CaseResult]) -> ElementTree:
    """One suite with a case for each `test` block; its class name is the rule file that holds it."""
    failed = sum(not result.passed for result in results)
    suite = Element("testsuite", name="dicomrules", tests=str(len(results)), failures=str(failed), errors="0")
    for result in results:
        suite.append(_case(result))
    root = Element("testsuites")
    root.append(suite)
    return ElementTree(root)


def _case(result: CaseResult) -> Element:
    file, line = _file_and_line(result.origin.place)
    case = Element("testcase", name=_clean(result.name), classname=file, file=file, line=line)
    if not result.passed:
        lines: list[str] = []
        for each in result.failures:
            lines.append(f"{each.origin.place}: expected {expected(each)}, got {each.got}")
            lines.extend(f"  because {line}" for line in each.because)
        failure = SubElement(case, "failure", message=_clean(lines[0]), type="expectation")
        failure.text = _clean("\n".join(lines))
    return case


def _file_and_line(place: str) -> tuple[str, str]:
    file, _, rest = place.rpartition(":")
    file, _, line = file.rpartition(":")
    return (file, line) if file else (rest, "0")


def _clean(text: str) -> str:
    """Characters that XML cannot hold as their escapes (XML 1.0, 2.2)."""
    return "".join(one if _fits(ord(one)) else one.encode("unicode_escape").decode("ascii") for one in text)


def _fits(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
