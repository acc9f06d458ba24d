"""What the lanes of delivery do with the queue: claim, record what came of it, begin anew after a crash.

A claim gives each attempt its number, committed before the attempt begins. An outcome counts only while its delivery
is still `sending` under that number; one that comes later is kept in the history and changes nothing.

What was `sending` when the process ended is sent again. Where the process died of itself, that may be why; so from then
on it is claimed alone, one suspect a moment after the other, until an attempt of it ends. What was there at CRASHES
deaths in a row has failed: it waits for a person, and all others go.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dicomrules.model.delivery import Delivery, Kind, Outcome, State, Trouble
from dicomrules.queue import consign, encoding
from dicomrules.queue.consign import ANY, Choice
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.errors import LedgerDamaged
from dicomrules.queue.transaction import Row, Transaction, Value

CORRUPT = "corrupt: the bytes in the spool are not those received"
DAMAGED = "damaged: what the ledger says of it is not what was written"
CRASHES: Final = 3  # deaths of the process in a row that one delivery is given
CUT_OFF = "the delivery process ended during this attempt"
GIVEN_UP = f"the delivery process ended {CRASHES} times while this was sent: it may be the cause, others go on"
# Between two suspects, by how often the process has died with them. Few are left after the second time.
_APART: Final = (timedelta(milliseconds=50), timedelta(seconds=5))

_AFTER = {
    Kind.SENT: State.SENT,
    Kind.STORED: State.STORED,
    Kind.DEFERRED: State.DEFERRED,
    Kind.FAILED: State.FAILED,
    Kind.KNOWN: State.SENT,
    Kind.HELD: State.HELD,
    Kind.CORRUPT: State.HELD,
}
# Of what attempts that say nothing about the destination as a whole, the instance itself keeps count.
_ITS_OWN = (Trouble.NONE, Trouble.CONGESTED)


@dataclass(frozen=True, slots=True)
class Ended:
    """An outcome with the delivery as it was claimed. `next_attempt` is needed when the outcome is `deferred`."""

    delivery: Delivery
    outcome: Outcome
    next_attempt: datetime | None = None


def claim(tx: Transaction, destination: str, limit: int, now: datetime, choice: Choice = ANY) -> list[Row]:
    """Begin an attempt of up to `limit` deliveries that are due, all of one consignment; their rows, oldest first.

    One that was there when the process died comes alone.
    """
    at = encoding.micros(now)
    while consignment := consign.pick(tx, destination, choice, at):
        found = tx.run("waiting_of", (consignment, at, limit))
        unsuspected = next((place for place, (*_, crashes) in enumerate(found) if crashes), len(found))
        rows = []
        for identity, before, _ in found[: max(1, unsuspected)]:
            tx.run("start_attempt", (identity,))
            tx.move(destination, State(before), State.SENDING)
            rows += tx.run("delivery", (identity, choice.aet or None))
        consign.served(tx, consignment, at)
        if rows:
            return sorted(rows)
    return []


def readable(rows: Sequence[Row]) -> tuple[list[Delivery], list[int]]:
    """The deliveries of claimed rows, and the ids of those whose row is damaged."""
    deliveries, damaged = [], []
    for row in rows:
        try:
            deliveries.append(_delivery(row))
        except LedgerDamaged:
            damaged.append(row[0])
    return deliveries, damaged


def hold_damaged(tx: Transaction, deliveries: Iterable[int]) -> None:
    """Nothing is sent from a row that is not what was written: the instance is held, with all that is queued of it."""
    for identity in deliveries:
        for instance_id, destination in tx.run("hold_sending", (identity,)):
            tx.move(destination, State.SENDING, State.HELD)
            _hold(tx, instance_id, DAMAGED)


def _delivery(row: Row) -> Delivery:
    identity, instance_id, destination, state, attempts, deferrals, refusals, next_attempt, options, *form = row
    consignment, stand_in, transfer_syntax, leaves_as, raw, *instance = form
    patch = encoding.decode_patch(raw)
    sop_class, sop_instance, study, calling_aet, called_aet, *bases, came_back = instance
    spool_ref, length, digest = bases[3:] if bases[3] and not patch.is_empty else bases[:3]
    return Delivery(
        id=identity,
        instance_id=instance_id,
        destination=destination,
        spool_ref=spool_ref,
        sop_class=sop_class,
        sop_instance=leaves_as or sop_instance,
        study=study,
        transfer_syntax=transfer_syntax,
        length=length,
        digest=digest.hex(),
        patch=patch,
        state=State(state),
        attempts=attempts,
        next_attempt=encoding.moment(next_attempt),
        calling_aet=calling_aet,
        called_aet=called_aet,
        options=encoding.decode_options(options),
        deferrals=deferrals,
        refusals=refusals,
        consignment=consignment,
        came_back=bool(came_back),
        stand_in=stand_in or "",
    )


def in_form(delivery: Delivery, transfer_syntax: str, leaves_as: str | None, patch: bytes) -> Delivery:
    """The delivery as it leaves in another form than its variant. LedgerDamaged if that cannot be read."""
    return replace(
        delivery,
        transfer_syntax=transfer_syntax,
        sop_instance=leaves_as or delivery.sop_instance,
        patch=encoding.decode_patch(patch),
    )


def prepare(ended: Ended) -> tuple[Ended, tuple[Value, ...], int | None]:
    """Encode an outcome: the columns of its attempt, and when the next one is due."""
    outcome = ended.outcome
    if outcome.kind is Kind.DEFERRED and ended.next_attempt is None:
        raise ValueError("a deferred delivery needs a next attempt")
    attempt = (
        outcome.kind.value,
        outcome.status,
        outcome.message,
        encoding.encode_exchange(outcome.exchange),
        encoding.optional_micros(outcome.started_at),
        encoding.optional_micros(outcome.ended_at),
    )
    return ended, attempt, encoding.optional_micros(ended.next_attempt)


def record_outcomes(
    tx: Transaction, prepared: Sequence[tuple[Ended, tuple[Value, ...], int | None]], now: datetime
) -> list[bool]:
    """Write outcomes; for each whether it counted."""
    return [_end(tx, ended, attempt, next_attempt, now) for ended, attempt, next_attempt in prepared]


def _end(tx: Transaction, ended: Ended, attempt: tuple[Value, ...], next_attempt: int | None, now: datetime) -> bool:
    claimed, after = ended.delivery, _AFTER[ended.outcome.kind]
    if after is State.STORED:
        next_attempt = encoding.micros(now)  # since when it waits for the commitment
    outcome = ended.outcome
    deferred = outcome.kind is Kind.DEFERRED and outcome.trouble in _ITS_OWN
    counted = (int(deferred), int(outcome.refused))
    moved = tx.run("end_attempt", (after.value, next_attempt, *counted, claimed.id, claimed.attempts))
    tx.run("insert_attempt", (claimed.id, claimed.attempts, int(not moved), *attempt))
    if not moved:
        return False
    tx.move(claimed.destination, State.SENDING, after)
    instance_id = moved[0][0]
    if outcome.kind in (Kind.SENT, Kind.STORED):
        tx.count_on(encoding.day(encoding.micros(now)), claimed.destination, "stored")
    if after is State.SENT:
        one_sent(tx, instance_id, now)
    elif outcome.kind is Kind.CORRUPT:
        _hold(tx, instance_id, CORRUPT)
    elif outcome.kind is Kind.HELD:
        _hold_one(tx, instance_id, f"{claimed.destination}: {outcome.message}")
    return True


def one_sent(tx: Transaction, instance_id: int, now: datetime) -> None:
    """One delivery less is open of an instance; the last one makes it delivered."""
    ((still_open, state),) = tx.run("one_sent", (encoding.micros(now), instance_id))
    if not still_open and state == InstanceState.DELIVERED:
        tx.move_instance(InstanceState.WAITING, InstanceState.DELIVERED)


def _hold(tx: Transaction, instance_id: int, reason: str) -> None:
    """Nothing more of this instance leaves."""
    for identity, destination, state in tx.run("stoppable", (instance_id,)):
        tx.run("set_state", (State.HELD.value, identity))
        tx.move(destination, State(state), State.HELD)
    ((state,),) = tx.run("instance_state", (instance_id,))
    tx.run("hold_instance", (reason, instance_id))
    if state != InstanceState.HELD:
        tx.move_instance(InstanceState(state), InstanceState.HELD)


def _hold_one(tx: Transaction, instance_id: int, reason: str) -> None:
    """One delivery of this instance waits for a person; all others go on."""
    ((state,),) = tx.run("instance_state", (instance_id,))
    if state != InstanceState.HELD:
        tx.run("hold_one", (reason, instance_id))
        tx.move_instance(InstanceState(state), InstanceState.HELD)


def cut_off(tx: Transaction, destination: str, limit: int, now: datetime, places: list[int] | None) -> int:
    """The process ended during up to `limit` attempts at this destination: queue them again; how many there were.

    `places` counts the suspects so far, by how often the process has died with them: each goes a moment after the last.
    None: nothing is suspected.
    """
    rows = tx.run("sending", (destination, limit))
    at = encoding.micros(now)
    for identity, attempts, crashes, due in rows:
        after, kind, message, first = State.QUEUED, Kind.DEFERRED, CUT_OFF, min(due, at)
        if places is not None:
            if crashes + 1 >= CRASHES:
                after, kind, message = State.FAILED, Kind.FAILED, GIVEN_UP
            else:
                first += places[crashes] * encoding.span(_APART[crashes])
                places[crashes] += 1
        tx.run("cut_off", (after.value, crashes + (places is not None), first, identity))
        tx.run("insert_attempt", (identity, attempts, 0, kind.value, None, message, None, None, at))
        tx.move(destination, State.SENDING, after)
    return len(rows)


def requeue(tx: Transaction, deliveries: Iterable[int], before: State, now: datetime) -> int:
    """Queue again those of these deliveries that are in `before`; how many there were."""
    count = 0
    for identity in deliveries:
        for (destination,) in tx.run("requeue", (encoding.micros(now), identity, before.value)):
            tx.move(destination, before, State.QUEUED)
            count += 1
    return count
