"""Opening a ledger, and what it does when the disk or another version is in the way."""

import errno
import os
import re
import stat
from pathlib import Path

import apsw
import pytest

from dicomrules.queue import connection
from dicomrules.queue.errors import LedgerDamaged, LedgerError, LedgerRefused
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from dicomrules.queue.statements import schema
from tests.unit.queue.material import NOW, entry


def spoil(state: Path, *statements: str) -> None:
    """Change the ledger's file behind its back."""
    other = apsw.Connection(str(state / "ledger.db"))
    for statement in statements:
        other.execute(statement)
    other.close()


def test_what_is_recorded_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    first = Ledger.open(tmp_path)
    first.record([entry("1.2.3.4", "pacs")])
    first.close()
    second = Ledger.open(tmp_path)
    assert [one.sop_instance for one in second.claim("pacs", 10, NOW)] == ["1.2.3.4"]
    second.close()


def test_l06_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        ledger = Ledger.open(tmp_path)
        ledger.record([entry("1.2.3.4", "pacs")])
    finally:
        os.umask(mask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    ledger.close()
    assert modes == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock"), 0o600)


def test_s12_an_sqlite_that_may_lose_writes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(
        LedgerRefused, match=r"SQLite 3\.51\.2 may lose writes: install apsw with SQLite 3\.51\.3 or newer"
    ):
        Ledger.open(tmp_path)


def test_s27_a_ledger_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    Ledger.open(tmp_path).close()
    spoil(tmp_path, "PRAGMA user_version = 99")
    for opening in (Ledger.open, Reader.open):
        with pytest.raises(LedgerRefused, match="schema 99, made by a newer version"):
            opening(tmp_path)


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    spoil(tmp_path, "CREATE TABLE patients (name TEXT)")
    with pytest.raises(LedgerRefused, match="no ledger of this program"):
        Ledger.open(tmp_path)


@pytest.mark.parametrize(
    "change", ["DROP INDEX deliveries_queued", "ALTER TABLE instances ADD COLUMN more TEXT", "DROP TABLE attempts"]
)
def test_s13_a_missing_index_or_a_changed_table_is_found_at_start(tmp_path: Path, change: str) -> None:
    Ledger.open(tmp_path).close()
    spoil(tmp_path, change)
    with pytest.raises(LedgerDamaged):
        Ledger.open(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, b"no database at all" * 100])
def test_s13_a_damaged_header_is_found_at_start(tmp_path: Path, damage: bytes) -> None:
    first = Ledger.open(tmp_path)
    first.record([entry("1.2.3.4", "pacs")])
    first.close()
    path = tmp_path / "ledger.db"
    path.write_bytes(damage + path.read_bytes()[len(damage) :] if damage else path.read_bytes()[:5000])
    with pytest.raises(LedgerError):
        Ledger.open(tmp_path)


def test_a_folder_that_is_not_there_is_a_ledger_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        Ledger.open(tmp_path / "missing")


def test_writing_is_synced_and_the_log_is_not_checkpointed_by_writers(ledger: Ledger) -> None:
    pragma = ledger._session.connection.pragma
    assert (pragma("journal_mode"), pragma("synchronous"), pragma("wal_autocheckpoint")) == ("wal", 2, 0)


def test_a_checkpoint_empties_the_log(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record([entry("1.2.3.4", "pacs")])
    assert ledger.log.length() > 0
    ledger.log.checkpoint()
    ledger.log.checkpoint("truncate")
    assert ledger.log.length() == 0
    ledger.record([entry("1.2.3.5", "pacs")])
    assert ledger.log.length() > 0


def test_a_checkpoint_lets_a_reader_be_and_is_made_up_for_later(ledger: Ledger, reader: Reader) -> None:
    ledger.record([entry("1.2.3.4", "pacs")])
    reading = reader._connection.execute("SELECT id FROM instances UNION ALL SELECT id FROM instances")
    next(reading)
    ledger.record([entry("1.2.3.5", "pacs")])
    ledger.log.checkpoint("truncate")
    assert ledger.log.length() > 0
    reading.close(force=True)
    ledger.log.checkpoint("truncate")
    assert ledger.log.length() == 0


class FailingConnection:
    """A connection whose COMMIT meets an error of the disk."""

    def __init__(self, real: apsw.Connection) -> None:
        self._real = real
        self.broken = True

    def execute(self, statement: str, bindings: object = ()) -> object:
        if statement == "COMMIT" and self.broken:
            self.broken = False
            raise apsw.IOError("disk I/O error")
        return self._real.execute(statement, bindings)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def test_s08_after_an_error_of_the_disk_nothing_more_is_written(ledger: Ledger, reader: Reader) -> None:
    ledger._session.connection = FailingConnection(ledger._session.connection)  # type: ignore[assignment]
    with pytest.raises(LedgerError, match="disk I/O error"):
        ledger.record([entry("1.2.3.4", "pacs")])
    with pytest.raises(LedgerError, match="nothing more is written"):
        ledger.record([entry("1.2.3.5", "pacs")])
    assert reader.status().receivers == ()


def test_every_index_of_the_schema_is_looked_at(tmp_path: Path) -> None:
    Ledger.open(tmp_path).close()
    made = re.findall(r"^CREATE INDEX (\w+)", schema(), re.MULTILINE)
    opened = apsw.Connection(str(tmp_path / "ledger.db"))
    looked_at = {name for kind, name, _, statement in connection._objects(opened) if kind == "index" and statement}
    opened.close()
    assert made
    assert looked_at == set(made)


def test_a_disk_that_does_not_tell_the_logs_length_is_an_error_of_the_ledger(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "stat", refuses)
    with pytest.raises(LedgerError, match="Input/output error"):
        ledger.log.length()
