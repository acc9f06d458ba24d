"""A ledger of an older version is brought up to date when it is opened for writing, in one transaction."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from dicomrules.model.decision import Options, Variant
from dicomrules.model.delivery import Kind, State
from dicomrules.queue import connection
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.errors import LedgerError, LedgerRefused
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import NOW, entry, outcome

OLDEST = Path(__file__).with_name("schema_1.sql").read_text()
FULL = Path(__file__).with_name("schema_1_full.sql").read_text()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A state folder with a ledger of schema 1: one instance, one delivery that waits."""
    made = apsw.Connection(str(tmp_path / "ledger.db"))
    made.pragma("journal_mode", "wal")
    made.execute(OLDEST)
    made.pragma("application_id", connection.APPLICATION_ID)
    made.pragma("user_version", 1)
    made.execute("INSERT INTO counters VALUES ('delivery', 'pacs', 'queued', 1)")
    made.close()
    return tmp_path


def insert(made: apsw.Connection, table: str, row: Mapping[str, str | int | bytes]) -> None:
    """A row as the older version would have written it."""
    made.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def version(state: Path) -> int:
    """The schema of the ledger there."""
    made = apsw.Connection(str(state / "ledger.db"))
    try:
        return int(made.pragma("user_version"))
    finally:
        made.close()


def test_s27_an_older_ledger_becomes_what_a_new_one_would_be(old: Path) -> None:
    ledger = Ledger.open(old)  # compares tables, columns and indexes with those of a new one
    ledger.record([entry("1.2.3.4", "archive")])
    assert sorted(ledger.destinations()) == ["archive", "pacs"]
    ledger.close()
    assert version(old) == connection.SCHEMA_VERSION


def test_s27_what_is_done_in_an_older_ledger_is_kept_for_the_destinations_it_went_to(old: Path) -> None:
    made = apsw.Connection(str(old / "ledger.db"))
    columns = {
        **dict.fromkeys(("sop_class", "sop_instance", "series", "study", "calling_aet", "called_aet"), "1.2"),
        **dict.fromkeys(("address", "receiver", "transfer_syntax", "source_path", "reason", "verdict"), ""),
        **dict.fromkeys(("digest", "decision"), b"\0"),
        "received_at": 1,
        "length": 1,
        "open": 0,
        "finished_at": 1,
        "state": "done",
        "spool_ref": "done/a.dcm",
    }
    insert(made, "instances", columns)
    for destination in ("pacs", "archive", "pacs"):
        sent = {"instance_id": 1, "variant_id": 1, "destination": destination, "state": "sent", "next_attempt": 1}
        insert(made, "deliveries", sent)
    made.close()
    asked: list[list[str]] = []
    ledger = Ledger.open(old)
    expired = ledger.retention.expired(lambda names: asked.append(list(names)) or NOW, 10)  # type: ignore[func-returns-value]
    ledger.close()
    assert asked == [["archive", "pacs"]]
    assert [one.spool_ref for one in expired] == ["done/a.dcm"]


