"""A ledger of an older version is brought up to date when it is opened for writing, in one transaction."""

from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from dicomrules.model.decision import Options, Variant
from dicomrules.queue import connection
from dicomrules.queue.errors import LedgerError, LedgerRefused
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import NOW, entry

OLDEST = Path(__file__).with_name("schema_1.sql").read_text()


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
