"""Storage commitment that we ask of destinations, as rows: deliveries that are `stored`, and the transactions about
them.

A transaction is a row before its N-ACTION leaves, so that a report is known whenever it comes: at once, after the
process has died, or after the same deliveries were asked about again. What a report says is true whichever transaction
it answers, but a "no" counts only for the last one: an earlier one may be about an instance that was sent again since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial

from dicomrules.dicom.commitment import Reference, Report, Request
from dicomrules.model.delivery import Kind, State
from dicomrules.queue import encoding
from dicomrules.queue.lanes import one_sent
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.transaction import GROUP, Row, Transaction

MOST_ASKED = 200  # instances in one transaction


class Taken(Enum):
    """What became of a report that came in."""

    COUNTED = auto()
    REPEATED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Question:
    """A transaction that was begun: what to ask of the destination."""

    id: int
    request: Request
    deliveries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """What follows from an instance that a destination does not commit itself to. `again` is when it is sent, or asked
    about (`kind` stored), again; it is not needed for a failed one. `refused`: the destination says that it never will.
    """

    kind: Kind
    message: str
    again: datetime | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """What a report has changed: deliveries by what became of them, and references that were not asked about."""

    taken: Taken
    committed: int = 0
    refused: tuple[tuple[str, Refused], ...] = ()  # SOP Instance UID and what follows
    unasked: int = 0


_AFTER = {Kind.SENT: State.SENT, Kind.DEFERRED: State.DEFERRED, Kind.FAILED: State.FAILED}

# What follows from a failure reason, for a delivery that was deferred, and refused, so often before
Judge = Callable[[int, int, int], Refused]
# A delivery (its id, the number of its attempt, …) and what follows for it
End = tuple[Row, Refused]


class CommitmentTransactions:
    """The transactions of a ledger. Every method may be called from any thread and raises LedgerError."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def next_due(self, destination: str) -> datetime | None:
        """Since when the longest waiting delivery is to be asked about; None: there is none."""
        rows = self._ledger.read(lambda tx: tx.run("next_to_commit", (destination,)))
        return encoding.moment(rows[0][0]) if rows else None

    def begin(self, destination: str, uid: str, due: datetime, again: datetime, now: datetime) -> Question | None:
        """Begin a transaction about deliveries of one study that were to be asked about at `due` or before; None:
        there are none. They are asked about once more at `again`.
        """
        limit = MOST_ASKED

        def begin(tx: Transaction) -> Question | None:
            found = tx.run("first_to_commit", (destination, encoding.micros(due), limit))
            if not found:
                return None
            deliveries = tuple(identity for identity, study in found if study == found[0][1])
            return _begin(tx, destination, uid, deliveries, (encoding.micros(again), encoding.micros(now)))

        return self._ledger.write(begin)

    def ask_again(self, question: Question, at: datetime) -> None:
        """The question did not get through: the same deliveries are asked about at `at`."""
        due = encoding.micros(at)
        for start in range(0, len(question.deliveries), GROUP):
            group = [(due, one) for one in question.deliveries[start : start + GROUP]]
            self._ledger.write(partial(_run_each, "ask_again_at", group))

    def destination_of(self, transaction: str) -> str:
        """Whom a transaction was asked of; empty when we never asked it."""
        rows = self._ledger.read(lambda tx: tx.run("transaction", (transaction,)))
        return str(rows[0][1]) if rows else ""

    def take(self, report: Report, judge: Judge, now: datetime) -> Tally:
        """Write down what a report says. Once this returns, it is durable."""
        rows = self._ledger.read(lambda tx: tx.run("transaction", (report.transaction,)))
        if not rows:
            return Tally(Taken.UNKNOWN)
        identity, _, answered_at = rows[0]
        if answered_at is not None:
            return Tally(Taken.REPEATED)
        waiting = self._ledger.read(lambda tx: tx.run("transaction_deliveries", (identity,)))
        ends = list(_ends(waiting, report, judge))
        known = {Reference(*row[4:6]) for row in waiting}
        for start in range(0, len(ends), GROUP):
            self._ledger.write(partial(_end_each, ends[start : start + GROUP], now))
        self._ledger.write(lambda tx: tx.run("answer_transaction", (encoding.micros(now), identity)))
        said = (*report.committed, *(failure.reference for failure in report.failed))
        return Tally(
            Taken.COUNTED,
            committed=sum(refused.kind is Kind.SENT for _, refused in ends),
            refused=tuple((row[5], refused) for row, refused in ends if refused.kind is not Kind.SENT),
            unasked=sum(reference not in known for reference in said),
        )

    def settle(self, destination: str, now: datetime) -> int:
        """This destination is not asked any more: what it has stored is sent. How many deliveries that were."""
        why = Refused(Kind.SENT, "stored; the gateway file no longer asks for storage commitment")
        count = 0
        while stored := self._ledger.read(lambda tx: tx.run("stored", (destination, GROUP))):
            ends: list[End] = [(row, why) for row in stored]
            self._ledger.write(partial(_end_each, ends, now, settles=True))
            count += len(stored)
        return count

    def forget(self, before: datetime) -> int:
        """Delete up to GROUP transactions of before that moment whose deliveries are forgotten; how many."""
        return self._ledger.write(lambda tx: len(tx.run("forget_transactions", (encoding.micros(before), GROUP))))


