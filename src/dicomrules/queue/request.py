"""What a person asks of the running gateway, as a row of the ledger.

The command line never acts on an instance: it writes a request and wakes the delivery process, which acts on it and
writes down what came of it, in the same transaction as the act itself. A request that is made while the gateway does
not run is acted on at the next start. Rows stay as long as the instance they are about: they are its history.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Ask(StrEnum):
    """What is asked for.

    About one instance: `release` (decide it again and send it), `as received` (send it unedited to the destinations
    named), `discard`, `resend`, `reroute` (decide it anew and send it accordingly), `resend alone` and `reroute alone`
    (the same of one that was named by itself: it comes back even when it was discarded). About one destination: `retry`
    (what failed is queued again), `resume` (a destination that is left alone is tried now), `give up` (what has not
    been sent there never will be).
    """

    RELEASE = "release"
    AS_RECEIVED = "as received"
    DISCARD = "discard"
    RESEND = "resend"
    RESEND_ALONE = "resend alone"
    REROUTE = "reroute"
    REROUTE_ALONE = "reroute alone"
    RETRY = "retry"
    RESUME = "resume"
    GIVE_UP = "give up"


class Progress(StrEnum):
    """How far a request has come.

    `begun`: being acted on. One that is found so at a start has taken the process down, and is not acted on again.
    """

    ASKED = "asked"
    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Wish:
    """One request before it has a row.

    `instance_id` is None when it is about a destination; `destination` is empty for every destination of the instance
    (several names are separated by commas). `who` is the user of the operating system, `why` their reason.
    """

    kind: Ask
    who: str
    why: str = ""
    instance_id: int | None = None
    destination: str = ""

    @property
    def destinations(self) -> tuple[str, ...]:
        """The destinations it names; empty: all."""
        return tuple(filter(None, self.destination.split(",")))


@dataclass(frozen=True, slots=True)
class Request:
    """A request with what has come of it. `answer` is for people."""

    id: int
    wish: Wish
    asked_at: datetime
    progress: Progress
    answer: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: was it done, and a sentence about it without patient data."""

    done: bool
    text: str
