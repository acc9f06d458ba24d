"""The schema's findings, in the words of the person who wrote the file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dicomrules.config.schema import schema
from dicomrules.dicom.index import ADMITTED

from .gateways import WHOLE, bent, found, loaded


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("host: 127.0.0.1", "hots: 127.0.0.1", [("DR705", 13, "dicom"), ("DR704", 13, "hots")]),
        ("gateway: {", "gateway: {colour: red, ", [("DR704", 1, "colour")]),
        (", aet: DICOMRULES", "", [("DR705", 1, "gateway")]),
        ("port: 11112", "port: eleven", [("DR706", 8, "eleven")]),
        ("port: 11112", "port: 0", [("DR706", 8, "0")]),
        ("port: 11112", "port: true", [("DR706", 8, "true")]),
        ("port: 11112", "port: ", [("DR706", 8, "port")]),
        ("aet: DICOMRULES", "aet: 17CHARACTERS_LONG", [("DR706", 1, "17CHARACTERS_LONG")]),
        ("aet: DICOMRULES", "aet: 123", [("DR706", 1, "123")]),
        ("aet: DICOMRULES", "aet: 'A\\B'", [("DR706", 1, "'A\\B'")]),
        ("{port: 11112}", "{port: 1, from: knwon}", [("DR706", 8, "knwon")]),
        ("{port: 11112}", "{port: 1, commitment: sometimes}", [("DR706", 8, "sometimes")]),
        ("{port: 11112}", "{port: 1, conflict: drop}", [("DR706", 8, "drop")]),
        ("{port: 11112}", "{port: 1, tls: {key: x}}", [("DR705", 8, "tls")]),
        ("{host: 10.20.3.4, port: 104}", "{host: h, user: {name: x, passcode: y}}", [("DR706", 4, "y")]),
        ("rules:", "lookups: {}\nrules:", [("DR707", 2, "lookups")]),
        ("rules:", "contexts: []\nrules:", [("DR706", 2, "[]")]),
        ("rules: [rules/site.rules]\n", "", [("DR705", 1, "")]),
        ("[rules/site.rules]", "site.rules", [("DR706", 2, "site.rules")]),
        ("[rules/site.rules]", "[]", [("DR706", 2, "[]")]),
        ("{path: in}", "{path: in, settle: 2 s}", [("DR706", 10, "2 s")]),
        ("{path: in}", "{path: in, after: {mvoe: x}}", [("DR706", 10, "{mvoe: x}")]),
        ("  drop:", "  Drop-1:", [("DR706", 9, "Drop-1")]),
        ("  CT_A1:", "  CT_A1_HAS_A_NAME_TOO_LONG:", [("DR706", 4, "CT_A1_HAS_A_NAME_TOO_LONG")]),
        ("    folder: {path: in}", "    stow: {}", [("DR705", 10, "stow")]),
        ("    folder: {path: in}", "    stow: {bind: '8080'}", [("DR706", 10, "'8080'")]),
        ("    folder: {path: in}", "    stow: {bind: '127.0.0.1:1', path: /../x}", [("DR706", 10, "/../x")]),
        ("    folder: {path: in}", "    stow: {bind: '127.0.0.1:1', token: x}", [("DR706", 10, "x")]),
        ("    folder: {path: in}", "    foldr: {path: in}", [("DR704", 10, "foldr")]),
        ("    folder: {path: in}", "    {}", [("DR716", 9, "drop")]),
        (
            "    folder: {path: out}",
            "    {folder: {path: out}, dicom: {aet: A, host: b, port: 1}}",
            [("DR716", 15, "dicom")],
        ),
        ("    folder: {path: out}", "    retention: 7d", [("DR716", 14, "archive")]),
        ("    folder: {path: out}", "    bucket: {}", [("DR705", 15, "bucket")] * 4),
        ("    folder: {path: out}", '    stow: {url: "ftp://vna"}', [("DR706", 15, '"ftp://vna"')]),
        (
            "    folder: {path: out}",
            '    stow: {url: "https://me:secret@vna"}',
            [("DR706", 15, '"https://me:secret@vna"')],
        ),
        *(
            ("    folder: {path: out}", f'    stow: {{url: "{url}"}}', [("DR706", 15, f'"{url}"')])
            for url in (
                "https://[::1",
                "https://[x]/",
                "https://[1:2]/",
                "https://:443/",
                "https://vna:/",
                "https://vna:8o43",
                "https://vna:99999/dicom-web",
                "https://vna:0",
                "https://vna..example",
                "https://vna/dicöm",
            )
        ),
        (
            "    folder: {path: out}",
            "    bucket: {url: s3://images, endpoint: 'https://s3:99999', key: {file: /k}, secret: {file: /k}}",
            [("DR706", 15, "'https://s3:99999'"), ("DR719", 15, "/k"), ("DR719", 15, "/k")],
        ),
        ("rules:", "parameters: {p: {env: A, file: b}}\nrules:", [("DR706", 2, "{env: A, file: b}")]),
        ("rules:", "limits: {object: 8}\nrules:", [("DR706", 2, "8")]),
    ],
)
def test_a_finding_points_at_the_word_that_is_wrong(old: str, new: str, expected: list[tuple[str, int, str]]) -> None:
    assert sorted(found(bent(old, new))) == sorted(expected)


def test_several_findings_come_in_one_run_in_order_of_place() -> None:
    text = bent("port: 11112", "port: eleven").replace("path: out", "pth: out").replace("aet: DICOMRULES", "eat: X")
    lines = [line for _, line, _ in found(text)]
    assert lines == sorted(lines)
    assert len(lines) == 5


def test_a_misspelt_key_has_its_remedy() -> None:
    _, problems = loaded(bent("path: in", "path: in, settel: 5s"))
    assert problems[0].fix is not None
    assert problems[0].fix.replacement == "settle"
    assert problems[0].labels[0].message == "did you mean `settle`?"


def test_a_key_without_a_near_one_gets_the_list() -> None:
    _, (problem,) = loaded(bent("path: in", "path: in, whatever: 5s"))
    assert problem.fix is None
    assert "`pattern`, `zip`, `media`, `settle`" in problem.notes[0]


def test_a_missing_key_is_explained() -> None:
    _, (problem,) = loaded(bent(", port: 4242", ""))
    assert problem.message == "`destinations.pacs.dicom` needs `port`"
    assert problem.notes == ("`port`: The peer's port.",)


def test_a_number_where_a_text_is_meant_is_put_in_quotes() -> None:
    _, (problem,) = loaded(bent("aet: DICOMRULES", "aet: 0123"))
    assert problem.fix is not None
    assert problem.fix.replacement == '"0123"'


def test_a_misspelt_word_has_its_remedy() -> None:
    _, (problem,) = loaded(bent("{port: 11112}", "{port: 1, from: knwon}"))
    assert problem.fix is not None
    assert problem.fix.replacement == "known"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_the_schema_is_shown_at_the_top_of_the_project() -> None:
    shown = Path(__file__).parents[3] / "schemas/gateway.schema.json"
    assert json.loads(shown.read_text("utf-8")) == schema()


def test_every_key_is_described() -> None:
    assert [name for name, part in _properties(schema()) if not part.get("description")] == []


def test_r06_the_schema_refers_to_nothing_outside_itself() -> None:
    references = [part["$ref"] for _, part in _properties(schema()) if "$ref" in part]
    assert references
    assert [reference for reference in references if not reference.startswith("#/$defs/")] == []


def _properties(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that any block of the schema knows."""
    open_parts = [part]
    while open_parts:
        part = open_parts.pop()
        children = part.values() if isinstance(part, dict) else part
        open_parts += [child for child in children if isinstance(child, dict | list)]
        if isinstance(part, dict) and isinstance(part.get("properties"), dict):
            yield from part["properties"].items()


def test_the_whole_file_is_clean() -> None:
    assert found(WHOLE) == []


@pytest.mark.parametrize(
    ("under", "name"), [("    folder: {path: out}\n", "archive"), ("    folder: {path: in}\n", "drop")]
)
def test_a_name_with_nothing_under_it_is_a_finding(under: str, name: str) -> None:
    assert [(code, text) for code, _, text in found(bent(under, ""))] == [("DR706", name)]


def test_what_a_gateway_file_may_admit_can_be_read_again_from_the_spool() -> None:
    limits = schema()["properties"]["limits"]["properties"]
    assert limits["nesting"]["maximum"] <= ADMITTED.nesting
    assert schema()["$defs"]["count"]["maximum"] <= ADMITTED.elements
