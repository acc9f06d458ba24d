"""Preamble and File Meta Information of a DICOM file (PS3.10 7.1), ours and those that come with a file.

A file of the spool has a head of ours. Its Private Information (0002,0102) holds the head that came with the object,
compressed, where one came, and then a record of a fixed length, the last thing before the data set. The record is
written as zeros and filled once everything else is on the disk; a file that leaves has a head without all this.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from dicomrules.dicom import tags, values
from dicomrules.dicom.forms import FORMS, SHORT, head_of
from dicomrules.dicom.index import Index, IndexLimits, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.source import Bytes
from dicomrules.dicom.syntax import (
    EXPLICIT_LITTLE,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_LITTLE,
    IMPLICIT_VR_LITTLE_ENDIAN,
    Encoding,
    encoding_of,
)

# Who wrote the file meta information (PS3.7 D.3.3.2), and whose Private Information it holds (PS3.10 7.1)
IMPLEMENTATION_CLASS_UID: Final = "2.25.192476597457814231205763483554673274662"
IMPLEMENTATION_VERSION_NAME: Final = "DICOMRULES_1"
RECORD_CREATOR_UID: Final = "2.25.221141965160844048172655772200256220863"
# Bytes of the record in a file of the spool
RECORD_LENGTH: Final = 4096
# The longest file meta information we read, and how many elements
LONGEST_META: Final = 64 * 1024
# The longest head of a file of the spool: one of that length may be in it, incompressible
LONGEST_HEAD: Final = LONGEST_META + RECORD_LENGTH + 4096
_MOST_ELEMENTS: Final = 1000

_PREAMBLE: Final = bytes(128) + b"DICM"
_GROUP_LENGTH: Final = 0x00020000
_VERSION: Final = 0x00020001
_SOP_CLASS: Final = 0x00020002
_SOP_INSTANCE: Final = 0x00020003
_TRANSFER_SYNTAX: Final = 0x00020010
_IMPLEMENTATION_CLASS: Final = 0x00020012
_IMPLEMENTATION_VERSION: Final = 0x00020013
_SOURCE_AET: Final = 0x00020016
_RECORD_CREATOR: Final = 0x00020100
_RECORD: Final = 0x00020102


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a file of the spool; `RECORD_LENGTH` zeros for the record stand at `record_offset`."""

    data: bytes
    record_offset: int


@dataclass(frozen=True, slots=True)
class Part10:
    """What stands before the data set of a file.

    `transfer_syntax` is empty when nothing says it: see `guess_encoding`. `meta`: texts of the file meta information by
    keyword. `raw`: preamble and file meta as they came.
    """

    dataset_start: int
    transfer_syntax: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""


def head(
    sop_class: str, sop_instance: str, transfer_syntax: str, source_aet: str = "", came_with: bytes | None = None
) -> Head:
    """The head of a file of the spool.

    `came_with`: preamble and file meta that the object came with, `Part10.raw`; None: it came without a file.
    """
    meta = _from(source_aet) | _ours(sop_class, sop_instance, transfer_syntax)
    kept = b"" if came_with is None else zlib.compress(came_with)
    meta[_RECORD_CREATOR] = ("UI", _uid(RECORD_CREATOR_UID))
    meta[_RECORD] = ("OB", kept + bytes(len(kept) % 2) + bytes(RECORD_LENGTH))
    data = _written(meta)
    return Head(data, len(data) - RECORD_LENGTH)


def came_with_of(spooled: bytes) -> bytes | None:
    """What an object came with, out of the head of its file in the spool; None: it came without a file.

    Raises MalformedDataSet when it is not what was put there.
    """
    kept = next((value for tag, _, value, _ in _elements(spooled) if tag == _RECORD), b"")[:-RECORD_LENGTH]
    if not kept:
        return None
    inflating = zlib.decompressobj()
    try:
        raw = inflating.decompress(kept, LONGEST_META)
        whole = inflating.eof or (not inflating.decompress(inflating.unconsumed_tail, 1) and inflating.eof)
    except zlib.error:
        whole = False
    if not whole:
        raise MalformedDataSet(0, _RECORD, "what is kept of the file meta that came with it is damaged")
    return raw


def plain_head(
    key: tuple[str, str], transfer_syntax: str, source_aet: str = "", came_with: bytes | None = None
) -> bytes:
    """Preamble and file meta of a file that leaves; `key`: its SOP class and SOP instance.

    `came_with`: preamble and file meta the object came with, `Part10.raw`; what they said beyond what is ours to say is
    kept, and who sent it then (0002,0016). The preamble is always zeros: it may be the start of a program
    (CVE-2019-11687).
    """
    meta: dict[int, tuple[str, bytes]] = {}
    if came_with:
        meta = {tag: (vr, raw) for tag, vr, raw, _ in _elements(came_with) if tag not in (_GROUP_LENGTH, _VERSION)}
        if _uid_text(meta.get(_RECORD_CREATOR, ("UI", b""))[1]) == RECORD_CREATOR_UID:
            meta.pop(_RECORD_CREATOR)
            meta.pop(_RECORD, None)
    return _written(_from(source_aet) | meta | _ours(*key, transfer_syntax))


def _from(source_aet: str) -> dict[int, tuple[str, bytes]]:
    return {_SOURCE_AET: ("AE", values.padded(source_aet.encode("ascii", "replace"), "AE"))} if source_aet else {}


