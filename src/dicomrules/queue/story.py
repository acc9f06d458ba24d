"""What the ledger tells: the whole story of an instance, and how things stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from dicomrules.dicom.uids import InstanceKey
from dicomrules.model.decision import Decision
from dicomrules.model.delivery import Outcome, Standing, State
from dicomrules.model.exchange import AnyExchange
from dicomrules.model.instance import Peer
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.request import Request


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a delivery.

    `late`: its outcome came when the delivery had been taken from it, and changed nothing.
    """

    number: int
    outcome: Outcome
    late: bool = False


@dataclass(frozen=True, slots=True)
class AskedCommitment:
    """One time that the destination was asked to commit itself to what it had stored, and when its report came."""

    transaction: str
    asked_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryStory:
    """One delivery with all its attempts.

    `variant` counts the decision's variants from 0, and is negative for one of an earlier decision; `sop_instance` is
    what leaves.
    """

    id: int
    destination: str
    variant: int
    sop_instance: str
    state: State
    next_attempt: datetime
    attempts: tuple[Attempt, ...] = ()
    commitments: tuple[AskedCommitment, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierDecision:
    """A decision that was replaced at `until`, because a person asked for another one."""

    until: datetime
    decision: Decision


@dataclass(frozen=True, slots=True)
class InstanceStory:
    """One instance as the ledger knows it, from its arrival to its last attempt, with what people asked for.

    `copies` counts how often the same bytes came from the same peer; `reason` says why it is held, rejected or dropped.
    """

    instance_id: int
    key: InstanceKey
    peer: Peer
    received_at: datetime
    transfer_syntax: str
    length: int
    digest: str
    spool_ref: str
    source_path: str
    state: InstanceState
    reason: str
    copies: int
    decision: Decision
    exchange: AnyExchange | None
    deliveries: tuple[DeliveryStory, ...]
    accession: str = ""
    requests: tuple[Request, ...] = ()
    earlier: tuple[EarlierDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class WaitingDelivery:
    """A line of the queue: one delivery that is not sent."""

    id: int
    destination: str
    sop_instance: str
    study: str
    received_at: datetime
    state: State
    attempts: int
    next_attempt: datetime
    last_message: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """An instance that somebody asked about by one of its names."""

    instance_id: int
    key: InstanceKey
    accession: str
    state: InstanceState
    reason: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class StudyCounts:
    """How many instances of a study came, and where they stand, by destination.

    `deliveries` counts instances too: one that was sent to a destination twice is there once, and one that is on its
    way again counts in both states. What is committed to already counts as that alone.
    """

    study: str
    accession: str
    instances: int
    held: int
    first: datetime
    last: datetime
    deliveries: dict[str, dict[State, int]]


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many instances a receiver has `received`, or a destination has `stored` or `committed` itself to, on a day of
    the local calendar. `name` is that of the receiver or destination.
    """

    day: date
    name: str
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class HeldInstance:
    """A line of the list of held instances."""

    instance_id: int
    key: InstanceKey
    peer: Peer
    received_at: datetime
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """Deliveries of one destination by state, and when the oldest that is neither sent nor failed nor held arrived.

    `standing` is how its lanes found it last, `since` when, None: never in trouble; `until`: when it is asked again.
    `words` say why.
    """

    name: str
    deliveries: Mapping[State, int]
    oldest_waiting: datetime | None
    standing: Standing = Standing.OPEN
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class ReceiverStatus:
    """What came in by one receiver since the ledger was made: instances, copies of them, and among them conflicts of
    content and of identity.
    """

    name: str
    instances: int
    duplicates: int
    conflicts: int
    identities: int = 0


@dataclass(frozen=True, slots=True)
class CommitmentStatus:
    """Requests for storage commitment of one peer: those still to be reported, those whose report has no address to go
    to, and those that are reported.
    """

    calling_aet: str
    open: int
    nowhere: int
    reported: int


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand, from counters alone, whatever the ledger's size."""

    destinations: tuple[DestinationStatus, ...]
    receivers: tuple[ReceiverStatus, ...]
    instances: Mapping[InstanceState, int]
    commitments: tuple[CommitmentStatus, ...] = ()

    @property
    def held(self) -> int:
        """Instances that wait for a person or a later decision."""
        return self.instances.get(InstanceState.HELD, 0)
