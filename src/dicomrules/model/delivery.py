"""One instance on its way to one destination.

A delivery is born `queued`, in the same transaction that makes its instance safe. A lane claims it (`sending`), and an
outcome ends the attempt: `sent` after a response that matched and said so; `deferred` when the destination could not
take it now; `failed` when it never will, which a person sees and may queue again. `held` waits for a person or a retry
of its decision. Nothing leaves `sent`. `discarded` is what a person has given up, or what a later decision that a
person asked for has replaced: it is not sent, and nothing leaves it either; sending again makes a new delivery. What
was `sending` when the process died is `queued` again at the next start: the destination may then get the instance
twice, byte for byte the same, never not at all.

A destination that is asked to commit itself to what it was sent (`commitment`, PS3.4 Annex J) has one state more:
`stored`, between `sending` and `sent`. The destination says that it has stored the instance, and the bytes are kept
until it says that it keeps them too. A report that says yes makes the delivery `sent`; one that says no makes it
`deferred`, so that the instance is sent again, or `failed` when the destination has said three times that it never
will keep it. Without a report it is asked again, without end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dicomrules.dicom.patch import Patch
from dicomrules.model.decision import Options
from dicomrules.model.exchange import AnyExchange


class State(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"
    DEFERRED = "deferred"
    STORED = "stored"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"
    DISCARDED = "discarded"


MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.HELD, State.DISCARDED}),
    State.SENDING: frozenset({State.STORED, State.SENT, State.DEFERRED, State.FAILED, State.QUEUED, State.HELD}),
    State.DEFERRED: frozenset({State.SENDING, State.HELD, State.DISCARDED}),
    State.STORED: frozenset({State.SENT, State.DEFERRED, State.FAILED, State.QUEUED, State.DISCARDED}),
    State.FAILED: frozenset({State.QUEUED, State.DISCARDED}),
    State.HELD: frozenset({State.QUEUED, State.FAILED, State.DISCARDED}),
    State.SENT: frozenset(),
    State.DISCARDED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a lane needs in order to send one variant of one instance to one destination.

    `sop_class`, `sop_instance` and `transfer_syntax` are those of the data set that leaves (`transfer_syntax` before
    any conversion while sending); `study` is the Study Instance UID as received; `length` and `digest` are those of
    the data set that `patch` applies to; `calling_aet` and `called_aet` are the titles the instance arrived with;
    `options` are those of the route that sent it here, None: the route said none. `attempts` counts the claims so far;
    of those, `deferrals` ended in "not now" about this very instance, and `refusals` of these in "never".
    `consignment` is what it was claimed through: the rest of its study, on the same way to the same destination.
    `came_back`: this destination was sent it before, and it has come to us again from there. `stand_in` is where it
    goes when the destination cannot be reached, empty: nowhere.
    """

    id: int
    instance_id: int
    destination: str
    spool_ref: str
    sop_class: str
    sop_instance: str
    study: str
    transfer_syntax: str
    length: int
    digest: str
    patch: Patch
    state: State
    attempts: int
    next_attempt: datetime
    calling_aet: str = ""
    called_aet: str = ""
    options: Options | None = None
    deferrals: int = 0
    refusals: int = 0
    consignment: int = 0
    came_back: bool = False
    stand_in: str = ""


class Kind(StrEnum):
    """How an attempt ended."""

    SENT = "sent"
    STORED = "stored"  # the destination has it, and has not committed itself to it yet
    DEFERRED = "deferred"
    FAILED = "failed"
    KNOWN = "known"  # nothing needed to be sent: the destination took these very bytes before
    HELD = "held"  # only a person can tell: this delivery waits for one, all others of the instance go on
    CORRUPT = "corrupt"  # the spool's bytes are not those received: held, never sent


class Trouble(StrEnum):
    """What an attempt says about the destination as a whole, beyond this one instance."""

    NONE = "none"
    AWAY = "away"  # nobody is there, or nobody answers
    CONGESTED = "congested"  # it is there, and asks for less
    MISCONFIGURED = "misconfigured"  # it refuses us, or we it, until a person mends a setting on one of the two sides


class Standing(StrEnum):
    """How a destination is, as a whole."""

    OPEN = "open"  # it takes what it is given
    BUSY = "busy"  # it is there and asks for less
    AWAY = "away"  # nobody is there, or nobody answers
    PAUSED = "paused"  # a setting on one of the two sides is wrong: a person must look


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended: the C-STORE status where a response came, and a message without patient data.

    `retry_after` is how long the destination itself asks to be left alone (RFC 9110 10.2.3), None: it does not say.
    `refused`: the destination says that it never will take this instance. It is believed when it says so often enough;
    until then the attempt is `deferred`.
    """

    kind: Kind
    message: str
    status: int | None = None
    exchange: AnyExchange | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    trouble: Trouble = Trouble.NONE
    retry_after: timedelta | None = None
    refused: bool = False
