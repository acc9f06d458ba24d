"""A whole data set lies in the spool: make an Envelope of it, or say why it is refused.

Shared by every receiver. What is damaged is refused here, while the sender still has it: cut or nonsensical data sets,
caps, and identifiers that disagree with those it was announced under. The spool file of a refused data set is removed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dicomrules.dicom import syntax, uids
from dicomrules.dicom.deflate import inflate
from dicomrules.dicom.index import Index, IndexLimits, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.part10 import Part10
from dicomrules.dicom.source import Bytes
from dicomrules.dicom.tags import SOP_CLASS_UID, SOP_INSTANCE_UID, format_tag
from dicomrules.dicom.uids import InstanceKey
from dicomrules.model.exchange import Exchange
from dicomrules.model.instance import Envelope, Peer
from dicomrules.model.receiver import Limits
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.incoming import Incoming
from dicomrules.spool.spool import Spool

# C-STORE statuses of failures (PS3.4 B.2.3, PS3.7 C.5)
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000
INVALID_INSTANCE = 0x0117

_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a data set is not taken: a C-STORE status, a comment for (0000,0902), the offending element for (0000,0901).

    No patient data: constant sentences, places, tags.
    """

    status: int
    comment: str
    offending: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A data set, all of whose bytes were written to `incoming`, and what is known of how it came.

    `announced` holds the SOP class and instance it was announced under (a C-STORE-RQ, a file meta); empty: none.
    `head`: preamble and file meta of the file it came in; None: it came without one.
    """

    incoming: Incoming
    transfer_syntax: str
    peer: Peer
    received_at: datetime
    announced: tuple[str, str] = ("", "")
    exchange: Exchange | None = None
    source_path: str = ""
    head: Part10 | None = None


class _Refused(Exception):
    """Carries a Refusal out of the steps below."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.comment)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class _Derived:
    """The spool file of an inflated data set (PS3.5 A.5): what index and patch refer to."""

    ref: str
    length: int
    digest: str


def envelope(arrival: Arrival, spool: Spool, limits: Limits) -> Envelope | Refusal:
    """Finish the incoming file, walk the data set to its last byte, compare identifiers.

    Blocks on the disk and on long data sets: call it in a worker thread for objects that are not small. After a
    Refusal no file is left; an Envelope's files belong to whoever takes the Envelope.
    """
    names = [arrival.incoming.name]
    try:
        digest = arrival.incoming.finish()
        source: Bytes = arrival.incoming.source()
        derived = None
        if syntax.is_deflated(arrival.transfer_syntax):
            inflated = _inflated(arrival, source, spool, limits)
            names.append(inflated.name)
            derived = _Derived(inflated.name, inflated.length, inflated.finish())
            source = inflated.source()
        found = index(source, syntax.encoding_of(arrival.transfer_syntax), IndexLimits(limits.elements, limits.nesting))
        return _envelope(arrival, digest, found, derived)
    except _Refused as refused:
        refusal = refused.refusal
    except MalformedDataSet as malformed:
        refusal = _malformed(malformed)
    except SpoolError:
        refusal = Refusal(OUT_OF_RESOURCES, "the spool cannot keep the object")
    for name in names:
        spool.discard(name)
    return refusal


def _envelope(arrival: Arrival, digest: str, found: Index, derived: _Derived | None) -> Envelope:
    key = found.key()
    _check_identity(key, arrival.announced)
    return Envelope(
        key=key,
        index=found,
        spool_ref=arrival.incoming.name,
        peer=arrival.peer,
        received_at=arrival.received_at,
        transfer_syntax=arrival.transfer_syntax,
        length=arrival.incoming.length,
        digest=digest,
        source_path=arrival.source_path,
        exchange=arrival.exchange,
        meta=arrival.head.meta if arrival.head else None,
        derived_ref=derived.ref if derived else "",
        derived_length=derived.length if derived else 0,
        derived_digest=derived.digest if derived else "",
        accession=found.accession(),
    )


def _check_identity(key: InstanceKey, announced: tuple[str, str]) -> None:
    """A data set must name itself, and by the same names as it was announced under (PS3.4 B.2.3)."""
    for value, said, tag, what in (
        (key.sop_class, announced[0], SOP_CLASS_UID, "SOP Class UID"),
        (key.sop_instance, announced[1], SOP_INSTANCE_UID, "SOP Instance UID"),
    ):
        if not uids.is_uid(value):
            raise _Refused(Refusal(CANNOT_UNDERSTAND, f"{what} is absent or not a UID", format_tag(tag)))
        if said and value != said:
            raise _Refused(Refusal(DOES_NOT_MATCH_CLASS, f"{what} is not the one announced", format_tag(tag)))
    for value, what in ((key.study, "Study Instance UID"), (key.series, "Series Instance UID")):
        if any(character in value for character in "/\\") or not value.isprintable():
            raise _Refused(Refusal(CANNOT_UNDERSTAND, f"{what} is not a UID"))


def _malformed(malformed: MalformedDataSet) -> Refusal:
    offending = format_tag(malformed.tag) if malformed.tag else ""
    return Refusal(CANNOT_UNDERSTAND, f"{malformed.reason}, at byte {malformed.offset}"[:64], offending)


def _inflated(arrival: Arrival, source: Bytes, spool: Spool, limits: Limits) -> Incoming:
    """A second incoming file with the data set inflated. When that fails, the file is gone again."""
    came_with = arrival.head.raw if arrival.head else None
    calling_aet = arrival.peer.calling_aet
    target = spool.receive(*arrival.announced, syntax.EXPLICIT_VR_LITTLE_ENDIAN, calling_aet, came_with)
    try:
        for piece in inflate(_pieces(source), limits.object):
            target.write(piece)
    except (SpoolError, MalformedDataSet):
        spool.discard(target.name)
        raise
    return target


def _pieces(source: Bytes) -> Iterator[bytes | memoryview]:
    return (source.read(start, min(start + _PIECE, source.length)) for start in range(0, source.length, _PIECE))
