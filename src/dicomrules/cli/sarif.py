"""Findings in SARIF 2.1.0 (OASIS), the form in which code hosts and editors take the results of checks."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from dicomrules.text.codes.registry import CODES
from dicomrules.text.diagnostic import Diagnostic, in_order
from dicomrules.text.render import as_plain

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

# One label, fix or span in the plain form of `text.render`.
_Plain = Mapping[str, Any]


def as_sarif(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """A SARIF log with one run. Files are named as they were given, columns count characters from 1."""
    found = [as_plain(diagnostic) for diagnostic in in_order(diagnostics)]
    codes = sorted({each["code"] for each in found})
    tool = {"name": "dicomrules", "version": version("dicomrules"), "rules": [_rule(code) for code in codes]}
    results = [_result(each, codes.index(each["code"])) for each in found]
    run = {"tool": {"driver": tool}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    record = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": record.title},
        "fullDescription": {"text": record.why},
        "defaultConfiguration": {"level": record.severity.value},
    }


def _result(found: _Plain, rule: int) -> dict[str, Any]:
    primary, *others = found["labels"]
    result: dict[str, Any] = {
        "ruleId": found["code"],
        "ruleIndex": rule,
        "level": found["severity"],
        "message": {"text": "\n".join([found["message"], *found["notes"]])},
        "locations": [_location(primary)],
    }
    if others:
        result["relatedLocations"] = [_location(label) for label in others]
    if found["fixes"]:
        result["fixes"] = [_fix(fix) for fix in found["fixes"]]
    return result


def _location(label: _Plain) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": _file(label), "region": _region(label)}}
    if label["message"]:
        location["message"] = {"text": label["message"]}
    return location


def _fix(fix: _Plain) -> dict[str, Any]:
    replacement = {"deletedRegion": _region(fix), "insertedContent": {"text": fix["replacement"]}}
    return {
        "description": {"text": fix["title"]},
        "artifactChanges": [{"artifactLocation": _file(fix), "replacements": [replacement]}],
    }


def _file(place: _Plain) -> dict[str, str]:
    """A relative reference (RFC 3986); an absolute path as a file URI."""
    path = quote(place["file"])
    return {"uri": f"file://{path}" if path.startswith("/") else path}


def _region(place: _Plain) -> dict[str, int]:
    return {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["end_line"],
        "endColumn": place["end_column"],
        "charOffset": place["start"],
        "charLength": place["end"] - place["start"],
    }
