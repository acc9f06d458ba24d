"""R-05, R-06, R-08, I-08, L-05: gateway files, rules and tables that would do more than say what is to be done."""

import os
import socket
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dicomrules.cli.main import main
from dicomrules.config.load import load
from dicomrules.rulebook.load import load as load_rules

GATEWAY = """gateway: {name: north, aet: ROUTER}
rules: [site.rules]
receivers:
  drop: {folder: {path: in}}
destinations:
  archive: {folder: {path: out}}
"""
RULES = """language 1
expects destinations archive
routes everything first match { always => archive }
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A gateway that would start."""
    for name, text in (("gateway.yaml", GATEWAY), ("site.rules", RULES)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o640)
    return tmp_path


def ran(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(main, [str(each) for each in arguments])


def refused(site: Path, words: str) -> None:
    """`validate` says why, and `serve` ends before it has made anything: 78, configuration refused."""
    checked = ran("validate", site / "gateway.yaml")
    assert checked.exit_code in (1, 2)
    assert words in " ".join(checked.output.split())
    served = ran("serve", site / "gateway.yaml")
    assert served.exit_code == 78
    assert words in " ".join(served.output.split())
    assert not (site / "var").exists()


def test_the_site_of_these_cases_is_right(site: Path) -> None:
    assert ran("validate", site / "gateway.yaml").exit_code == 0


LAUGHS = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
)
BOMBS = {
    "a billion laughs": LAUGHS,
    "a thousand brackets": GATEWAY + "parameters: {a: " + "[" * 1000 + "]" * 1000 + "}\n",
    "a key said twice": GATEWAY + "gateway: {name: south, aet: ROUTER}\n",
    "a Python object": GATEWAY + "parameters: {a: !!python/object/apply:os.system [id]}\n",
    "a merge key that means itself": GATEWAY + "limits: &me\n  <<: *me\n",
    "a merge key": GATEWAY + "limits: {<<: {nesting: 8}}\n",
    "two megabytes": GATEWAY + "#" * 2_000_000,
    "fifty thousand values": GATEWAY + "peers:\n" + "".join(f"  P{n}: {{host: h}}\n" for n in range(50_000)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_r05_a_gateway_file_that_is_a_bomb_is_refused_soon(site: Path, name: str) -> None:
    (site / "gateway.yaml").write_text(BOMBS[name])
    began = time.process_time()
    settings, found = load(site / "gateway.yaml", {})
    assert settings is None
    assert found[0].code in ("DR701", "DR702", "DR703", "DR704", "DR706", "DR709")
    assert time.process_time() - began < 30
    assert ran("serve", site / "gateway.yaml").exit_code == 78


def test_r05_a_file_of_a_hundred_megabytes_is_not_read(site: Path) -> None:
    with (site / "gateway.yaml").open("ab") as file:
        file.truncate(100 * 2**20)
    refused(site, "is longer than 1048576 bytes")


def test_r06_checking_a_gateway_file_asks_nobody(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for a schema, nor for the hosts that the file names."""

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("a gateway file made somebody ask the network")

    schema = "# yaml-language-server: $schema=http://schema.example/gateway.json\n"
    peers = "peers: {CT: {host: ct.example}}\n$schema: http://schema.example/gateway.json\n"
    monkeypatch.setattr(socket, "getaddrinfo", asked)
    monkeypatch.setattr(socket.socket, "connect", asked)
    (site / "gateway.yaml").write_text(schema + GATEWAY + peers)
    _, found = load(site / "gateway.yaml", {})
    assert [each.code for each in found] == ["DR704"]


def test_r06_texts_that_make_a_backtracking_matcher_hang_are_judged_at_once(site: Path) -> None:
    evil = "a" * 30_000 + "!"
    (site / "gateway.yaml").write_text(
        GATEWAY.replace("name: north", f'name: "{evil}"').replace("path: in", f'path: in, pattern: "{"*a" * 5000}"')
        + f'peers: {{"{"A " * 5000}": {{host: "{"1." * 5000}"}}}}\nlimits: {{object: "{"9" * 5000}"}}\n'
    )
    began = time.process_time()
    assert load(site / "gateway.yaml", {})[0] is None
    assert time.process_time() - began < 10


@pytest.mark.parametrize("name", ["gateway.yaml", "site.rules", "table.csv"])
def test_r08_what_everybody_can_write_is_refused(site: Path, name: str) -> None:
    if name == "table.csv":
        (site / name).write_text("from,to\nA,B\n")
        columns = 'key "from" as PatientID value "to" as PatientID unavailable => hold "x"'
        (site / "site.rules").write_text(RULES + f'\ntable renamed from csv "{name}" {{ {columns} }}\n')
    (site / name).chmod(0o666)
    refused(site, "0666")


@pytest.mark.parametrize("name", ["gateway.yaml", "site.rules"])
def test_r08_a_link_is_judged_by_what_it_leads_to(site: Path, name: str) -> None:
    (site / name).rename(site / "elsewhere")
    (site / name).symlink_to("elsewhere")
    assert ran("validate", site / "gateway.yaml").exit_code == 0
    (site / "elsewhere").chmod(0o666)
    refused(site, "0666")


@pytest.mark.parametrize("name", ["gateway.yaml", "site.rules"])
@pytest.mark.parametrize("what", ["fifo", "folder", "gone"])
def test_r08_what_is_no_file_is_refused_and_nobody_waits(site: Path, name: str, what: str) -> None:
    (site / name).unlink()
    if what == "fifo":
        os.mkfifo(site / name)
    elif what == "folder":
        (site / name).mkdir()
    assert ran("serve", site / "gateway.yaml").exit_code in (2, 78)
    assert not (site / "var").exists()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.97])
@pytest.mark.parametrize("name", ["gateway.yaml", "site.rules"])
def test_r08_a_file_that_is_half_written_is_refused(site: Path, name: str, share: float) -> None:
    whole = (site / name).read_bytes()
    (site / name).write_bytes(whole[: int(len(whole) * share)])
    assert ran("serve", site / "gateway.yaml").exit_code == 78
    assert not (site / "var").exists()


TYPED = ["00123", "12e3", "010", "1_000", "NO", "1:30", "2026-01-01", "0x10", "+5", "1.50", "on", "yes", ".5"]


@pytest.mark.parametrize("text", TYPED)
def test_i08_a_parameter_reaches_the_rules_as_it_is_written(site: Path, text: str) -> None:
    (site / "gateway.yaml").write_text(GATEWAY + f"parameters: {{number: {text}}}\n")
    settings, _ = load(site / "gateway.yaml", {})
    assert settings is not None
    assert settings.parameters == {"number": text}
    test = f'test "as written" {{ given PatientID = "X" expect PatientID == "{text}" }}\n'
    rule = 'parameter number = "none"\nrule r { set PatientID = number otherwise keep set IssuerOfPatientID = "A" }\n'
    (site / "site.rules").write_text(RULES.replace("routes", rule + "routes") + test)
    done = ran("test", site / "gateway.yaml")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("text", [*TYPED, "~", "null", "true"])
def test_i08_a_cell_of_a_table_is_the_text_that_stands_there(site: Path, text: str) -> None:
    (site / "table.csv").write_text(f"old,new\n{text},{text}x\n00{text},wrong\n")
    table = (
        'table renamed from csv "table.csv" { key "old" as PatientID value "new" as PatientID unavailable => hold "x" }'
    )
    rule = 'rule r { set PatientID = lookup renamed[PatientID].PatientID otherwise keep set IssuerOfPatientID = "A" }'
    rules = RULES.replace("routes", f"{table}\n{rule}\nroutes")
    test = f'test "as written" {{ given PatientID = "{text}" expect PatientID == "{text}x" }}\n'
    (site / "site.rules").write_text(rules + test)
    loaded = load_rules([site / "site.rules"])
    assert loaded.program is not None, [each.message for each in loaded.diagnostics]
    done = ran("test", site / "gateway.yaml")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("text", ["00123", "12e3", "1_000", "~", "true"])
def test_i08_a_number_is_no_ae_title_before_it_is_put_in_quotes(site: Path, text: str) -> None:
    (site / "gateway.yaml").write_text(GATEWAY.replace("aet: ROUTER", f"aet: {text}"))
    settings, found = load(site / "gateway.yaml", {})
    assert settings is None
    assert found[0].code == "DR706"
    (site / "gateway.yaml").write_text(GATEWAY.replace("aet: ROUTER", f'aet: "{text}"'))
    settings, _ = load(site / "gateway.yaml", {})
    assert settings is not None
    assert settings.aet == text


def test_i08_the_key_of_a_peer_is_the_title_that_stands_there(site: Path) -> None:
    (site / "gateway.yaml").write_text(
        GATEWAY + "peers: {00123: {host: 10.0.0.1}, 1e5: {host: 10.0.0.2}, NO: {host: h}}\n"
    )
    settings, _ = load(site / "gateway.yaml", {})
    assert settings is not None
    assert [peer.aet for peer in settings.peers] == ["00123", "1e5", "NO"]


def test_l05_a_secret_in_a_file_that_everybody_can_read_is_refused(site: Path) -> None:
    user = "peers: {CT: {host: 10.0.0.1, user: {name: ct, passcode: {file: code}}}}\n"
    (site / "gateway.yaml").write_text(GATEWAY + user)
    (site / "code").write_text("s3same")
    (site / "code").chmod(0o644)
    refused(site, "everybody can read the secret in code")
    assert "s3same" not in ran("validate", site / "gateway.yaml").output
    (site / "code").chmod(0o640)
    assert ran("validate", site / "gateway.yaml").exit_code == 0
