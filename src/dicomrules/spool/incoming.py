"""One data set on its way from the network or a folder to the disk."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from dicomrules.spool import record
from dicomrules.spool.calls import Calls
from dicomrules.spool.errors import SpoolError, from_os
from dicomrules.spool.file import DatasetBytes, OpenFile

# A large object is synced as it comes, so that the last sync, which the sender waits for, is short.
SYNC_EVERY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Start:
    """How a spool file begins: preamble and file meta, and where in them the record's zeros lie.

    `gone` is told the file's name once it is kept or given up.
    """

    head: bytes
    record_offset: int
    gone: Callable[[str], object]


class Incoming:
    """A file in `incoming`: written, hashed, finished; then the spool seals and commits it, or it is aborted.

    Used by one thread at a time. After any SpoolError only `abort` is of use: what the disk holds is then unknown.
    """

    def __init__(self, calls: Calls, folder: str, name: str, start: Start) -> None:
        """Create the file `name`.part in `folder` and write how it begins."""
        self.name = name
        self.length = 0  # bytes of the data set so far
        self._calls = calls
        self._folder = folder
        self._path = f"{folder}/{name}.part"
        self._start = start
        self._hash = hashlib.sha256()
        self._first: bytes | bytearray = bytearray()
        self._synced = 0
        self._gone = False
        try:
            self._file = OpenFile(calls, calls.create(self._path))
        except OSError as error:
            raise from_os("creating a spool file", error) from error
        try:
            self._file.write(start.head, 0)
        except SpoolError:
            self.abort()
            raise

    def write(self, chunk: bytes | memoryview) -> None:
        """Append a piece of the data set."""
        self._file.write(chunk, len(self._start.head) + self.length)
        self._hash.update(chunk)
        missing = DatasetBytes.WINDOW - len(self._first)
        if missing > 0:
            self._first += chunk[:missing]
        self.length += len(chunk)
        if self.length - self._synced >= SYNC_EVERY:
            self._file.sync()
            self._synced = self.length

    def finish(self) -> str:
        """The data set is complete: its SHA-256 in hexadecimal.

        The file is named `.deciding` from here on: if it is found so at the next start, deciding it is what killed us.
        """
        self.place(f"{self._folder}/{self.name}.deciding")
        self._first = bytes(self._first)
        return self._hash.hexdigest()

    def source(self) -> DatasetBytes:
        """The data set as received, for the index. Good until the file is committed or aborted."""
        return DatasetBytes(self._file, len(self._start.head), self.length, bytes(self._first))

    def abort(self) -> None:
        """Close and remove the file, unless it was kept. May be called twice, and after any error."""
        if not self._gone:
            self.keep()
            with suppress(OSError):  # the sweep at the next start takes what cannot be removed now
                self._calls.unlink(self._path)

    # What the spool does with a finished file.

    def seal(self, sealed: record.Record) -> None:
        """Write the record into its place, in one piece."""
        self._file.write(record.encode(sealed), self._start.record_offset)

    def sync(self) -> None:
        """Bring everything to the disk; an error is final."""
        self._file.sync()

    def place(self, path: str) -> None:
        """Give the file another name."""
        if self._gone or self._file.fd < 0:
            raise SpoolError("this spool file was given up before")
        try:
            self._calls.rename(self._path, path)
        except OSError as error:
            raise from_os("naming a spool file", error) from error
        self._path = path

    def keep(self) -> None:
        """Leave it where it is: close it, and let `abort` do nothing from here on."""
        self._gone = True
        self._file.close()
        self._start.gone(self.name)
