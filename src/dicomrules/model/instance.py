"""An instance on its way in: who sent it, what it is, where its bytes lie, and what is answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dicomrules.dicom.index import Index
from dicomrules.dicom.uids import InstanceKey
from dicomrules.model.exchange import AnyExchange


@dataclass(frozen=True, slots=True)
class Peer:
    """The application that sent an instance, as rules see it: AE titles are empty where the receiver has none."""

    calling_aet: str
    called_aet: str
    address: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """One complete data set that arrived, with everything that deciding may look at.

    `digest` is the SHA-256, in hexadecimal, of the data set as received (`length` bytes, without preamble and file
    meta). `index` reads those bytes. `spool_ref` names the spool's incoming file; it is empty where nothing is kept
    (`apply`, `test`). `index` is None for an instance that is kept undecided, because deciding it crashed the process
    before. For a deflated data set, `derived_ref` names a second incoming file that holds it inflated, in Explicit VR
    Little Endian: index and patch refer to those bytes, and `derived_length` and `derived_digest` are theirs. Empty
    for all others.
    """

    key: InstanceKey
    index: Index | None
    spool_ref: str
    peer: Peer
    received_at: datetime
    transfer_syntax: str
    length: int
    digest: str
    source_path: str = ""
    exchange: AnyExchange | None = None
    meta: dict[str, str] | None = None  # keyword -> value of the file meta a file came with (`meta.` paths)
    derived_ref: str = ""
    derived_length: int = 0
    derived_digest: str = ""
    accession: str = ""  # Accession Number (0008,0050) as received, for people who look for a study


class Verdict(StrEnum):
    """What becomes of an object (LANGUAGE: verdicts). `SEND` is the absence of all others."""

    SEND = "send"
    QUARANTINE = "quarantine"
    HOLD = "hold"
    REJECT = "reject"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is answered: a C-STORE status (PS3.4 B.2.3), and an Error Comment of at most 64 characters."""

    verdict: Verdict
    status: int = 0x0000
    comment: str = ""
