"""S-13: the ledger is lost or damaged. It is kept aside and made anew from the spool; nothing acknowledged is lost."""

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomrules.queue.reader import Reader
from tests.faults.conftest import SITE
from tests.faults.processes import delivered, intake_and_delivery, peer_at, store
from tests.faults.test_kill import check_delivered
from tests.peers.gateway import Gateway
from tests.peers.running import dicomrules, until
from tests.peers.sink import Sink

LONG = "P" * 60  # quarantined by the rules


def remove(state: Path) -> None:
    for file in state.glob("ledger.db*"):
        file.unlink()


def truncate(state: Path) -> None:
    with (state / "ledger.db").open("r+b") as file:
        file.truncate(5000)


def turn_bits(state: Path) -> None:
    with (state / "ledger.db").open("r+b") as file:
        file.seek(100)
        file.write(bytes(64))


def drop_an_index(state: Path) -> None:
    with sqlite3.connect(state / "ledger.db") as connection:
        connection.execute("DROP INDEX deliveries_failed")
    connection.close()


def scribble(state: Path) -> None:
    (state / "ledger.db").write_bytes(b"this is no ledger" * 1000)


DAMAGE = [
    pytest.param(each, marks=[pytest.mark.slow] * (each in (truncate, scribble)), id=each.__name__)
    for each in (remove, truncate, turn_bits, drop_an_index, scribble)
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_s13_a_lost_ledger_is_made_anew_and_all_that_was_acknowledged_is_there(
    tmp_path: Path, port: int, damage: Callable[[Path], None]
) -> None:
    with Sink(keep=True) as sink, Gateway(tmp_path / "g", SITE, port=port, sink=sink.port) as gateway:
        with peer_at(port) as peer:
            done = store(peer, "PAT1", 1)
            until(lambda: delivered(sink) == {done}, 10, "the first one at the destination")
            until(lambda: any((gateway.folder / "var/spool/done").rglob("*.dcm")), 10, "its file among those done")
            held = store(peer, LONG, 2)
        gateway.stop()
        edit(gateway.file, f"port: {sink.port}", "port: 9")
        gateway.start()
        with peer_at(port) as peer:
            waiting = store(peer, "PAT1", 3)
        gateway.stop()
        damage(gateway.folder / "var")
        edit(gateway.file, "port: 9", f"port: {sink.port}")
        gateway.start()
        until(lambda: "the ledger is made anew from the spool  files=3" in gateway.output(), 20, "the end of it")
        until(lambda: waiting in delivered(sink), 20, "what waited")
        check_delivered(sink, {})
        assert states(gateway, done, held) == ["done", "held"]
        assert [each.sop_instance for each in sink.acknowledged()].count(done) == 1
        if damage is not remove:
            (kept,) = (gateway.folder / "var/damaged").iterdir()
            assert (kept / "ledger.db").exists()
        assert gateway.stop() == 0
        gateway.start()
        assert gateway.output().count("made anew from the spool  files=") == 1


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def states(gateway: Gateway, *uids: str) -> list[str]:
    reader = Reader.open(gateway.folder / "var")
    try:
        return [reader.find(uid)[0].state.value for uid in uids]
    finally:
        reader.close()


def test_s13_what_other_rules_had_decided_is_held_and_released_by_hand(tmp_path: Path, port: int) -> None:
    with Sink(keep=True) as sink, Gateway(tmp_path / "g", SITE, port=port, sink=9) as gateway:
        with peer_at(port) as peer:
            uid = store(peer, "PAT1", 1)
        gateway.stop()
        remove(gateway.folder / "var")
        edit(gateway.folder / "site.rules", "SITE_A", "SITE_B")
        edit(gateway.file, "port: 9", f"port: {sink.port}")
        gateway.start()
        until(lambda: "ledger lost, rules changed since" in gateway.ask("held", "list"), 20, "the instance to be held")
        assert not sink.acknowledged()
        gateway.ask("held", "release", uid)
        until(lambda: delivered(sink) == {uid}, 10, "the instance at the destination")
        assert b"SITE_B" in sink.acknowledged()[0].data_set


def test_s18_a_file_that_has_no_row_gets_one(tmp_path: Path, port: int) -> None:
    """As a crash between the file's name and its row leaves it, or a ledger put back from a copy."""
    with Sink(keep=True) as sink, Gateway(tmp_path / "g", SITE, port=port, sink=9) as gateway:
        gateway.stop()
        before = (gateway.folder / "var/ledger.db").read_bytes()
        gateway.start()
        with peer_at(port) as peer:
            uid = store(peer, "PAT1", 1)
        gateway.stop()
        remove(gateway.folder / "var")
        (gateway.folder / "var/ledger.db").write_bytes(before)
        (gateway.folder / "var/ledger.db").chmod(0o600)
        edit(gateway.file, "port: 9", f"port: {sink.port}")
        gateway.start()
        until(lambda: delivered(sink) == {uid}, 20, "the instance at the destination")
        assert "files without a row have one now" in gateway.output()


def test_s13_a_ledger_that_is_found_damaged_while_the_gateway_runs_is_made_anew_at_once(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    """As the look through the whole ledger leaves it: a mark, and a process that ends."""
    with peer_at(port) as peer:
        first = store(peer, "PAT1", 1)
    until(lambda: gateway.deliveries("sink")["sent"] == 1, 10, "the first one sent")
    (gateway.folder / "var/ledger.damaged").touch()
    os.kill(intake_and_delivery(gateway)[1], signal.SIGKILL)
    until(lambda: gateway.output().count("ready: ") == 2, 20, "the gateway to be back with a new ledger")
    with peer_at(port) as peer:
        second = store(peer, "PAT1", 2)
    until(lambda: delivered(sink) == {first, second}, 20, "what comes next")
    assert gateway.running()


def test_s27_a_ledger_of_a_newer_version_is_refused_and_left_as_it_is(gateway: Gateway) -> None:
    gateway.stop()
    with sqlite3.connect(gateway.folder / "var/ledger.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    refused = dicomrules("serve", gateway.file, ok=False)
    assert refused.returncode == 78
    assert "made by a newer version" in refused.stderr
    assert not (gateway.folder / "var/damaged").exists()
