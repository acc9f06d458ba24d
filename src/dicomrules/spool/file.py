"""One open spool file: whole reads and writes, and a failure that is remembered; and any other file by position."""

import errno
import os
from contextlib import suppress

from dicomrules.spool.calls import Calls
from dicomrules.spool.errors import SpoolError, from_os


class OpenFile:
    """Owns one descriptor.

    Once closed it refuses, so that a number the system has given to another file is never read or written. After a
    write or a sync has failed nobody knows what the disk holds: everything but `close` then raises SpoolError again.
    """

    def __init__(self, calls: Calls, fd: int) -> None:
        self._calls = calls
        self._fd = fd
        self._failure = ""

    @property
    def fd(self) -> int:
        """The descriptor, for a sender that lets the kernel copy. SpoolError when closed."""
        if self._failure or self._fd < 0:
            raise SpoolError(self._failure or "this spool file is closed")
        return self._fd

    def size(self) -> int:
        """Length of the file in bytes."""
        try:
            return self._calls.size(self.fd)
        except OSError as error:
            raise from_os("asking a spool file's length", error) from error

    def read(self, length: int, offset: int) -> bytes:
        """Exactly `length` bytes at `offset`.

        A file that ends before is a SpoolError: it was longer when we wrote it.
        """
        pieces: list[bytes] = []
        while length > 0:
            try:
                piece = self._calls.pread(self.fd, length, offset)
            except OSError as error:
                raise from_os("reading a spool file", error) from error
            if not piece:
                raise SpoolError("a spool file is shorter than it was when written")
            pieces.append(piece)
            length, offset = length - len(piece), offset + len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def write(self, chunk: bytes | memoryview, offset: int) -> None:
        """All of `chunk` at `offset`."""
        rest = memoryview(chunk)
        try:
            while rest:
                taken = self._calls.pwrite(self.fd, rest, offset)
                rest, offset = rest[taken:], offset + taken
        except OSError as error:
            raise self._fail("writing a spool file", error) from error

    def sync(self) -> None:
        """Bring the bytes to the disk.

        An error is final: the kernel tells it once and forgets it, so it is never asked again.
        """
        try:
            self._calls.fdatasync(self.fd)
        except OSError as error:
            raise self._fail("syncing a spool file", error) from error

    def close(self) -> None:
        """Close the file. May be called twice."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            with suppress(OSError):  # what matters was synced before; Linux frees the descriptor whatever it reports
                self._calls.close(fd)

    def _fail(self, doing: str, error: OSError) -> SpoolError:
        failure = from_os(doing, error)
        self._failure = f"{failure}; this file is not used again"
        return failure


class DatasetBytes:
    """The bytes of one data set, counted from its first: the beginning from memory, the rest by windows of the file.

    Good for one thread at a time, and as long as the file is open. `offset` is where the data set begins in the file.
    """

    WINDOW = 256 * 1024

    def __init__(self, file: OpenFile, offset: int, length: int, first: bytes = b"") -> None:
        self._file = file
        self._offset = offset
        self._length = length
        self._first = first
        self._window = b""
        self._window_start = 0

    @property
    def length(self) -> int:
        """Length of the data set in bytes."""
        return self._length

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`, or up to the end of the data set.

        SpoolError when the disk does not give them.
        """
        end = min(end, self._length)
        if start >= end:
            return b""
        if end <= len(self._first):
            return self._first[start:end]
        if end - start > self.WINDOW:
            return self._file.read(end - start, self._offset + start)
        within = start - self._window_start
        if within < 0 or end > self._window_start + len(self._window):
            length = min(self.WINDOW, self._length - start)
            self._window = self._file.read(length, self._offset + start)
            self._window_start, within = start, 0
        return self._window[within : within + end - start]


class FileBytes:
    """The `length` bytes at `offset` of any open file, by position: of one that is read in, or was written out."""

    def __init__(self, fd: int, offset: int, length: int) -> None:
        self.length = length
        self._fd = fd
        self._offset = offset

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`. OSError: the file has become shorter, or cannot be read."""
        piece = os.pread(self._fd, end - start, self._offset + start)
        if len(piece) < end - start:
            raise OSError(errno.EIO, "the file became shorter while it was read")
        return piece
