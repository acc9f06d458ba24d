"""The write-ahead log of the ledger: brought into its file by one thread of the delivery process, and measured."""

from contextlib import suppress
from pathlib import Path
from typing import Literal

import apsw

from dicomrules.queue.connection import FILE, told
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.session import Session


class WriteAheadLog:
    """That of one ledger; `path` is its file."""

    def __init__(self, path: Path, session: Session) -> None:
        self._path = path
        self._session = session
        self._checkpoints: apsw.Connection | None = None

    def close(self) -> None:
        """Close it, when no thread uses it any more."""
        if self._checkpoints is not None:
            self._checkpoints.close()

    def checkpoint(self, mode: Literal["passive", "truncate"] = "passive") -> None:
        """Bring the write-ahead log into the ledger's file: `passive` beside others' work, `truncate` when idle.

        Called by one thread of the delivery process only.
        """
        with told():
            if self._checkpoints is None:
                self._checkpoints = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
                self._checkpoints.pragma("synchronous", "full")
                self._checkpoints.pragma("wal_autocheckpoint", 0)
            if mode == "passive":
                self._checkpoints.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                return
            with self._session.lock, suppress(apsw.BusyError):  # somebody reads: the log is emptied another time
                self._checkpoints.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def length(self) -> int:
        """Length of the write-ahead log: when to checkpoint, and when to raise an alarm."""
        try:
            return self._path.with_name(f"{FILE}-wal").stat().st_size
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise LedgerError(f"the ledger's log cannot be looked at: {error.strerror}") from error
