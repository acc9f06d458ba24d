"""What was said on the wire about one instance: the association, the context, the request and the response.

These are kept as values, because a year later somebody asks why an image is where it is, and `trace` must answer with
the command sets themselves, not with a summary of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# The elements of one command set (PS3.7 E.1) by keyword, in the order of their tags: {"CommandField": 1, ...}
CommandSet = Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Association:
    """An association as it was established (PS3.8 7.1); `address` is the other side's host and port."""

    id: str
    calling_aet: str
    called_aet: str
    address: str
    opened_at: datetime
    implementation: str = ""  # the other side's Implementation Version Name, or else Class UID (PS3.7 D.3.3.2)
    max_pdu: int = 0  # the longest P-DATA-TF the other side takes; 0: any length (PS3.8 D.1)


@dataclass(frozen=True, slots=True)
class PresentationContext:
    """An accepted presentation context (PS3.8 7.1.1.13)."""

    id: int
    abstract_syntax: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response on an association; `response` is None when none came."""

    association: Association
    context: PresentationContext | None
    request: CommandSet
    response: CommandSet | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """One HTTP request and its response (RFC 9110). `status` is 0 when no response came.

    `request` and `response` are fields of the two that say something about the instance, by their names; never a token,
    and never what a body holds beyond UIDs and codes.
    """

    method: str
    url: str
    request: Mapping[str, int | str]
    status: int = 0
    response: Mapping[str, int | str] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


# What was said about one instance, whatever the protocol
AnyExchange = Exchange | HttpExchange
