"""`status` and `trace`: what the ledger knows, for people and for programs."""

import os
import re
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicomrules.model.delivery import Standing
from dicomrules.queue.entry import Entry
from dicomrules.queue.ledger import Ledger
from tests.unit.cli.conftest import call, call_json
from tests.unit.cli.ledgers import AT, UID, decision, envelope, with_history

Golden = Callable[[str, str], None]


@pytest.fixture
def history(site: Path) -> Path:
    with_history(site / "var")
    return site


def test_status_counts_by_receiver_and_destination_and_says_why_something_waits(history: Path, golden: Golden) -> None:
    shown = call("status").stdout
    golden("status", re.sub(r"\d+ d(ays)?$", r"N d\1", shown, flags=re.MULTILINE))


def test_status_as_json_has_the_same_with_the_reason(history: Path) -> None:
    status = call_json("status")
    pacs = next(each for each in status["destinations"] if each["name"] == "pacs")
    assert pacs["deliveries"]["deferred"] == 1
    assert pacs["why"] == "no connection to 127.0.0.1 port 9: connection refused"
    assert status["receivers"] == [
        {"name": "modalities", "instances": 2, "duplicates": 0, "conflicts": 1, "identities": 0}
    ]
    assert status["instances"]["held"] == 1
    wanting = {each["name"]: each for each in status["conditions"]}
    assert wanting["instances.held"]["way_out"] == "`dicomrules held list` says why"
    assert wanting["process.down"]["subject"] == "gateway"


def stands(state: Path, name: str, pause: timedelta) -> None:
    """A destination has been away for a minute, until this long from now."""
    ledger, now = Ledger.open(state), datetime.now(UTC)
    ledger.note_standing(name, Standing.AWAY, "nobody answers", (now - timedelta(minutes=3), now + pause))
    ledger.close()


@pytest.mark.parametrize(
    ("name", "pause", "said"),
    [
        ("pacs", timedelta(hours=1), r"pacs: away for 3 min: nobody answers \(asked again at ..:..:..\)"),
        ("pacs", timedelta(0), r"pacs: away for 3 min: nobody answers$"),
        (
            "archive",
            timedelta(0),
            r"archive: away for 3 min: nobody answers \(asked again when something comes for it\)",
        ),
    ],
)
def test_status_says_when_a_destination_is_asked_again_only_while_that_is_to_come(
    history: Path, name: str, pause: timedelta, said: str
) -> None:
    stands(history / "var", name, pause)
    shown = re.sub(r"\n  ", " ", call("status").stdout)
    assert re.search(said, shown, re.MULTILINE), shown


def test_status_says_nothing_of_how_a_destination_stood_that_the_gateway_file_lacks(history: Path) -> None:
    stands(history / "var", "archive", timedelta(hours=1))
    file = history / "gateway.yaml"
    file.write_text(file.read_text().replace("archive:", "attic:"))
    assert "nobody answers" not in call("status").stdout


def test_report_by_days_counts_what_each_receiver_got_and_each_destination_stored(history: Path) -> None:
    day = f"{AT.astimezone():%Y-%m-%d}"
    shown = call("report", "--days", "36600").stdout
    assert re.sub(" +", " ", shown).splitlines() == [
        "day received stored committed",
        f"{day} archive 1",
        f"{day} modalities 2",
    ]
    assert call_json("report", "--days", "36600")[0] == {"day": day, "name": "archive", "what": "stored", "count": 1}
    assert call("report", "--days", "1").stdout == "nothing has come in\n"
    assert "leave out" in call("report", UID, "--days", "1", code=2).stderr


def test_status_before_the_first_start_says_so(site: Path) -> None:
    said = call("status", code=74).stderr
    assert "has this gateway ever been started?" in said
    assert "dicomrules serve" in said


