"""Opening the ledger's file, and looking whether it is one that we may use.

What is looked at does not grow with what is in it: SQLite's version, the file's header, the schema word by word, the
first row of each table and index. Slower looks are for later, beside the running gateway.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import apsw

from dicomrules.queue.errors import LedgerDamaged, LedgerError, LedgerRefused
from dicomrules.queue.lock import WriterLock
from dicomrules.queue.statements import schema, upgrades

FILE = "ledger.db"
LOCK = "ledger.lock"
SCHEMA_VERSION = 3
APPLICATION_ID = 0x44524C47  # "DRLG", in the header of the file
# Before 3.51.3 two connections could lose a write when the log was reset while both checkpointed.
SQLITE_AT_LEAST = (3, 51, 3)
_FULL = 2


@contextmanager
def told() -> Iterator[None]:
    """Errors of SQLite as errors of the ledger."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise LedgerDamaged(f"the ledger is damaged: {error}") from error
    except apsw.Error as error:
        raise LedgerError(f"the ledger could not be read or written: {error}") from error


def open_for_writing(state: Path, lock: WriterLock) -> apsw.Connection:
    """The ledger in `state`, made when there is none. The folder must be there. Raises a LedgerError."""
    _check_sqlite()
    path = state / FILE
    make_file(path)
    with told():
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(10_000)
            with lock:
                connection.pragma("journal_mode", "wal")
                connection.pragma("synchronous", "full")
                connection.pragma("wal_autocheckpoint", 0)
                if _is_empty(connection):
                    _make(connection)
                else:
                    _upgrade(connection)
            if connection.pragma("journal_mode") != "wal" or connection.pragma("synchronous") != _FULL:
                raise LedgerRefused(
                    "the ledger's file system does not let SQLite write ahead and sync: use a local disk"
                )
            _check(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def open_existing(state: Path, lock: WriterLock) -> apsw.Connection:
    """The ledger in `state` for writing, but never made or brought up to date. Raises a LedgerError."""
    _check_sqlite()
    path = _there(state)
    with told():
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(10_000)
            with lock:
                connection.pragma("synchronous", "full")
                connection.pragma("wal_autocheckpoint", 0)
            _check(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _there(state: Path) -> Path:
    path = state / FILE
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LedgerRefused(f"there is no ledger in {state}: has this gateway ever been started?") from error
    except OSError as error:
        raise LedgerRefused(f"the ledger in {state} cannot be read: {(error.strerror or '').lower()}") from error
    return path


def open_for_reading(state: Path) -> apsw.Connection:
    """The ledger in `state`, beside whoever writes it. Raises a LedgerError, LedgerRefused when there is none."""
    _check_sqlite()
    path = _there(state)
    with told():
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(10_000)
            _check(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _check_sqlite() -> None:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SQLITE_AT_LEAST:
        wanted = ".".join(map(str, SQLITE_AT_LEAST))
        raise LedgerRefused(
            f"SQLite {apsw.sqlite_lib_version()} may lose writes: install apsw with SQLite {wanted} or newer"
        )


def make_file(path: Path) -> None:
    """An empty file that only we may read; SQLite gives its companions the same permissions."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        os.close(fd)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise LedgerError(f"the ledger's file cannot be made: {error.strerror}") from error


def _is_empty(connection: apsw.Connection) -> bool:
    return connection.pragma("user_version") == 0 and not _objects(connection)


def _make(connection: apsw.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(schema())
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", SCHEMA_VERSION)
    connection.execute("COMMIT")


def _upgrade(connection: apsw.Connection) -> None:
    """Bring a ledger of an older version to this schema, in one transaction: a crash leaves the old one or the new."""
    version = _version(connection)
    if version == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in upgrades(version, SCHEMA_VERSION):
            connection.execute(step)
        connection.pragma("user_version", SCHEMA_VERSION)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: apsw.Connection) -> int:
    """The schema of a ledger of ours. Raises LedgerRefused."""
    if connection.pragma("application_id") != APPLICATION_ID:
        raise LedgerRefused(f"{FILE} is no ledger of this program: move it away or choose another state folder")
    version = int(connection.pragma("user_version"))
    if version > SCHEMA_VERSION:
        raise LedgerRefused(
            f"the ledger has schema {version}, made by a newer version; this one reads {SCHEMA_VERSION}"
        )
    return version


def _check(connection: apsw.Connection) -> None:
    version = _version(connection)
    if version < SCHEMA_VERSION:
        raise LedgerRefused(
            f"the ledger has schema {version}, made by an older version: start the gateway, which brings it up to date"
        )
    objects = _objects(connection)
    if _shape(connection, objects) != _expected():
        raise LedgerDamaged("tables or indexes of the ledger are not those it was made with")
    for kind, name, table, statement in objects:
        if statement is not None and kind != "trigger":
            connection.execute(_first_row(kind, name, table, statement)).fetchone()


_Object = tuple[str, str, str, str | None]


def _objects(connection: apsw.Connection) -> list[_Object]:
    """Tables and indexes with the words that made them, and SQLite's own, which have none."""
    return list(
        connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name"
        )
    )


def _shape(connection: apsw.Connection, objects: list[_Object]) -> list[tuple[_Object, list[object]]]:
    """What must be alike in a ledger that was made and in one that was upgraded.

    Columns of tables are compared by name, because an upgrade puts a new one last; the words of a table then differ.
    """
    return [
        (
            (kind, name, table, None if kind == "table" else statement),
            sorted(
                connection.execute(
                    "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?) WHERE ? = 'table'",
                    (name, kind),
                )
            ),
        )
        for kind, name, table, statement in objects
    ]


@cache
def _expected() -> list[tuple[_Object, list[object]]]:
    connection = apsw.Connection(":memory:")
    try:
        connection.execute(schema())
        return _shape(connection, _objects(connection))
    finally:
        connection.close()


def _first_row(kind: str, name: str, table: str, statement: str) -> str:
    """A statement that reads one row of a table or one entry of an index; all words in it are our schema's own."""
    if kind == "table":
        return f"SELECT * FROM {name} LIMIT 1"  # noqa: S608
    _, where, condition = statement.partition(" WHERE ")
    return f"SELECT rowid FROM {table} INDEXED BY {name}{where}{condition} LIMIT 1"  # noqa: S608
