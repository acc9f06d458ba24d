"""The body of a STOW-RS request: instances as Part 10 files, one part each (PS3.18 8.6.1.2, 10.5.1; RFC 2387).

Nothing of an object is held in memory. Each is hashed while it is read, and its last bytes leave only when they are
those that were received; the body ends in the middle otherwise, and no server takes half of a part for an instance.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dicomrules.dicom.patch import new_length
from dicomrules.model.delivery import Delivery
from dicomrules.senders.cstore import Files
from dicomrules.senders.received import Corrupt, Windows, head_of, of
from dicomrules.spool.errors import SpoolError

_WINDOW = 256 * 1024


class Unsendable(Exception):
    """One delivery cannot be sent: `why` is a Corrupt or a SpoolError. The request was broken off."""

    def __init__(self, delivery: Delivery, why: Corrupt | SpoolError) -> None:
        super().__init__(str(why))
        self.delivery = delivery
        self.why = why


@dataclass(frozen=True, slots=True)
class _Part:
    delivery: Delivery
    head: bytes  # boundary, header fields, preamble and file meta
    problem: SpoolError | None = None  # why the head is not whole


class Body:
    """The parts of one request, made while it is gone through."""

    def __init__(self, deliveries: Sequence[Delivery], files: Files) -> None:
        # Nothing that is received can hold 128 random bits
        boundary = f"dicomrules-{secrets.token_hex(16)}"
        self._files = files
        self._parts = [self._part(boundary, delivery) for delivery in deliveries]
        self._end = f"\r\n--{boundary}--\r\n".encode()
        self.content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
        self.length = len(self._end) + sum(
            len(part.head) + new_length(part.delivery.patch, part.delivery.length) for part in self._parts
        )

    def __iter__(self) -> Iterator[bytes]:
        """Raises Unsendable."""
        buffer = memoryview(bytearray(_WINDOW))
        for part in self._parts:
            yield part.head
            try:
                if part.problem is not None:
                    raise part.problem
                yield from self._data_set(part.delivery, buffer)
            except (Corrupt, SpoolError) as why:
                raise Unsendable(part.delivery, why) from why
        yield self._end

    def _part(self, boundary: str, delivery: Delivery) -> _Part:
        fields = f"\r\n--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        try:
            with self._files.open(delivery.spool_ref) as stored:
                return _Part(delivery, fields + head_of(delivery, stored))
        except SpoolError as problem:
            return _Part(delivery, fields, problem)

    def _data_set(self, delivery: Delivery, buffer: memoryview) -> Iterator[bytes]:
        with self._files.open(delivery.spool_ref) as stored:
            if stored.length != delivery.length:
                raise Corrupt("the file does not have the length of the data set that was received")
            received = of(stored)
            for window, _ in Windows(received, delivery.patch, delivery.digest, buffer):
                yield bytes(window)