def test_s27_an_upgrade_that_fails_leaves_the_old_ledger(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = connection.upgrades(1, connection.SCHEMA_VERSION)
    monkeypatch.setattr(connection, "upgrades", lambda version, to: [*steps, "SELECT no_such_thing"])
    with pytest.raises(LedgerError):
        Ledger.open(old)
    assert version(old) == 1
    monkeypatch.undo()
    Ledger.open(old).close()
    assert version(old) == connection.SCHEMA_VERSION


def test_who_only_reads_an_older_ledger_is_told_who_brings_it_up_to_date(old: Path) -> None:
    with pytest.raises(LedgerRefused, match="start the gateway"):
        Reader.open(old)
    assert version(old) == 1


def test_a_delivery_brings_the_options_of_its_route(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    options = Options("pacs", calling="CT_A1", priority="high")
    arriving = entry("1.2.3.4", "pacs", "archive")
    (plain,) = arriving.decision.variants
    variant = Variant(plain.patch, plain.changes, plain.destinations, plain.sop_instance, options=(options,))
    ledger.record([replace(arriving, decision=replace(arriving.decision, variants=(variant,)))])
    claimed = {name: ledger.claim(name, 1, NOW)[0].options for name in ("pacs", "archive")}
    ledger.close()
    assert claimed == {"pacs": options, "archive": None}


@pytest.fixture
def full(old: Path) -> Path:
    """The same with instances and deliveries in every state, as that version wrote them."""
    made = apsw.Connection(str(old / "ledger.db"))
    made.execute("DELETE FROM counters")
    made.execute(FULL)
    made.close()
    return old


def rows(state: Path, table: str, columns: str) -> list[tuple[object, ...]]:
    """Some columns of a table, read past the ledger."""
    made = apsw.Connection(str(state / "ledger.db"))
    try:
        return made.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()
    finally:
        made.close()


DELIVERIES = "id, instance_id, destination, state, attempts, next_attempt"
INSTANCES = "id, sop_instance, state, verdict, reason, spool_ref, digest, decision"


def test_l11_every_state_of_a_full_queue_goes_on_where_it_was(full: Path) -> None:
    deliveries, instances = rows(full, "deliveries", DELIVERIES), rows(full, "instances", INSTANCES)
    assert {row[3] for row in deliveries} == {"queued", "sending", "deferred", "sent", "failed", "held"}
    assert {row[2] for row in instances} == {"waiting", "delivered", "done", "gone", "held"}
    ledger = Ledger.open(full)
    assert rows(full, "deliveries", DELIVERIES) == deliveries
    assert rows(full, "instances", INSTANCES) == instances
    assert ledger.recover(NOW) == 2
    later = NOW + timedelta(minutes=1)
    claimed = [one for name in ("pacs", "archive") for _ in range(4) for one in ledger.claim(name, 8, later)]
    assert {(one.sop_instance[-1], one.destination) for one in claimed} == {
        ("1", "pacs"), ("1", "archive"), ("2", "pacs"), ("4", "archive"), ("5", "pacs"), ("5", "archive")
    }  # fmt: skip
    claimed = [one for one in claimed if one.sop_instance != "1.2.3.4"]  # its bytes are corrupt: looked at when sent
    source = entry("1.2.3.5", "pacs").decision.variants[0]
    assert all(one.patch.splices == source.patch.splices for one in claimed), "what leaves is what was decided"
    ledger.record_outcomes([Ended(one, outcome(Kind.SENT)) for one in claimed], later)
    assert ledger.requeue([7], later) == 1, "what had failed may be sent again"
    ledger.close()
    reader = Reader.open(full)
    assert {one.key.sop_instance: one.state for one in reader.find("1.2.3.5")} == {"1.2.3.5": InstanceState.DELIVERED}
    assert [one.reason for one in reader.find("1.2.3.4")] == ["corrupt: the bytes in the spool are not those received"]
    assert len(reader.held(0)) == 4
    counts = {one.name: one.deliveries for one in reader.status().destinations}
    assert (counts["pacs"][State.SENT], counts["pacs"][State.QUEUED], counts["archive"][State.SENT]) == (6, 1, 7)
    reader.close()


def test_l11_s27_the_version_before_refuses_what_was_brought_up_to_date_and_changes_nothing(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ledger.open(full).close()
    before = {file.name: file.read_bytes() for file in full.glob("ledger.db*")}
    monkeypatch.setattr(connection, "SCHEMA_VERSION", 1)
    with pytest.raises(LedgerRefused, match="made by a newer version"):
        Ledger.open(full)
    monkeypatch.undo()
    assert (full / "ledger.db").read_bytes() == before["ledger.db"]
    ledger = Ledger.open(full)
    assert len(ledger.claim("archive", 8, NOW)) == 2
    ledger.close()


UPGRADE = (
    "import sys; from pathlib import Path; from dicomrules.queue.ledger import Ledger; Ledger.open(Path(sys.argv[1]))"
)


@pytest.mark.parametrize("call", [1, 3, 8, 20])
def test_s27_a_kill_in_the_middle_of_the_upgrade_leaves_the_old_ledger_or_the_new_one(full: Path, call: int) -> None:
    """At the so many-th write into its log: the last one may have been the one that counts."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    log = full / "ledger.db-wal"
    log.touch()
    deliveries = rows(full, "deliveries", DELIVERIES)
    inject = ["-e", "trace=pwrite64", "-e", f"inject=pwrite64:signal=KILL:when={call}"]
    upgrade = [sys.executable, "-c", UPGRADE, str(full)]
    done = subprocess.run([strace, "-f", "-qq", "-P", str(log), *inject, *upgrade], capture_output=True, text=True)
    if "ptrace" in done.stderr and "Operation not permitted" in done.stderr:
        pytest.skip("no process may be traced here")
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), done.stderr
    assert version(full) in (1, connection.SCHEMA_VERSION)
    ledger = Ledger.open(full)
    assert version(full) == connection.SCHEMA_VERSION
    assert rows(full, "deliveries", DELIVERIES) == deliveries
    ledger.close()
