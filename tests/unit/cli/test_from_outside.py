"""What the command line gives to rules from outside: secrets of the environment, parameters."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import GATEWAY, call

SECRET = """language 1

expects destinations pacs, archive

parameter sites = ["A", "B"]
secret salt from env "TRIAL_SALT"

rule number {
  when IssuerOfPatientID in sites
  set StudyID = PatientID | keyed_hash(salt, 10) otherwise keep
}

routes all every match {
  always => pacs and archive
}
"""


@pytest.fixture
def secret(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TRIAL_SALT", raising=False)
    (site / "site.rules").write_text(SECRET)
    return site


def test_s68_validate_and_test_need_no_secret(secret: Path) -> None:
    assert call("validate").stdout == "gateway.yaml: no problems\n"
    call("test")


def test_s68_a_gateway_without_its_secret_does_not_start(secret: Path) -> None:
    result = call("serve", code=78)
    assert "TRIAL_SALT" in result.stderr


def test_s68_explain_and_apply_take_the_secret_from_the_environment(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("explain", "ct.dcm", code=2)
    monkeypatch.setenv("TRIAL_SALT", "a secret")
    result = call("explain", "ct.dcm")
    assert "a secret" not in result.output


def test_s67_a_list_of_the_gateway_file_is_a_list_for_the_rules(secret: Path) -> None:
    (secret / "gateway.yaml").write_text(GATEWAY + "parameters: {sites: [C, D]}\n")
    assert call("validate").stdout == "gateway.yaml: no problems\n"
    (secret / "gateway.yaml").write_text(GATEWAY + "parameters: {site: [C, D]}\n")
    assert "DR115" in call("validate", code=1).stderr
