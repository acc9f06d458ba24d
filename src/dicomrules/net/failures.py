"""Why an association could not be had, or did not last: one family of exceptions with texts for people.

The texts hold AE titles, host names and the standard's words, and nothing that a peer sent beside them.
"""

from dicomrules.model.exchange import Exchange
from dicomrules.wire.associate import CALLED_AET_UNKNOWN, CALLING_AET_UNKNOWN, Rejection


class AssociationError(Exception):
    """Base of the family. The association is over and its socket closed when this is raised.

    `exchange` is what had been said on the wire about the request under way, None when none was.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        self.exchange: Exchange | None = None


class Unreachable(AssociationError):
    """No TCP connection: unknown host, refused, or no answer in time."""


class Insecure(AssociationError):
    """No TLS connection, or none that the settings allow: nothing of an instance was sent over it."""


class Rejected(AssociationError):
    """The peer answered A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    def __init__(self, rejection: Rejection, calling_aet: str, called_aet: str) -> None:
        self.rejection = rejection
        which = ""
        if rejection == CALLED_AET_UNKNOWN:
            which = f": it is not called {called_aet}; correct `aet` of the destination"
        elif rejection == CALLING_AET_UNKNOWN:
            which = (
                f": it does not know us as {calling_aet}; correct `calling_aet`, or let {called_aet} know that title"
            )
        super().__init__(f"association rejected, {rejection.meaning}{which}")


class TimedOut(AssociationError):
    """The peer kept the connection and did not take or give what was due, in the time it had."""


class Lost(AssociationError):
    """The peer aborted, closed or released the association before it had answered, or the network broke it."""


class ProtocolViolation(AssociationError):
    """The peer said something that the standard does not allow here; we aborted."""
