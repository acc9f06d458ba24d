"""A small gateway file that is right, and how tests bend it."""

from collections.abc import Mapping
from pathlib import Path

from dicomrules.config.load import load_text
from dicomrules.config.settings import Settings
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source

FOLDER = Path("/site")

WHOLE = """\
gateway: {name: north-hospital, aet: DICOMRULES}
rules: [rules/site.rules]
peers:
  CT_A1: {host: 10.20.3.4, port: 104}
  MR_A1: {host: 10.20.0.0/16}
receivers:
  modalities:
    dicom: {port: 11112}
  drop:
    folder: {path: in}
destinations:
  pacs:
    dicom: {aet: ORTHANC, host: 127.0.0.1, port: 4242}
  archive:
    folder: {path: out}
"""


def loaded(text: str, environ: Mapping[str, str] | None = None) -> tuple[Settings | None, list[Diagnostic]]:
    """What loading `text` gives."""
    return load_text(Source("gateway.yaml", text), FOLDER, environ or {})


def settings(text: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a text that is right."""
    result, problems = loaded(text, environ)
    assert result is not None, problems
    return result


def found(text: str) -> list[tuple[str, int, str]]:
    """Code, line and text of the place of everything that is wrong with `text`."""
    _, problems = loaded(text)
    return [(problem.code, problem.span.line, problem.span.text) for problem in problems]


def bent(old: str, new: str) -> str:
    """The whole file with one place changed."""
    assert WHOLE.count(old) == 1, old
    return WHOLE.replace(old, new)
