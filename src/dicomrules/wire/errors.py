"""What can go wrong between two upper layers, and what to answer.

Bytes of a peer never end in an exception outside this room: `Connection.receive` turns `Malformed` into the event
`Violated`, which holds the A-ABORT to answer. `LocalError` is for our own side calling what the state does not allow:
a bug.
"""

from enum import IntEnum


class AbortSource(IntEnum):
    """Who aborts (PS3.8 9.3.8)."""

    USER = 0
    PROVIDER = 2


class AbortReason(IntEnum):
    """Why the provider aborts (PS3.8 9.3.8, Table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNISED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNISED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER = 6


class WireError(Exception):
    """Base of the exceptions of this room."""


class LocalError(WireError):
    """Our own side asked for something that the state of the association does not allow; nothing was sent."""


class Malformed(WireError):
    """Bytes that are no legal PDU, PDV or command set. `problem` is a constant sentence without any received bytes."""

    def __init__(self, problem: str, reason: AbortReason = AbortReason.INVALID_PARAMETER) -> None:
        super().__init__(problem)
        self.problem = problem
        self.reason = reason
