"""A copy of the ledger while others write to it, by SQLite's backup API."""

from collections.abc import Iterator
from pathlib import Path

import apsw

from dicomrules.queue.connection import FILE, open_for_reading, told
from dicomrules.queue.errors import LedgerDamaged

_PAGES = 2000  # of one step, between which others write and checkpoint
_AGAIN = 20  # restarts, after which the rest is copied in one step: whoever writes all the time must not hold it up


def copy(state: Path, target: Path) -> None:
    """Copy the ledger in `state` to the folder `target`, and look whether the copy is whole. Raises a LedgerError.

    A step that finds that somebody has written since the last one begins anew, so it cannot go on in small ones for
    ever.
    """
    source = open_for_reading(state)
    with told():
        made = apsw.Connection(str(target / FILE))
        try:
            _copy(source, made)
            found = made.execute("PRAGMA quick_check(1)").fetchall()
        finally:
            made.close()
            source.close()
    if found != [("ok",)]:
        raise LedgerDamaged(f"the copy of the ledger is damaged, and so is the ledger: {found[0][0]}")
    (target / FILE).chmod(0o600)


def _copy(source: apsw.Connection, made: apsw.Connection) -> None:
    with made.backup("main", source, "main") as backup:
        left, restarts = -1, 0
        while not backup.done:
            backup.step(_PAGES if restarts < _AGAIN else -1)
            restarts += 0 <= left <= backup.remaining and not backup.done
            left = backup.remaining


def files(target: Path) -> Iterator[tuple[str, str, str]]:
    """Of each instance in a copy that has bytes: its state and the refs of its files."""
    connection = apsw.Connection(str(target / FILE), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        with told():
            yield from connection.execute(
                "SELECT state, spool_ref, derived_ref FROM instances WHERE spool_ref <> '' ORDER BY id"
            )
    finally:
        connection.close()
