"""Every code: its examples are true, the program can say it, and whatever the program says has a record."""

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from docs.generate import found, whole

from dicomrules.cli.surroundings import surroundings
from dicomrules.config.load import load as load_gateway
from dicomrules.rulebook.covered import uncovered
from dicomrules.rulebook.load import MOST_RULES, load
from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.codes.registry import CODES
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.render import render
from tests.peers.authority import Authority

SOURCES = Path(__file__).parents[2] / "src" / "dicomrules"
EVERY = [pytest.param(record, id=code) for code, record in CODES.items()]


def too_much_text(folder: Path) -> list[Diagnostic]:
    files = {"site.rules": 'language 1\ninclude "two_megabytes.rules"', "two_megabytes.rules": "#" * (2 * MOST_RULES)}
    return list(load(["site.rules"], files.__getitem__).diagnostics)


def a_gateway_that_is_not_there(folder: Path) -> list[Diagnostic]:
    return load_gateway(folder / "gatewy.yaml", {})[1]


def a_gateway_that_all_can_write(folder: Path) -> list[Diagnostic]:
    path = folder / "gateway.yaml"
    path.write_text("gateway: {}")
    path.chmod(0o666)
    return load_gateway(path, {})[1]


def a_key_that_everybody_can_read(folder: Path) -> list[Diagnostic]:
    for name in ("gw.pem", "gw.key"):
        (folder / name).write_text("")
        (folder / name).chmod(0o644)
    return with_tls(folder)


def a_certificate_that_has_ended(folder: Path) -> list[Diagnostic]:
    Authority(folder).sign("gw", expired=True)
    return with_tls(folder)


def with_tls(folder: Path) -> list[Diagnostic]:
    path = folder / "gateway.yaml"
    path.write_text(
        "gateway: {name: g, aet: G}\n"
        "rules: [site.rules]\n"
        "peers: {CT_A1: {host: 127.0.0.1}}\n"
        "receivers: {m: {dicom: {port: 11112, tls: {certificate: gw.pem, key: gw.key}}}}\n"
        "destinations: {out: {folder: {path: out}}}\n"
    )
    path.chmod(0o600)
    return load_gateway(path, {})[1]


def rules_without_a_test(folder: Path) -> list[Diagnostic]:
    example = whole("DR610", CODES["DR610"].bad)
    assert example is not None
    return uncovered(load(["site.rules"], example.files.__getitem__), lambda name: b"")


def around(folder: Path, destination: str) -> list[Diagnostic]:
    path = folder / "gateway.yaml"
    path.write_text(
        "gateway: {name: g, aet: DICOMRULES}\nrules: [site.rules]\npeers: {CT: {host: 10.20.3.4}}\n"
        "receivers: {modalities: {dicom: {port: 11112, from: known}}}\n"
        f"destinations:\n  there: {destination}\n"
    )
    settings, problems = load_gateway(path, {})
    assert settings is not None, problems
    return list(surroundings(settings))


def a_destination_that_is_down(folder: Path) -> list[Diagnostic]:
    with socket.socket() as free:  # bound and not listening: refused at once
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        return around(folder, f"{{dicom: {{aet: PACS, host: 127.0.0.1, port: {port}}}}}")


def a_folder_that_is_a_file(folder: Path) -> list[Diagnostic]:
    (folder / "file").write_bytes(b"")
    return around(folder, f"{{folder: {{path: {folder / 'file'}}}}}")


STAGED: dict[str, Callable[[Path], list[Diagnostic]]] = {
    "DR608": too_much_text,
    "DR610": rules_without_a_test,
    "DR611": a_destination_that_is_down,
    "DR612": a_folder_that_is_a_file,
    "DR709": a_gateway_that_is_not_there,
    "DR710": a_gateway_that_all_can_write,
    "DR724": a_key_that_everybody_can_read,
    "DR728": a_certificate_that_has_ended,
}
"""Wrong examples that no page can hold: too long, or about something outside of the text."""


@pytest.mark.parametrize("record", EVERY)
def test_the_wrong_example_gets_the_code(record: CodeRecord, tmp_path: Path) -> None:
    example = whole(record.code, record.bad)
    staged = STAGED.get(record.code)
    assert staged or example
    diagnostics = staged(tmp_path) if staged else found(example) if example else []
    assert record.code in {each.code for each in diagnostics}


@pytest.mark.parametrize("record", EVERY)
def test_the_right_example_has_no_error_and_not_the_code(record: CodeRecord) -> None:
    example = whole(record.code, record.good)
    assert example is not None or record.code in STAGED
    diagnostics = found(example) if example else []
    assert [(each.code, each.message) for each in diagnostics if each.is_error or each.code == record.code] == []


@pytest.mark.parametrize("record", EVERY)
def test_a_finding_weighs_what_its_record_says(record: CodeRecord) -> None:
    example = whole(record.code, record.bad)
    said = [each.severity for each in found(example) if each.code == record.code] if example else []
    assert set(said) <= {record.severity}


@pytest.mark.parametrize("record", EVERY)
def test_a_record_can_be_read(record: CodeRecord) -> None:
    assert re.fullmatch(r"DR\d{3}", record.code)
    assert record.title
    assert not record.title.endswith(".")
    assert record.why.endswith((".", "?", "!"))
    assert record.bad != record.good
    assert not record.silence or record.silence.endswith(".")


def test_the_program_says_every_code_that_has_a_record_and_no_other() -> None:
    said: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        if path.parent.name != "codes":
            said.update(re.findall(r"\bDR\d{3}\b", path.read_text("utf-8")))
    assert said == set(CODES)


def told(record: CodeRecord, folder: Path) -> list[Diagnostic]:
    """What is found about the wrong example of a code, if only by what is around it."""
    example = whole(record.code, record.bad)
    staged = STAGED.get(record.code)
    return staged(folder) if staged else found(example) if example else []


@pytest.mark.parametrize("record", EVERY)
def test_what_is_told_fits_the_terminal(record: CodeRecord, tmp_path: Path) -> None:
    lines = render([one for one in told(record, tmp_path) if one.code == record.code]).splitlines()
    assert [line for line in lines if len(line) > 80 and str(tmp_path) not in line] == []


@pytest.mark.parametrize("record", [one for one in EVERY if not str(one.id).startswith("DR7")])
def test_whoever_reads_it_knows_what_to_do_next(record: CodeRecord, tmp_path: Path) -> None:
    assert [one.message for one in told(record, tmp_path) if not (one.notes or one.fixes)] == []