def test_status_of_a_gateway_that_got_nothing_yet_lists_its_destinations(site: Path) -> None:
    (site / "var").mkdir(mode=0o700)
    Ledger.open(site / "var").close()
    shown = call("status").stdout
    assert "nothing has come in yet" in shown
    assert "\npacs " in shown
    assert "\narchive " in shown


def test_trace_tells_the_whole_story(history: Path, golden: Golden) -> None:
    golden("trace", call("trace", UID).stdout)


def test_trace_says_that_a_conflict_is_held_although_rules_would_send_it(history: Path) -> None:
    shown = call("trace", UID).stdout
    assert "but held: conflict: the same SOP Instance UID came" in shown


def test_trace_as_json_has_every_attempt_and_command_set(history: Path) -> None:
    first, second = call_json("trace", UID)
    archive = next(each for each in first["deliveries"] if each["destination"] == "archive")
    assert [each["outcome"]["kind"] for each in archive["attempts"]] == ["deferred", "sent"]
    assert archive["attempts"][1]["outcome"]["exchange"]["response"]["Status"] == 0
    assert first["exchange"]["association"]["calling_aet"] == "CT_A1"
    assert second["state"] == "held"


def test_trace_of_an_unknown_instance_ends_with_1(history: Path) -> None:
    assert "no instance 1.2.3 is in the ledger" in call("trace", "1.2.3", code=1).stderr


def test_a_gateway_file_with_errors_ends_every_command_about_it_with_78(site: Path) -> None:
    (site / "gateway.yaml").write_text("recievers: {}\n")
    for command in (["status"], ["trace", "1.2.3"]):
        assert "did you mean" in call(*command, code=78).stderr


def test_a_ledger_of_a_newer_version_is_not_read(history: Path) -> None:
    with sqlite3.connect(history / "var/ledger.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "made by a newer version" in call("status", code=74).stderr


def test_the_pages_of_the_queue_pass_over_no_destination(history: Path) -> None:
    ledger = Ledger.open(history / "var")
    for number in range(3):
        came = envelope(f"{number:064x}")
        came = replace(came, key=replace(came.key, sop_instance=f"1.2.3.{number}"))
        ledger.record([Entry(came, decision(), f"waiting/2026-03-02/{number}.dcm")])
    ledger.close()
    whole = call_json("queue")
    shown, after = [], 0
    while page := call_json("queue", "--limit", "2", "--after", str(after)):
        shown += page
        after = max(each["id"] for each in page)
    assert {each["destination"] for each in whole} == {"archive", "pacs"}
    assert sorted(each["id"] for each in shown) == sorted(each["id"] for each in whole)


@pytest.mark.parametrize("command", [["queue"], ["held", "list"]])
def test_nothing_comes_after_a_number_that_no_ledger_reaches(history: Path, command: list[str]) -> None:
    assert call_json(*command, "--after", "9" * 30) == []


def test_a_gateway_that_was_never_started_has_nothing_to_copy_and_no_copy_is_begun(site: Path) -> None:
    said = call("backup", "copy", code=74).stderr
    assert "there is no ledger in" in said
    assert "the copy" not in said
    assert not (site / "copy").exists()


@pytest.mark.parametrize(
    "command",
    [["status"], ["trace", UID], ["queue"], ["report"], ["held", "list"], ["resend", UID], ["backup", "copy"]],
)
def test_who_may_not_enter_the_state_folder_is_told_whose_it_is(
    history: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call(*command, "--help")  # its modules are there
    real = Path.stat

    def stat(path: Path, **given: bool) -> os.stat_result:
        if path.is_relative_to(history / "var"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **given)

    monkeypatch.setattr(Path, "stat", stat)
    said = " ".join(call(*command, code=74).stderr.split())
    assert "cannot be read: permission denied" in said
    assert "help: give the command as the user that the gateway runs as" in said


def test_an_instance_that_nobody_knows_is_a_finding_for_programs_too(history: Path) -> None:
    assert call_json("trace", "1.2.3.4", code=1) == []
