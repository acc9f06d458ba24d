"""The data sets of storage commitment: what is asked (PS3.4 J.3.2.1) and what is reported (PS3.4 J.3.3.1).

Both are short lists of references. They are read with the same capped walk as every other data set, and written in the
two encodings that every application knows.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from dicomrules.dicom import uids
from dicomrules.dicom.columns import Columns
from dicomrules.dicom.index import Index, IndexLimits, MalformedDataSet, index, open_item, open_items
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    ITEM,
    Encoding,
    encoding_of,
)

# Storage Commitment Push Model, and its well-known SOP instance (PS3.4 J.3.5)
SOP_CLASS: Final = "1.2.840.10008.1.20.1"
SOP_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
# In which these data sets are exchanged here
SYNTAXES: Final = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)

MOST_REFERENCES: Final = 8_000
MOST_BYTES: Final = 1024 * 1024
_LIMITS: Final = IndexLimits(elements=8 * MOST_REFERENCES, nesting=8)

# Failure Reason (0008,1197): PS3.3 C.14.1.1
PROCESSING_FAILURE: Final = 0x0110
NO_SUCH_INSTANCE: Final = 0x0112
CLASS_CONFLICT: Final = 0x0119
CLASS_NOT_SUPPORTED: Final = 0x0122
DUPLICATE_TRANSACTION: Final = 0x0131
RESOURCE_LIMITATION: Final = 0x0213

_REFERENCED_CLASS, _REFERENCED_INSTANCE = 0x00081150, 0x00081155
_TRANSACTION, _REASON, _FAILED, _REFERENCED = 0x00081195, 0x00081197, 0x00081198, 0x00081199
_LONGEST_VALUE = 128


class Reference(NamedTuple):
    """One instance, as whoever speaks of it names it."""

    sop_class: str
    sop_instance: str


class Failure(NamedTuple):
    """An instance that is not committed, and why (PS3.3 C.14.1.1)."""

    reference: Reference
    reason: int


@dataclass(frozen=True, slots=True)
class Request:
    """What an N-ACTION asks: commitment to these instances, under the asking side's Transaction UID."""

    transaction: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What an N-EVENT-REPORT says of a transaction."""

    transaction: str
    committed: tuple[Reference, ...]
    failed: tuple[Failure, ...] = ()

    @property
    def event_type(self) -> int:
        """1: all of it is committed; 2: failures exist (PS3.4 J.3.3.1)."""
        return 2 if self.failed else 1


class TooMuch(MalformedDataSet):
    """A list longer than MOST_REFERENCES."""


def read_request(data: bytes, transfer_syntax: str) -> Request:
    """The data set of an N-ACTION. Raises MalformedDataSet for one that is none, TooMuch for one over the caps."""
    found = _indexed(data, transfer_syntax)
    references = tuple(_reference(item) for item in _items(found, _REFERENCED))
    if not references:
        raise MalformedDataSet(0, _REFERENCED, "Referenced SOP Sequence is absent or empty")
    return Request(_transaction(found), references)


def read_report(data: bytes, transfer_syntax: str) -> Report:
    """The data set of an N-EVENT-REPORT. Raises as `read_request`."""
    found = _indexed(data, transfer_syntax)
    committed = tuple(_reference(item) for item in _items(found, _REFERENCED))
    failed = tuple(Failure(_reference(item), _reason(item)) for item in _items(found, _FAILED))
    return Report(_transaction(found), committed, failed)


def write_request(request: Request, transfer_syntax: str) -> bytes:
    """The data set of an N-ACTION."""
    write = _Writer(encoding_of(transfer_syntax))
    return write.uid(_TRANSACTION, request.transaction) + write.references(_REFERENCED, request.references)


def write_report(report: Report, transfer_syntax: str) -> bytes:
    """The data set of an N-EVENT-REPORT."""
    write = _Writer(encoding_of(transfer_syntax))
    encoded = write.uid(_TRANSACTION, report.transaction)
    if report.failed:
        encoded += write.failures(_FAILED, report.failed)
    if report.committed:
        encoded += write.references(_REFERENCED, report.committed)
    return encoded


def _indexed(data: bytes, transfer_syntax: str) -> Index:
    if len(data) > MOST_BYTES:
        raise TooMuch(0, 0, "the list of instances is too long")
    return index(MemoryBytes(data), encoding_of(transfer_syntax), _LIMITS)


def _items(found: Index, tag: int) -> Iterator[Columns]:
    element = found.find(tag)
    if element is None:
        return
    if not element.is_sequence:
        raise MalformedDataSet(element.start, tag, "a list of references is no sequence")
    ranges = open_items(element, found.outline)
    if len(ranges) > MOST_REFERENCES:
        raise TooMuch(element.start, tag, "the list of instances is too long")
    for at in range(len(ranges)):
        yield open_item(found.source, element.items_encoding, ranges.content(at), found.outline)


def _reference(item: Columns) -> Reference:
    return Reference(_uid(item, _REFERENCED_CLASS), _uid(item, _REFERENCED_INSTANCE))


def _transaction(found: Index) -> str:
    return _uid(found.columns, _TRANSACTION)


def _uid(columns: Columns, tag: int) -> str:
    raw = _value(columns, tag).strip(b" \0")
    uid = raw.decode("ascii") if raw.isascii() else ""
    if not uids.is_uid(uid):
        raise MalformedDataSet(columns.start, tag, "a UID is absent or is none")
    return uid


def _reason(item: Columns) -> int:
    """Failure Reason; a report that says "failed" without a reason means a processing failure."""
    raw = _value(item, _REASON)
    return int.from_bytes(raw, "little" if item.encoding.little else "big") if len(raw) == 2 else PROCESSING_FAILURE


def _value(columns: Columns, tag: int) -> bytes:
    at = columns.find(tag)
    if at < 0:
        return b""
    element = columns.element(at)
    return element.raw if element.length <= _LONGEST_VALUE else b""


class _Writer:
    """Writes elements in one of SYNTAXES, every length defined."""

    def __init__(self, encoding: Encoding) -> None:
        self._explicit = encoding.explicit

    def uid(self, tag: int, value: str) -> bytes:
        raw = value.encode("ascii")
        return self._short(tag, b"UI", raw + b"\0" * (len(raw) % 2))

    def references(self, tag: int, references: Iterable[Reference]) -> bytes:
        return self._sequence(tag, map(self._reference, references))

    def failures(self, tag: int, failures: Iterable[Failure]) -> bytes:
        return self._sequence(tag, map(self._failure, failures))

    def _failure(self, failure: Failure) -> bytes:
        reason = self._short(_REASON, b"US", struct.pack("<H", failure.reason))
        return self._reference(failure.reference) + reason

    def _reference(self, reference: Reference) -> bytes:
        sop_class = self.uid(_REFERENCED_CLASS, reference.sop_class)
        return sop_class + self.uid(_REFERENCED_INSTANCE, reference.sop_instance)

    def _sequence(self, tag: int, contents: Iterable[bytes]) -> bytes:
        items = b"".join(_tag(ITEM) + struct.pack("<L", len(content)) + content for content in contents)
        vr = b"SQ\0\0" if self._explicit else b""
        return _tag(tag) + vr + struct.pack("<L", len(items)) + items

    def _short(self, tag: int, vr: bytes, value: bytes) -> bytes:
        length = struct.pack("<H", len(value)) if self._explicit else struct.pack("<L", len(value))
        return _tag(tag) + (vr if self._explicit else b"") + length + value


def _tag(tag: int) -> bytes:
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF)
