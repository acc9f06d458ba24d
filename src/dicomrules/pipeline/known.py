"""A destination says that it has this SOP instance already (0x0111): is what it has what we would send (D-12)?

The status is about the UID, not about the content. Only if the ledger says that these very bytes were sent there and
taken, the delivery is done. Else nobody but a person can tell: the destination may hold another image under this UID.
"""

from dataclasses import replace
from datetime import datetime

from dicomrules.model.delivery import Kind, Outcome


def known_there(outcome: Outcome, taken_at: datetime | None, taken: Kind = Kind.SENT) -> Outcome:
    """What a "has it already" means, when these bytes were taken at `taken_at`, or never. `taken`: what it is then."""
    if taken_at is not None:
        return replace(outcome, kind=taken, message=f"{outcome.message}, from us: taken {taken_at:%Y-%m-%d %H:%M} UTC")
    doubt = "whether with this content nobody can tell from here: compare, then send again or discard"
    return replace(outcome, message=f"{outcome.message}; {doubt}")
