"""The record that makes a spool file tell its own story.

It lies in Private Information (0002,0102) of the file meta (PS3.10 7.1): 4096 bytes at a fixed place, written as
zeros when the file is begun and filled by one write before the file is synced. A ledger that was lost is made anew
from these records. All zeros, or a checksum that does not fit, means: this file never became complete.

Layout: magic and version, checksum (SHA-256) of all that follows, then each field as a two-byte length and that many
bytes. Texts too long for their place are cut, so that the sum always fits; identifiers as the standard allows them
are never cut.
"""

import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from dicomrules.dicom.part10 import RECORD_LENGTH

SIZE = RECORD_LENGTH
_MAGIC = b"dicomrules spool\x00\x01"
_HEAD = len(_MAGIC) + 32


@dataclass(frozen=True, slots=True)
class Record:
    """What the spool knows of one instance besides its bytes.

    `length` (bytes) and `digest` (SHA-256, hexadecimal) are those of the data set as received, without preamble and
    file meta; `fingerprint` is that of the rules that decided, `verdict` what they said; `source_path` the file it
    came from, if any.
    """

    length: int
    digest: str
    received_at: datetime
    sop_class: str
    sop_instance: str
    study: str
    series: str
    transfer_syntax: str
    calling_aet: str = ""
    called_aet: str = ""
    address: str = ""
    receiver: str = ""
    verdict: str = ""
    fingerprint: str = ""
    source_path: str = ""


# Bytes each text may take; with the head and the lengths they add up to less than SIZE.
_CAPS = {
    "sop_class": 128,
    "sop_instance": 128,
    "study": 128,
    "series": 128,
    "transfer_syntax": 128,
    "calling_aet": 64,
    "called_aet": 64,
    "address": 256,
    "receiver": 256,
    "verdict": 32,
    "fingerprint": 160,
    "source_path": 2048,
}


def encode(record: Record) -> bytes:
    """The record as exactly SIZE bytes; zeros fill what is left."""
    fields = [
        struct.pack("<Q", record.length),
        bytes.fromhex(record.digest),
        record.received_at.astimezone(UTC).isoformat().encode("ascii"),
    ]
    fields += [_cut(getattr(record, name), cap) for name, cap in _CAPS.items()]
    body = b"".join(struct.pack("<H", len(field)) + field for field in fields)
    body = body.ljust(SIZE - _HEAD, b"\x00")
    return _MAGIC + hashlib.sha256(body).digest() + body


def decode(raw: bytes) -> Record | None:
    """The record in these bytes, or None: the file they come from never became complete, or the record is damaged."""
    body = raw[_HEAD:]
    whole = len(raw) == SIZE and raw.startswith(_MAGIC) and hashlib.sha256(body).digest() == raw[len(_MAGIC) : _HEAD]
    if not whole:
        return None
    fields: list[bytes] = []
    at = 0
    for _ in range(3 + len(_CAPS)):
        (length,) = struct.unpack_from("<H", body, at)
        fields.append(body[at + 2 : at + 2 + length])
        at += 2 + length
    texts = {name: raw_text.decode("utf-8", "surrogatepass") for name, raw_text in zip(_CAPS, fields[3:], strict=True)}
    return Record(
        length=struct.unpack("<Q", fields[0])[0],
        digest=fields[1].hex(),
        received_at=datetime.fromisoformat(fields[2].decode("ascii")),
        **texts,
    )


def _cut(text: str, cap: int) -> bytes:
    """UTF-8 of at most `cap` bytes that ends with a whole character.

    File names that are no UTF-8 keep their surrogates.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= cap:
        return raw
    while raw[cap] & 0xC0 == 0x80:
        cap -= 1
    return raw[:cap]
