"""`held` and `resend`: what a name means, and nobody else's images."""

from dataclasses import replace
from pathlib import Path

import pytest

from dicomrules.queue.entry import Entry
from dicomrules.queue.ledger import Ledger
from tests.unit.cli.conftest import call, call_json
from tests.unit.cli.ledgers import UID, decision, envelope, with_history

HELD = "2"  # the number that `held list` shows


@pytest.fixture
def history(site: Path) -> Path:
    """One instance that waits, and one of the same UID that is held."""
    with_history(site / "var")
    return site


def with_accession(state: Path, accession: str) -> str:
    """Another patient's instance comes, with this accession number; its SOP Instance UID."""
    came = envelope("ef" * 32)
    key = replace(came.key, sop_instance="1.2.3.99", study="1.2.3.98")
    ledger = Ledger.open(state)
    ledger.record([Entry(replace(came, key=key, accession=accession), decision(), "waiting/2026-03-02/other.dcm")])
    ledger.close()
    return key.sop_instance


def asked_about(*command: str) -> list[str]:
    """What the gateway, which does not run, is asked to do something about."""
    return [each["about"] for each in call_json(*command, code=75)]


def test_a_number_of_the_list_is_the_held_instance(history: Path) -> None:
    assert call("held", "show", HELD).stdout.startswith(f"instance {UID}")
    assert asked_about("held", "discard", HELD, "--reason", "seen") == [UID]


@pytest.mark.parametrize("command", [["show"], ["release"], ["discard", "--reason", "wrong order"]])
def test_a_number_that_is_an_accession_number_too_is_about_nobody(history: Path, command: list[str]) -> None:
    with_accession(history / "var", HELD)
    said = call("held", *command, HELD, code=2).stderr
    assert f"{HELD} is the number of the held instance {UID}, and an accession number too" in " ".join(said.split())


@pytest.mark.parametrize("number", ["1", HELD])
def test_what_is_sent_once_more_by_accession_number_is_nobody_elses(history: Path, number: str) -> None:
    assert "knows nothing" in call("resend", number, code=1).stderr
    other = with_accession(history / "var", number)
    assert asked_about("resend", number) == [other]


def test_a_number_that_is_not_held_means_the_accession_number(history: Path) -> None:
    other = with_accession(history / "var", "1")
    assert asked_about("held", "discard", "1", "--reason", "wrong order") == [other]


def test_a_number_that_says_it_is_one_is_the_held_instance_alone(history: Path) -> None:
    other = with_accession(history / "var", HELD)
    assert f"number:{HELD} is that instance alone" in " ".join(call("held", "show", HELD, code=2).stderr.split())
    assert call("held", "show", f"number:{HELD}").stdout.startswith(f"instance {UID}")
    asked = call_json("held", "release", f"number:{HELD}", code=75)
    assert [each["wish"]["instance_id"] for each in asked] == [int(HELD)]
    assert asked_about("resend", HELD) == [other]


@pytest.mark.parametrize("number", ["number:9", "number:", "number:x", "number:99999999999999"])
def test_a_number_that_nothing_has_is_said(history: Path, number: str) -> None:
    assert f"the ledger knows nothing under {number}" in call("held", "show", number, code=1).stderr
    assert f"the ledger knows nothing under {number}" in call("resend", number, code=1).stderr


def test_only_what_is_named_by_itself_is_rerouted_alone(history: Path) -> None:
    other = with_accession(history / "var", "A1")

    def kinds(*names: str, how: str = "--reroute") -> dict[int, str]:
        asked = call_json("resend", *names, how, code=75)
        return {each["wish"]["instance_id"]: each["wish"]["kind"] for each in asked}

    assert kinds(other, how="--destination=pacs") == {3: "resend alone"}
    assert kinds("A1", how="--destination=pacs") == {3: "resend"}

    assert kinds(other) == {3: "reroute alone"}
    assert kinds("A1", "1.2.3.98") == {3: "reroute"}
    assert kinds(other, "A1") == {3: "reroute alone"}
    assert kinds(UID) == {1: "reroute", 2: "reroute", 3: "reroute"}  # came or leave with that UID
    assert kinds(UID, f"number:{HELD}") == {1: "reroute", 2: "reroute alone", 3: "reroute"}


def test_what_a_terminal_sends_that_is_not_in_utf_8_is_a_name_of_nothing_and_still_a_reason(history: Path) -> None:
    latin = "f\udcfcr"  # as Python has a byte that is no UTF-8
    for command in (["held", "show", latin], ["resend", latin], ["report", latin], ["trace", latin]):
        call(*command, code=1)
    call("queue", "--study", latin)
    (asked,) = call_json("held", "release", HELD, "--reason", latin, code=75)
    assert asked["wish"]["why"] == "f?r"


@pytest.mark.parametrize("reason", ["", " "])
def test_what_is_given_up_has_a_reason_that_says_something(history: Path, reason: str) -> None:
    for command in (["held", "discard", HELD], ["queue", "discard", "pacs", "--yes"]):
        assert "needs a reason" in call(*command, "--reason", reason, code=2).stderr
    as_received = ["held", "release", HELD, "--as-received", "--to", "pacs"]
    assert "needs a reason" in call(*as_received, "--reason", reason, code=2).stderr
