"""One connection to the ledger's file, for all threads of a process: reads one at a time, writes also in turn with
other processes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import apsw

from dicomrules.queue.connection import LOCK, told
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.lock import WriterLock
from dicomrules.queue.transaction import Transaction


class Session:
    """Made after a fork. After an error of the disk it writes no more, because the kernel tells such an error once."""

    def __init__(self, state: Path, connect: Callable[[Path, WriterLock], apsw.Connection]) -> None:
        """`connect` opens the ledger in the folder `state`. Raises LedgerError."""
        try:
            self.lock = WriterLock(state / LOCK)
        except OSError as error:
            raise LedgerError(f"the ledger's lock cannot be made: {error.strerror}") from error
        try:
            self.connection = connect(state, self.lock)
        except LedgerError:
            self.lock.close()
            raise
        self._mutex = Lock()  # one thread at a time on the connection
        self._failure = ""

    @property
    def failure(self) -> str:
        """Why it writes no more until it is opened again; empty as long as it does."""
        return self._failure

    def close(self) -> None:
        """Close it, when no thread uses it any more."""
        self.connection.close()
        self.lock.close()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Short reads."""
        with self._mutex, told():
            yield Transaction(self.connection)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """One write transaction: what is done in it is on the disk when it ends, or not done at all."""
        with self._mutex, self.lock, told():
            if self._failure:
                raise LedgerError(f"{self._failure}; nothing more is written until the gateway is started again")
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                tx = Transaction(self.connection)
                yield tx
                tx.flush()
                self.connection.execute("COMMIT")
            except BaseException as error:
                if isinstance(error, apsw.IOError | apsw.CorruptError):
                    self._failure = f"the ledger met an error of the disk ({error})"
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
