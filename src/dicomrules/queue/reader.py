"""Reading the ledger: for the command line and for health, beside a gateway that writes it. Every read is short."""

from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Self

from dicomrules.dicom.uids import InstanceKey
from dicomrules.model.delivery import Kind, Outcome, Standing, State
from dicomrules.model.instance import Peer
from dicomrules.queue import encoding
from dicomrules.queue.connection import open_for_reading, told
from dicomrules.queue.entry import InstanceState, RequestState
from dicomrules.queue.requests import request_of
from dicomrules.queue.statements import statements
from dicomrules.queue.story import (
    AskedCommitment,
    Attempt,
    CommitmentStatus,
    DayCount,
    DeliveryStory,
    DestinationStatus,
    EarlierDecision,
    Found,
    HeldInstance,
    InstanceStory,
    ReceiverStatus,
    Status,
    StudyCounts,
    WaitingDelivery,
)

PAGE = 100


class Reader:
    """A read-only view. Every method may be called from any thread and raises LedgerError."""

    def __init__(self, state: Path) -> None:
        """As `open`."""
        self._connection = open_for_reading(state)
        self._mutex = Lock()

    @classmethod
    def open(cls, state: Path) -> Self:
        """The ledger in the folder `state`. LedgerRefused when there is none."""
        return cls(state)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def status(self) -> Status:
        """How things stand, at a cost that does not grow with the ledger."""
        counters = {(scope, name, item): value for scope, name, item, value in self._rows("counters")}
        standings: dict[str, dict[str, Any]] = {
            name: {
                "standing": Standing(standing),
                "since": encoding.moment(since),
                "until": encoding.optional_moment(until),
                "words": words,
            }
            for name, standing, since, until, words in self._rows("standings")
        }
        names = {scope: sorted({n for s, n, _ in counters if s == scope}) for scope in _SCOPES}
        return Status(
            destinations=tuple(
                DestinationStatus(
                    name=name,
                    deliveries={state: counters.get(("delivery", name, state), 0) for state in State},
                    oldest_waiting=self._oldest_waiting(name),
                    **standings.get(name, {}),
                )
                for name in names["delivery"]
            ),
            receivers=tuple(
                ReceiverStatus(name, *(counters.get(("receiver", name, item), 0) for item in _RECEIVER_ITEMS))
                for name in names["receiver"]
            ),
            instances={state: counters.get(("instance", "", state), 0) for state in InstanceState},
            commitments=tuple(
                CommitmentStatus(name, *(counters.get(("commitment", name, state), 0) for state in RequestState))
                for name in names["commitment"]
            ),
        )

    def trace(self, sop_instance: str, limit: int = PAGE) -> list[InstanceStory]:
        """The stories of all instances that came or leave with this SOP Instance UID, oldest first."""
        with self._mutex, told():
            found = self._run("instances_by_uid", (sop_instance, limit))
            return [self._story(identity) for (identity,) in found]

    def study(self, study: str, limit: int = PAGE) -> list[InstanceStory]:
        """The stories of the instances received with this Study Instance UID, oldest first."""
        with self._mutex, told():
            return [self._story(identity) for (identity,) in self._run("instances_by_study", (study, limit))]

    def find(self, what: str, limit: int = PAGE) -> list[Found]:
        """Instances by SOP Instance UID (as it came or left), else by Study Instance UID, else by accession number."""
        for statement in ("instances_by_uid", "instances_by_study", "instances_by_accession"):
            if ids := self._rows(statement, (what, limit)):
                return [self._found(identity) for (identity,) in ids]
        return []

    def study_counts(self, study: str) -> StudyCounts:
        """The counts of a study that the ledger knows."""
        ((instances, held, first, last, accession),) = self._rows("study_counts", (study,))
        deliveries: dict[str, dict[State, int]] = {}
        for name, state, count in self._rows("study_deliveries", (study,)):
            deliveries.setdefault(name, {})[State(state)] = count
        times = encoding.moment(first), encoding.moment(last)
        return StudyCounts(study, accession, instances, held, *times, deliveries)

    def studies_since(self, since: datetime, limit: int) -> list[str]:
        """Up to `limit` studies of which something came since then, the newest first."""
        found: dict[str, None] = {}
        before = 2**62
        while len(found) < limit and (page := self._rows("newest_before", (before, PAGE))):
            before = page[-1][0]
            for _, study, received_at in page:
                if encoding.moment(received_at) < since:
                    return list(found)
                found.setdefault(study)
        return list(found)

    def days(self, first: date) -> list[DayCount]:
        """What came in and went out on each day from this one on, also what history no longer has."""
        return [DayCount(date.fromisoformat(day), *rest) for day, *rest in self._rows("days", (first.isoformat(),))]

    def by_number(self, instance_id: int) -> list[Found]:
        """The instance with this number, if there is one."""
        return [self._found(instance_id)] if self._rows("found", (instance_id,)) else []

    def story(self, instance_id: int) -> InstanceStory:
        """The story of an instance that the ledger knows."""
        with self._mutex, told():
            return self._story(instance_id)

    def waiting(
        self, destination: str, after: int = 0, limit: int = PAGE, state: State | None = None
    ) -> list[WaitingDelivery]:
        """One page of what a destination has not got, oldest first; `after` is the last `id` of the page before."""
        return self._waiting("waiting", (destination, after, limit, state.value if state else ""))

    def waiting_in_study(self, study: str, after: int = 0, limit: int = PAGE) -> list[WaitingDelivery]:
        """The same of one study, for all destinations."""
        return self._waiting("waiting_in_study", (study, after, limit))

    def _waiting(self, statement: str, bindings: tuple[Any, ...]) -> list[WaitingDelivery]:
        return [
            WaitingDelivery(
                id=identity,
                destination=name,
                sop_instance=sop_instance,
                study=study,
                received_at=encoding.moment(received_at),
                state=State(state),
                attempts=attempts,
                next_attempt=encoding.moment(next_attempt),
                last_message=message or "",
            )
            for identity, name, sop_instance, study, received_at, state, attempts, next_attempt, message in self._rows(
                statement, bindings
            )
        ]

    def held(self, after: int = 0, limit: int = PAGE) -> list[HeldInstance]:
        """One page of held instances, oldest first; `after` is the last `instance_id` of the page before."""
        return [
            HeldInstance(
                instance_id=row[0],
                key=InstanceKey(*row[1:5]),
                peer=Peer(*row[5:9]),
                received_at=encoding.moment(row[9]),
                verdict=row[10],
                reason=row[11],
            )
            for row in self._rows("held", (after, limit))
        ]

    # Within

    def _run(self, name: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statements()[name], bindings).fetchall()
        except UnicodeEncodeError:
            return []  # asked about by a name in bytes that are no UTF-8: nothing here is called so

    def _rows(self, name: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._mutex, told():
            return self._run(name, bindings)

    def _oldest_waiting(self, destination: str) -> datetime | None:
        ((received_at,),) = self._rows("oldest_waiting", (destination,))
        return encoding.optional_moment(received_at)

    def _story(self, instance_id: int) -> InstanceStory:
        (row,) = self._run("instance", (instance_id,))
        sop_class, sop_instance, series, study, calling_aet, called_aet, address, receiver, received_at, *rest = row
        transfer_syntax, length, digest, spool_ref, source_path, state, reason, copies, decision, exchange, *rest = rest
        accession, first_variant = rest
        patches = [encoding.decode_patch(patch) for (patch,) in self._run("patches", (instance_id,))]
        return InstanceStory(
            instance_id=instance_id,
            key=InstanceKey(sop_class, sop_instance, series, study),
            peer=Peer(calling_aet, called_aet, address, receiver),
            received_at=encoding.moment(received_at),
            transfer_syntax=transfer_syntax,
            length=length,
            digest=digest.hex(),
            spool_ref=spool_ref,
            source_path=source_path,
            state=InstanceState(state),
            reason=reason,
            copies=copies,
            decision=encoding.decode_decision(decision, patches),
            exchange=encoding.decode_exchange(exchange),
            deliveries=tuple(
                DeliveryStory(
                    id=identity,
                    destination=destination,
                    variant=variant - first_variant,
                    sop_instance=leaves_as,
                    state=State(delivery_state),
                    next_attempt=encoding.moment(next_attempt),
                    attempts=tuple(_attempt(row) for row in self._run("attempts", (identity,))),
                    commitments=tuple(_asked(row) for row in self._run("commitments_of", (identity,))),
                )
                for identity, destination, variant, leaves_as, delivery_state, next_attempt in self._run(
                    "deliveries", (instance_id, sop_instance)
                )
            ),
            accession=accession,
            requests=tuple(request_of(row) for row in self._run("requests_of_instance", (instance_id, received_at))),
            earlier=self._earlier(instance_id, first_variant),
        )

    def _earlier(self, instance_id: int, first_variant: int) -> tuple[EarlierDecision, ...]:
        """The decisions before the one that counts, each with its own patches."""
        rows = self._run("earlier_decisions", (instance_id,))
        begins = [*(first for first, _, _ in rows), first_variant]
        numbered = dict(self._run("numbered_patches", (instance_id,))) if rows else {}
        return tuple(
            EarlierDecision(
                encoding.moment(until),
                encoding.decode_decision(
                    raw, [encoding.decode_patch(numbered[number]) for number in range(first, after)]
                ),
            )
            for (first, until, raw), after in zip(rows, begins[1:], strict=True)
        )

    def _found(self, identity: int) -> Found:
        ((*key, accession, state, reason, received_at),) = (row[1:] for row in self._rows("found", (identity,)))
        return Found(identity, InstanceKey(*key), accession, InstanceState(state), reason, encoding.moment(received_at))


_SCOPES = ("delivery", "receiver", "commitment")
_RECEIVER_ITEMS = ("instances", "duplicates", "conflicts", "identities")


def _asked(row: tuple[Any, ...]) -> AskedCommitment:
    transaction, asked_at, answered_at = row
    return AskedCommitment(transaction, encoding.moment(asked_at), encoding.optional_moment(answered_at))


def _attempt(row: tuple[Any, ...]) -> Attempt:
    number, late, kind, status, message, exchange, started_at, ended_at = row
    outcome = Outcome(
        kind=Kind(kind),
        message=message,
        status=status,
        exchange=encoding.decode_exchange(exchange),
        started_at=encoding.optional_moment(started_at),
        ended_at=encoding.optional_moment(ended_at),
    )
    return Attempt(number, outcome, bool(late))
