"""Files that were taken and are still in their folder (`after: keep`), remembered over a restart.

Of each a fingerprint is kept, over its name and its look; the ledger keeps it too. A file whose fingerprint is known is
none that is waited for. One that changes has another fingerprint and is a new one; what is gone is forgotten at the
next look. The device is no part of it: many have another number after a restart of the machine.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from dicomrules.model.ports import TakenFiles
from dicomrules.receivers.settling import Look

_SIZE = 16  # bytes: a file is never mistaken for another one
_TOGETHER = 64  # written to the ledger at once


class Taken:
    """The files of one receiver. Its methods block on the disk now and then; `add` may be called from many threads."""

    def __init__(self, receiver: str, ledger: TakenFiles) -> None:
        self._receiver = receiver
        self._ledger = ledger
        self._seen: dict[bytes, int] | None = None  # fingerprint -> the look into the folder that saw it last
        self._round = 0
        self._new: list[bytes] = []
        self._lock = Lock()

    @contextmanager
    def round(self) -> Iterator[None]:
        """One look at all files of the folder: those that `has` is not asked about are gone."""
        if self._seen is None:
            self._seen = dict.fromkeys(self._ledger.taken_files(self._receiver), 0)
        self._round += 1
        yield
        gone = [fingerprint for fingerprint, seen in self._seen.items() if seen != self._round]
        if gone:
            self._ledger.change_taken_files(self._receiver, [], gone)
            for fingerprint in gone:
                del self._seen[fingerprint]

    def has(self, name: str, look: Look) -> bool:
        """It was taken before, as it is now. Within `round`."""
        fingerprint = _fingerprint(name, look)
        known = self._seen is not None and fingerprint in self._seen
        if known and self._seen is not None:
            self._seen[fingerprint] = self._round
        return known

    def add(self, name: str, look: Look) -> None:
        """It was taken. Known at once, and over a restart from the next `write` on: until then it is a duplicate."""
        fingerprint = _fingerprint(name, look)
        with self._lock:
            if self._seen is not None:
                self._seen[fingerprint] = self._round
            self._new.append(fingerprint)
            if len(self._new) >= _TOGETHER:
                self._write()

    def write(self) -> None:
        """Make durable what was added. When that raises, it is tried again."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        if self._new:
            self._ledger.change_taken_files(self._receiver, self._new, [])
            self._new = []


def _fingerprint(name: str, look: Look) -> bytes:
    said = f"{look.inode} {look.size} {look.mtime_ns} ".encode() + os.fsencode(name)
    return hashlib.blake2b(said, digest_size=_SIZE).digest()
