"""Storage commitment (PS3.4 Annex J), asked of us and asked by us.

Whoever has sent instances asks with an N-ACTION that the receiver commit itself to keeping them; the answer comes
later, as an N-EVENT-REPORT, on the same association or on another one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dicomrules.dicom.commitment import Request
from dicomrules.model.instance import Peer


class CommitmentPolicy(StrEnum):
    """When a receiver says that an instance is safe: never; once it is durable here; once every destination has it."""

    NO = "no"
    RECEIVED = "received"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class CommitmentTerms:
    """How a destination is asked: `after` so long in the state `stored`, and again when no report came in `timeout`."""

    after: timedelta = timedelta(seconds=10)
    timeout: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """One N-ACTION of a peer."""

    request: Request
    peer: Peer
    policy: CommitmentPolicy
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What an N-ACTION is answered (PS3.7 C.5), and the row that remembers it where it was taken."""

    status: int
    comment: str = ""
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """Whether a peer has taken what we said to it, a question or a report; why not, in words.

    `away`: no association could be had, or it did not last, so others need not be tried now.
    """

    ok: bool
    text: str = ""
    away: bool = False
