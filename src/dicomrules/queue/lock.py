"""Whose turn it is to write.

SQLite lets one writer in at a time, but those who wait poll, and a busy one starves the others. So every write
transaction, of whichever process, is taken under this lock, where the kernel lets those who wait in by turns. It is
held for one short transaction; the kernel frees it when its holder dies.
"""

import fcntl
import os
from pathlib import Path
from threading import Lock
from types import TracebackType


class WriterLock:
    """The lock on `path`, as a context manager: among the threads of this process, and among processes.

    Made after a fork, never carried over one: parent and child would hold it as one.
    """

    def __init__(self, path: Path) -> None:
        self._threads = Lock()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)
