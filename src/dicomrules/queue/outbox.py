"""Texts that must reach somebody some day: audit messages and alarms, kept in order until they are taken.

A database beside the ledger, so that neither waits for the other: when its disk fails or is full, texts are lost and
said to be, and images flow. Written and read by several processes; every transaction is one statement.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import apsw

from dicomrules.queue import encoding
from dicomrules.queue.connection import make_file, told
from dicomrules.queue.statements import outbox

FILE = "outbox.db"
MOST = 1_000_000  # texts of one kind; at 2 KB each some 2 GB, weeks without a repository


class Text(NamedTuple):
    """One text with its place in the order."""

    id: int
    at: datetime
    text: bytes


class Unsent(NamedTuple):
    """How many texts of a kind wait, and since when the oldest does."""

    waiting: int
    since: datetime | None


class Outbox:
    """One object a process, made after the fork. Methods may be called from any thread and raise LedgerError."""

    def __init__(self, state: Path) -> None:
        """Open the outbox in `state`, made when there is none."""
        path = state / FILE
        make_file(path)
        self._mutex = Lock()
        with told():
            self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            self._connection.set_busy_timeout(10_000)
            self._connection.pragma("journal_mode", "wal")
            self._connection.pragma("synchronous", "full")
            schema, self._statements = outbox()
            self._connection.execute(schema)

    def put(self, kind: str, texts: Sequence[bytes], at: datetime) -> int:
        """Keep texts, in one transaction; how many there was room for."""
        with self._mutex, told(), self._connection:
            ((span,),) = self._run("span", (kind,))
            taken = texts[: max(0, MOST - (span or 0))]
            rows = [(kind, encoding.micros(at), text) for text in taken]
            self._connection.executemany(self._statements["put"], rows)
        return len(taken)

    def first(self, kind: str, count: int) -> list[Text]:
        """The oldest texts of a kind."""
        with self._mutex, told():
            rows = self._run("first", (kind, count))
        return [Text(identity, encoding.moment(at), text) for identity, at, text in rows]

    def done(self, kind: str, through: int) -> None:
        """All texts of a kind up to this one have been taken."""
        with self._mutex, told():
            self._run("done", (kind, through))

    def unsent(self, kind: str) -> Unsent:
        """What still waits."""
        with self._mutex, told():
            ((waiting, since),) = self._run("unsent", (kind,))
        return Unsent(int(waiting), encoding.optional_moment(since))

    def close(self) -> None:
        """Close it, when no thread uses it any more."""
        self._connection.close()

    def _run(self, name: str, bindings: tuple[str | int, ...]) -> list[tuple[Any, ...]]:
        return self._connection.execute(self._statements[name], bindings).fetchall()
