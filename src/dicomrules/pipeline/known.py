"""What is known of an instance before or after an attempt, from what was sent before: pure.

The destination says that it has this SOP instance already (0x0111): that is about the UID, not about the content. Only
if the ledger says that these very bytes were sent there and taken, the delivery is done (D-12). Else nobody but a
person can tell: the destination may hold another image under this UID.

A route says `only once`: what was taken before need not be sent (S59).

An instance has come back from where it was sent: sent there again it would come again, without end (D-16).
"""

from dataclasses import replace
from datetime import datetime

from dicomrules.model.decision import Options
from dicomrules.model.delivery import Kind, Outcome

LOOP = Outcome(
    Kind.HELD, "it was sent there before and has come back from there: a loop between two routers, or sent back by hand"
)


def known_there(outcome: Outcome, taken_at: datetime | None, taken: Kind = Kind.KNOWN) -> Outcome:
    """What a "has it already" means, when these bytes were taken at `taken_at`, or never. `taken`: what it is then."""
    if taken_at is not None:
        return replace(outcome, kind=taken, message=f"{outcome.message}, from us: taken {_moment(taken_at)}")
    doubt = "whether with this content nobody can tell from here: compare, then send again or discard"
    return replace(outcome, message=f"{outcome.message}; {doubt}")


def once(options: Options, taken_at: datetime | None, now: datetime) -> Outcome | None:
    """The outcome of what `only once` leaves out; None: it is to be sent."""
    if taken_at is None or (options.once_per is not None and taken_at + options.once_per <= now):
        return None
    said = "only once" if options.once_per is None else f"only once per {_span(options)}"
    return Outcome(Kind.KNOWN, f"left out by `{said}`: taken {_moment(taken_at)}")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _span(options: Options) -> str:
    assert options.once_per is not None
    seconds = int(options.once_per.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
