"""The windows of a data set that leaves: bytes received, patch, bytes received; hashed while they are read.

The last window is given out only when everything that was received has been read and its digest is the one that the
delivery names. So a damaged spool file can never become a whole object at a peer.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from dicomrules.dicom.part10 import plain_head
from dicomrules.dicom.patch import Blob, Patch, new_length, segments
from dicomrules.model.delivery import Delivery
from dicomrules.net.association import Window
from dicomrules.spool.errors import SpoolError, from_os


class Corrupt(Exception):
    """The bytes in the spool are not those that were received; nothing of the object may be taken as sent."""


@dataclass(frozen=True, slots=True)
class Received:
    """The data set inside an open file: `length` bytes from `offset` on."""

    fd: int
    offset: int
    length: int
    blob: Callable[[str], int] | None = None  # descriptors of new bytes that lie in files, by their names

    def opened(self, blob: Blob) -> "Received":
        """The bytes of a blob, as if received. Raises SpoolError."""
        if self.blob is None:
            raise SpoolError("new bytes of this variant lie in a file that is not at hand", errno.ENOENT)
        return Received(self.blob(blob.file), 0, blob.length)

    def fill(self, view: memoryview, start: int) -> None:
        """Fill `view` with the bytes from `start` on. Raises SpoolError, and Corrupt when the file has fewer."""
        while view:
            try:
                taken = os.preadv(self.fd, [view], self.offset + start)
            except OSError as error:
                raise from_os("reading a file to send", error) from error
            if not taken:
                raise Corrupt("the file is shorter than the data set that was received")
            view, start = view[taken:], start + taken

    def read(self, start: int, end: int) -> memoryview:
        """The bytes from `start` to `end`, in memory of their own: for small pieces."""
        view = memoryview(bytearray(end - start))
        self.fill(view, start)
        return view


class _Blob:
    """New bytes in a file, hashed while they leave."""

    def __init__(self, opened: Received, blob: Blob) -> None:
        self._opened = opened
        self._digest = blob.digest
        self._hash = hashlib.sha256()

    def fill(self, view: memoryview, start: int) -> None:
        self._opened.fill(view, start)
        self._hash.update(view)

    def verify(self) -> None:
        """Raises Corrupt when other bytes have left than were made."""
        if self._hash.hexdigest() != self._digest:
            raise Corrupt("the new pixels in the spool are not those that were made (SHA-256 differs)")


def of(stored: "Stored") -> Received:
    """The data set inside an opened file."""
    return Received(stored.fd, stored.dataset_offset, stored.length, lambda file: stored.blob(file))


def head_of(delivery: Delivery, stored: "Stored") -> bytes:
    """Preamble and file meta of the file that leaves. Raises SpoolError: damaged.

    What came with the object is kept as long as it is the same instance. A new one, as a pseudonym is, must not tell
    by its file meta where it came from (PS3.15 E.1.1).
    """
    key = (delivery.sop_class, delivery.sop_instance)
    is_same = stored.meta().get("MediaStorageSOPInstanceUID") == delivery.sop_instance
    return plain_head(key, delivery.transfer_syntax, delivery.calling_aet, stored.came_with() if is_same else None)


class Stored(Protocol):
    """An open file with a data set inside, and the blobs that belong to it."""

    @property
    def fd(self) -> int:
        """The descriptor."""
        ...

    dataset_offset: int
    length: int

    def blob(self, file: str) -> int:
        """The descriptor of a blob, open as long as the file is. Raises SpoolError."""
        ...

    def meta(self) -> dict[str, str]:
        """Texts of the file meta of the file, by keyword. Raises SpoolError: damaged."""
        ...

    def came_with(self) -> bytes | None:
        """Preamble and file meta that the object came with, None: without a file. Raises SpoolError: damaged."""
        ...


class Windows:
    """Cuts what leaves into windows that are as long as `buffer`, which is used again for each of them.

    `digest` is the SHA-256 of the bytes received, in hexadecimal; empty: not known, and not tested. `even`: a zero
    follows an odd number of bytes, as a deflate stream needs on the wire (PS3.5 A.5). To be gone through once.
    """

    def __init__(self, received: Received, patch: Patch, digest: str, buffer: memoryview, even: bool = False) -> None:
        self._received = received
        self._pad = (b"\0",) if even and new_length(patch, received.length) % 2 else ()
        self._patch = patch
        self._digest = digest
        self._buffer = buffer
        self._hash = hashlib.sha256()
        self._read = 0  # bytes received that have been read and hashed
        self._blobs = {
            splice.new: _Blob(received.opened(splice.new), splice.new)
            for splice in patch.splices
            if isinstance(splice.new, Blob)
        }

    def __iter__(self) -> Iterator[Window]:
        """Each window and whether it is the last. Raises Corrupt or SpoolError, always before the last one."""
        # A full buffer leaves only when another byte is to come: so the last window is still here at the end.
        filled = 0
        for segment in chain(segments(self._patch, self._received.length), self._pad):
            position, end = self._extent(segment)
            while position < end:
                if filled == len(self._buffer):
                    yield self._buffer, False
                    filled = 0
                taken = min(end - position, len(self._buffer) - filled)
                self._place(segment, position, self._buffer[filled : filled + taken])
                position, filled = position + taken, filled + taken
        self._verify()
        yield self._buffer[:filled], True

    def _extent(self, segment: tuple[int, int] | bytes | Blob) -> tuple[int, int]:
        """From where to where to go through this segment; what was received and does not leave is hashed first."""
        if isinstance(segment, bytes | Blob):
            return 0, len(segment)
        self._pass(segment[0])
        return segment

    def _place(self, segment: tuple[int, int] | bytes | Blob, position: int, view: memoryview) -> None:
        if isinstance(segment, bytes):
            view[:] = segment[position : position + len(view)]
            return
        if isinstance(segment, Blob):
            self._blobs[segment].fill(view, position)
            return
        self._received.fill(view, position)
        self._hash.update(view)
        self._read += len(view)

    def _pass(self, end: int) -> None:
        """Read and hash what does not leave, up to `end`."""
        while self._read < end:
            view = self._received.read(self._read, min(end, self._read + 64 * 1024))
            self._hash.update(view)
            self._read += len(view)

    def _verify(self) -> None:
        self._pass(self._received.length)
        for blob in self._blobs.values():
            blob.verify()
        if self._digest and self._hash.hexdigest() != self._digest:
            raise Corrupt("the bytes in the spool are not those that were received (SHA-256 differs)")