def _ours(sop_class: str, sop_instance: str, transfer_syntax: str) -> dict[int, tuple[str, bytes]]:
    return {
        _VERSION: ("OB", b"\0\1"),
        _SOP_CLASS: ("UI", _uid(sop_class)),
        _SOP_INSTANCE: ("UI", _uid(sop_instance)),
        _TRANSFER_SYNTAX: ("UI", _uid(transfer_syntax)),
        _IMPLEMENTATION_CLASS: ("UI", _uid(IMPLEMENTATION_CLASS_UID)),
        _IMPLEMENTATION_VERSION: ("SH", values.padded(IMPLEMENTATION_VERSION_NAME.encode(), "SH")),
    }


def _uid(uid: str) -> bytes:
    return values.padded(uid.encode("ascii", "replace"), "UI")


def _uid_text(raw: bytes) -> str:
    return raw.rstrip(b" \0").decode("ascii", "replace")


def _written(meta: dict[int, tuple[str, bytes]]) -> bytes:
    body = b"".join(head_of(tag, vr, len(raw), EXPLICIT_LITTLE) + raw for tag, (vr, raw) in sorted(meta.items()))
    length = FORMS[EXPLICIT_LITTLE].length.pack(len(body))
    return _PREAMBLE + head_of(_GROUP_LENGTH, "UL", 4, EXPLICIT_LITTLE) + length + body


def read_head(source: Bytes, longest: int = LONGEST_META) -> Part10:
    """Read what stands before the data set of a file. `source` counts from the first byte of the file.

    Preamble, group length, transfer syntax or all of it may be missing. Raises MalformedDataSet, with offsets in the
    file, when the file meta information is cut, nonsensical or longer than `longest` bytes.
    """
    raw = bytes(source.read(0, min(source.length, longest)))
    meta: dict[str, str] = {}
    end = _meta_start(raw)
    for tag, vr, value, end in _elements(raw):  # noqa: B007 (`end` is used behind the loop)
        found = values.decode(value, vr) if vr in ("UI", "SH", "AE") else ()
        if isinstance(found, tuple) and len(found) == 1:
            meta[tags.keyword_of(tag) or tags.format_tag(tag)] = str(found[0])
    if end + 2 > len(raw) < source.length:
        raise MalformedDataSet(end, 0, f"file meta information longer than {longest} bytes")
    return Part10(end, meta.get("TransferSyntaxUID", ""), meta, raw[:end])


def _meta_start(raw: bytes) -> int:
    """Where file meta information, or the data set when there is none, begins."""
    if raw[128:132] == b"DICM":
        return 132
    return 4 if raw[:4] == b"DICM" else 0


def _elements(raw: bytes) -> Iterator[tuple[int, str, bytes, int]]:
    """Tag, VR, value and end of the elements of group 0002 that `raw`, a file's beginning, holds.

    It is Explicit VR Little Endian whatever the data set is (PS3.10 7.1); some devices write it without VR.
    """
    position = _meta_start(raw)
    explicit = raw[position + 4 : position + 6].isalpha()
    encoding = EXPLICIT_LITTLE if explicit else IMPLICIT_LITTLE
    for _ in range(_MOST_ELEMENTS):
        if raw[position : position + 2] != b"\2\0" or len(raw) < position + 8:
            return
        tag, vr, start, length = _meta_head(raw, position, encoding)
        end = start + length
        if end > len(raw):
            raise MalformedDataSet(position, tag, "file meta information that is cut or too long")
        yield tag, vr, raw[start:end], end
        position = end
    raise MalformedDataSet(position, 0, f"more than {_MOST_ELEMENTS} elements of file meta information")


def _meta_head(raw: bytes, position: int, encoding: Encoding) -> tuple[int, str, int, int]:
    form = FORMS[encoding]
    if not encoding.explicit:
        group, element, length = form.head.unpack_from(raw, position)
        tag = group << 16 | element
        return tag, tags.vr_of(tag), position + 8, length
    group, element, number, length = form.head.unpack_from(raw, position)
    tag, kind = group << 16 | element, form.kind(number)
    if kind is None:
        raise MalformedDataSet(position, tag, "no value representation in the file meta information")
    if kind == SHORT:
        return tag, form.vr(number), position + 8, length
    if len(raw) < position + 12:
        raise MalformedDataSet(position, tag, "cut in the file meta information")
    return tag, form.vr(number), position + 12, form.length.unpack_from(raw, position + 8)[0]


def guess_encoding(source: Bytes, limits: IndexLimits | None = None) -> tuple[str, Index]:
    """Transfer syntax and index of a data set of which nothing says its encoding; `source` counts from its first byte.

    Implicit, Explicit Little and Explicit Big Endian are walked in turn. Exactly one that ends cleanly and yields SOP
    class and instance is taken; otherwise MalformedDataSet is raised.
    """
    found = []
    for transfer_syntax in (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN):
        try:
            walked = index(source, encoding_of(transfer_syntax), limits)
        except MalformedDataSet:
            continue
        key = walked.key()
        if key.sop_class and key.sop_instance:
            found.append((transfer_syntax, walked))
    if len(found) != 1:
        raise MalformedDataSet(0, 0, "no transfer syntax is named, and none that we can guess fits this data set alone")
    return found[0]
