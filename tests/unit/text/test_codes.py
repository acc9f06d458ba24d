"""The registry of codes: complete records, each once, in the file of its family."""

import pytest

from dicomrules.text.codes.registry import CODES, FAMILIES, diagnose
from dicomrules.text.diagnostic import Severity
from dicomrules.text.source import Source


def test_each_code_is_in_the_file_of_its_family() -> None:
    for digit, family in enumerate(FAMILIES):
        assert all(record.code.startswith(f"DR{digit}") and len(record.code) == 5 for record in family.CODES)


def test_no_code_is_given_twice() -> None:
    assert len(CODES) == sum(len(family.CODES) for family in FAMILIES)


def test_every_record_is_complete() -> None:
    for record in CODES.values():
        assert all((record.title, record.why, record.bad, record.good)), record.code


def test_a_finding_has_the_severity_of_its_code() -> None:
    span = Source("x", "abc").span(0, 1)
    assert diagnose("DR001", span, "message").severity is Severity.ERROR
    with pytest.raises(KeyError):
        diagnose("DR999", span, "message")
