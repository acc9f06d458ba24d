"""Commands called in this process, in a folder of their own, eighty columns wide, in UTC."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dicomrules.cli.main import main
from tests.objects import ct, file_bytes

GOLDEN = Path(__file__).parent / "golden"
RULES = """\
language 1

expects destinations pacs, archive

rule prefix "Patient numbers say which site they come from" {
  when PatientID is present and not (PatientID starts with "SITE")
  set PatientID = "SITEA-" + PatientID otherwise quarantine "patient number too long"
  set IssuerOfPatientID = "NORTH"
}

rule chest {
  when Modality == "MR" or StudyDescription contains "CHEST"
  remove StudyDescription
}

routes clinical first match {
  when Modality in ["CT", "MR"] => pacs and archive
  else                          => archive
}

test "CT of site A" {
  given Modality = "CT", PatientID = "4711"
  expect PatientID == "SITEA-4711"
  expect sent to pacs, archive
}
"""
GATEWAY = """\
gateway: {name: north, aet: DICOMRULES, state: var}
rules: [site.rules]
receivers:
  modalities:
    dicom: {port: 11112, from: anyone}
destinations:
  pacs:
    dicom: {aet: PACS, host: 127.0.0.1, port: 9}
  archive:
    folder: {path: out}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a gateway file, rules and one CT; the current folder."""
    (tmp_path / "gateway.yaml").write_text(GATEWAY)
    (tmp_path / "site.rules").write_text(RULES)
    (tmp_path / "ct.dcm").write_bytes(file_bytes(ct(size=16)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield tmp_path
    monkeypatch.delenv("TZ")
    time.tzset()


def call(*arguments: str | Path, code: int = 0) -> Result:
    """One command; it must end with this exit code."""
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def call_json(*arguments: str | Path, code: int = 0) -> Any:
    """The same with `--format json`, and what it printed."""
    return json.loads(call(*arguments, "--format", "json", code=code).stdout)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the file of that name; UPDATE_GOLDEN=1 rewrites it, and the difference is reviewed."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / f"{name}.txt"
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        assert text == file.read_text()
        assert max(map(len, text.split("\n"))) <= 80

    return compare
