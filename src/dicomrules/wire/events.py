"""What `Connection.receive` tells its caller, one value for each thing that a peer did."""

from dataclasses import dataclass

from dicomrules.model.exchange import CommandSet, PresentationContext
from dicomrules.wire.associate import AssociateAccept, AssociateRequest, Rejection, Titles
from dicomrules.wire.errors import AbortReason, AbortSource


@dataclass(frozen=True, slots=True)
class AssociateRequested:
    """A peer asks for an association: answer with `Connection.accept` or `reject`."""

    request: AssociateRequest


@dataclass(frozen=True, slots=True)
class AssociateRefused:
    """A request was refused before it was decoded (protocol version, application context, or `screen` said so): send
    `answer`.
    """

    titles: Titles
    rejection: Rejection
    answer: bytes


@dataclass(frozen=True, slots=True)
class AssociateAccepted:
    """Our request was accepted. `contexts` are those the peer accepted, among those we proposed; there may be none."""

    accept: AssociateAccept
    contexts: tuple[PresentationContext, ...]


@dataclass(frozen=True, slots=True)
class AssociateRejected:
    """Our request was rejected: close the transport."""

    rejection: Rejection


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A whole command set came. When `has_data_set`, the fragments of its data set follow."""

    context_id: int
    command: CommandSet
    has_data_set: bool


@dataclass(frozen=True, slots=True)
class DataFragment:
    """Bytes of the data set that belongs to the last command, in order. A PDV comes in as many pieces as buffers it
    spans.

    `data` is a view of the buffer given to `receive` and is good until that buffer is used again; it may be empty.
    `is_last` marks the end of the data set.
    """

    context_id: int
    data: memoryview
    is_last: bool


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """The peer wants to release: finish what is under way, then send `Connection.confirm_release()`."""


@dataclass(frozen=True, slots=True)
class Released:
    """The peer confirmed our release. Close the transport if `Connection.must_close`."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """The association ended without a release: the peer's A-ABORT, or (`source` None) the transport was closed."""

    source: AbortSource | int | None
    reason: AbortReason | int


@dataclass(frozen=True, slots=True)
class Violated:
    """The peer broke the protocol. Send `answer` (may be empty), read no more, close the transport.

    `problem` is a constant sentence without received bytes. The association is over for both sides.
    """

    problem: str
    source: AbortSource
    reason: AbortReason
    answer: bytes


WireEvent = (
    AssociateRequested
    | AssociateRefused
    | AssociateAccepted
    | AssociateRejected
    | CommandReceived
    | DataFragment
    | ReleaseRequested
    | Released
    | Aborted
    | Violated
)