def _begin(
    tx: Transaction, destination: str, uid: str, deliveries: tuple[int, ...], times: tuple[int, int]
) -> Question:
    again, now = times
    ((identity,),) = tx.run("insert_transaction", (uid, destination, now))
    references = []
    for delivery in deliveries:
        tx.run("ask_about", (identity, delivery))
        tx.run("ask_again_at", (again, delivery))
        references += [Reference(*row) for row in tx.run("reference", (delivery,))]
    return Question(identity, Request(uid, tuple(dict.fromkeys(references))), deliveries)


def _ends(waiting: Sequence[Row], report: Report, judge: Judge) -> list[End]:
    """What follows for each delivery that still waits and is named in the report. Named twice: "no" wins."""
    committed = set(report.committed)
    reasons = {failure.reference: failure.reason for failure in report.failed}
    ends = []
    for row in waiting:
        reference, is_last = Reference(*row[4:6]), row[6]
        if reference in reasons:
            if is_last:
                ends.append((row, judge(reasons[reference], row[2], row[3])))
        elif reference in committed:
            ends.append((row, Refused(Kind.SENT, "committed by the destination")))
    return ends


def _run_each(name: str, bindings: Sequence[tuple[int, ...]], tx: Transaction) -> None:
    for one in bindings:
        tx.run(name, one)


def _end_each(ends: Sequence[End], now: datetime, tx: Transaction, *, settles: bool = False) -> None:
    for row, refused in ends:
        destination = _end(tx, row, refused, now)
        if destination and refused.kind is Kind.SENT and not settles:
            tx.count_on(encoding.day(encoding.micros(now)), destination, "committed")


def _end(tx: Transaction, row: Row, refused: Refused, now: datetime) -> str:
    """The waiting of one delivery is over, or begins anew. Its destination when it is over."""
    identity, attempts = row[:2]
    destination = ""
    again, ended = encoding.optional_micros(refused.again), encoding.micros(now)
    if refused.kind is Kind.STORED:
        tx.run("ask_again_at", (again, identity))
    else:
        after = _AFTER[refused.kind]
        counted = (int(after is State.DEFERRED), int(refused.refused))
        moved = tx.run("end_commitment", (after.value, again, *counted, identity, attempts))
        for instance_id, destination in moved:
            tx.move(destination, State.STORED, after)
            if after is State.SENT:
                one_sent(tx, instance_id, now)
        if not moved:
            return ""  # another report, or a person, was there first
    tx.run("insert_attempt", (identity, attempts, 0, refused.kind.value, None, refused.message, None, None, ended))
    return destination
