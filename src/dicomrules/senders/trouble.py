"""What an association that could not be had, or did not last, says about the destination: the one table of it.

The theory. Nobody there, nobody answering, or an answer against the protocol: it is away, and is asked again after a
pause. A transient rejection (PS3.8 9.3.4, result 2) says that it is there and has too much to do: we ask for less. A
permanent one says that one of the two sides has a wrong setting, and which: that is for a person to mend, and until
then instances wait. None of these says anything about the instance.
"""

from dataclasses import dataclass
from typing import Final

from dicomrules.model.delivery import Trouble
from dicomrules.net.failures import AssociationError, Insecure, Lost, ProtocolViolation, Rejected, TimedOut, Unreachable


@dataclass(frozen=True, slots=True)
class Sign:
    """One row: what happens, what it says of the destination, and where the standard says it."""

    error: type[AssociationError]
    happens: str
    trouble: Trouble
    section: str
    result: int | None = None  # of an A-ASSOCIATE-RJ; None: any


_AWAY, _WRONG = Trouble.AWAY, Trouble.MISCONFIGURED

TABLE: Final = (
    Sign(Unreachable, "no TCP connection: unknown host, refused, no answer in time", _AWAY, "PS3.8 9.1.2"),
    Sign(Insecure, "no TLS connection, or none that the settings allow", _WRONG, "PS3.15 B"),
    Sign(Rejected, "association rejected, permanent: a title is not recognised", _WRONG, "PS3.8 9.3.4", 1),
    Sign(Rejected, "association rejected, transient: congestion, a limit", Trouble.CONGESTED, "PS3.8 9.3.4", 2),
    Sign(TimedOut, "nothing is taken or answered in the time there is", _AWAY, "PS3.8 9.1.5"),
    Sign(Lost, "association aborted or released, connection closed or reset before an answer", _AWAY, "PS3.8 9.3.8"),
    Sign(ProtocolViolation, "an answer that the standard does not allow", _AWAY, "PS3.8 9.2"),
)


def of(error: AssociationError) -> Trouble:
    """What `error` says about the destination."""
    for sign in TABLE:
        fits = sign.result is None or (isinstance(error, Rejected) and error.rejection.result == sign.result)
        if isinstance(error, sign.error) and fits:
            return sign.trouble
    return Trouble.AWAY
