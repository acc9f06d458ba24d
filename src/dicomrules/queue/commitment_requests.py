"""Storage commitment that peers ask of us, as rows: asked, judged, reported.

A request is `open` from the moment it is durable, which is before the peer is answered, until the peer has taken its
report: then it is `reported`. `nowhere` is one whose report has no address to go to; a change of the gateway file
opens it again. Whoever makes a report, intake on the association that is still there or delivery on a new one, claims
the request first, for a while: so nobody makes it twice at once, and a process that dies costs no more than that while.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from operator import itemgetter

from dicomrules.dicom.commitment import (
    CLASS_CONFLICT,
    NO_SUCH_INSTANCE,
    Failure,
    Reference,
    Report,
    Request,
)
from dicomrules.model.commitment import Asked, CommitmentPolicy
from dicomrules.model.instance import Peer
from dicomrules.queue import encoding
from dicomrules.queue.entry import InstanceState, RequestState
from dicomrules.queue.errors import LedgerDamaged
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.transaction import GROUP, Row, Transaction

MOST_OPEN = 1000  # requests of one peer that wait for their report
CLAIM = timedelta(seconds=30)  # how long whoever makes a report has for it


class Kept(Enum):
    """What became of a request that came in."""

    NEW = auto()
    REPEATED = auto()  # the same list under the same Transaction UID: one request, reported once more if need be
    IN_USE = auto()  # another list under a Transaction UID of before
    TOO_MANY = auto()


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    """A request as a row. `peer` says how it came; `attempts` counts the claims of its report."""

    id: int
    request: Request
    peer: Peer
    policy: CommitmentPolicy
    requested_at: datetime
    attempts: int


class CommitmentRequests:
    """The requests of a ledger. Every method may be called from any thread and raises LedgerError."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def keep(self, asked: Asked, report_at: datetime) -> tuple[Kept, int]:
        """Make a request durable; delivery reports it from `report_at` on. Its id, 0 where it was not taken."""
        items = _encode(asked.request.references)
        return self._ledger.write(lambda tx: _keep(tx, asked, items, encoding.micros(report_at)))

    def get(self, identity: int) -> CommitmentRequest | None:
        """One request."""
        rows = self._ledger.read(lambda tx: tx.run("commitment_request", (identity,)))
        return _request(rows[0]) if rows else None

    def due(self, now: datetime, limit: int) -> list[CommitmentRequest]:
        """Open requests whose report is due, longest due first. One whose row is damaged is set aside as `nowhere`."""
        due = self._ledger.read(lambda tx: tx.run("commitments_due", (encoding.micros(now), limit)))
        found = []
        for (identity,) in due:
            try:
                found.append(self.get(identity))
            except LedgerDamaged as damage:
                self.nowhere(identity, str(damage))
        return [request for request in found if request is not None]

    def claim(self, identity: int, now: datetime, *, first: bool) -> bool:
        """Take a request for CLAIM. `first`: also one that nobody has claimed before, though it is not due yet."""
        bindings = (identity, encoding.micros(now), encoding.micros(now + CLAIM), int(first))
        return self._ledger.write(lambda tx: bool(tx.run("claim_commitment", bindings)))

    def judge(self, request: CommitmentRequest) -> Report | None:
        """The report on a request as things stand; None: the policy says to wait for deliveries."""
        committed: list[Reference] = []
        failed: list[Failure] = []
        references = request.request.references
        for start in range(0, len(references), GROUP):
            group = references[start : start + GROUP]
            for reference, rows in zip(group, self._rows_of(group, request.peer.calling_aet), strict=True):
                finding = judged(rows, reference.sop_class, request.policy)
                if finding is Finding.WAITS:
                    return None
                if finding is Finding.SAFE:
                    committed.append(reference)
                else:
                    failed.append(Failure(reference, _REASONS[finding]))
        return Report(request.request.transaction, tuple(committed), tuple(failed))

    def reported(self, identity: int, report: Report, now: datetime) -> bool:
        """The peer has taken the report; False when it had one before."""
        counts = (len(report.committed), len(report.failed))
        at = encoding.micros(now)
        return self._ledger.write(lambda tx: _end(tx, identity, RequestState.REPORTED, "", (None, *counts, at)))

    def postpone(self, identity: int, until: datetime, why: str) -> None:
        """Not yet: the report is made, or tried again, at `until`."""
        due = encoding.micros(until)
        self._ledger.write(lambda tx: _end(tx, identity, RequestState.OPEN, why, (due, None, None, None)))

    def postpone_all(self, calling_aet: str, until: datetime) -> None:
        """This peer is away: nothing is reported to it before `until`."""
        bindings = (encoding.micros(until), calling_aet)
        self._ledger.write(lambda tx: tx.run("postpone_commitments", bindings))

    def hasten(self, identities: Sequence[int], now: datetime) -> None:
        """Nobody but delivery can report these any more: they are due, unless somebody has claimed them."""
        at = encoding.micros(now)
        for start in range(0, len(identities), GROUP):
            self._ledger.write(partial(_hasten, identities[start : start + GROUP], at))

    def nowhere(self, identity: int, why: str) -> None:
        """The report has no address to go to."""
        self._ledger.write(lambda tx: _end(tx, identity, RequestState.NOWHERE, why, (None, None, None, None)))

    def restart(self, reachable: Sequence[str], now: datetime) -> int:
        """A delivery process begins: claims of the last one are void, and peers that now have an address are reported
        to. How many of the latter.
        """
        self._ledger.write(lambda tx: tx.run("hasten_commitments", (encoding.micros(now),)))
        count, after = 0, 0
        while found := self._nowhere(after):
            again = [identity for identity, calling_aet in found if calling_aet in reachable]
            for identity in again:
                self.postpone(identity, now, "")
            count, after = count + len(again), found[-1][0]
        return count

    def forget(self, before: datetime) -> int:
        """Delete up to GROUP requests that were over before that moment; how many."""
        over = (encoding.micros(before), GROUP)
        if not self._ledger.read(lambda tx: tx.run("commitments_over", over)):
            return 0
        return self._ledger.write(lambda tx: _forget(tx, over))

    def _nowhere(self, after: int) -> list[Row]:
        return self._ledger.read(lambda tx: tx.run("commitments_nowhere", (after, GROUP)))

    def _rows_of(self, references: Sequence[Reference], calling_aet: str) -> list[list[Row]]:
        def rows(tx: Transaction) -> list[list[Row]]:
            found = (tx.run("instances_asked_about", (one.sop_instance, calling_aet)) for one in references)
            return [sorted(rows, key=itemgetter(4)) for rows in found]

        return self._ledger.read(rows)


class Finding(Enum):
    """What is to be said about one instance."""

    SAFE = auto()
    WAITS = auto()
    UNKNOWN = auto()
    OTHER_CLASS = auto()


_REASONS = {Finding.UNKNOWN: NO_SUCH_INSTANCE, Finding.OTHER_CLASS: CLASS_CONFLICT}


def judged(rows: Sequence[Row], sop_class: str, policy: CommitmentPolicy) -> Finding:
    """Whether an instance is safe by the declared policy, from the rows of everything that came under its UID,
    oldest first.

    What was dropped, what was discarded, and what goes nowhere is not safe: nobody keeps it. What is held is safe by
    `received`, and by `delivered` once it has left.
    """
    kept = [row for row in rows if row[1] != InstanceState.GONE] or rows[-1:]
    if not kept:
        return Finding.UNKNOWN
    if any(row[0] != sop_class for row in kept):
        return Finding.OTHER_CLASS
    for _, state, still_open, deliveries, _ in kept:
        lost = still_open if state == InstanceState.GONE else not deliveries and state != InstanceState.HELD
        if lost or (state == InstanceState.GONE and not deliveries):
            return Finding.UNKNOWN
    if policy is CommitmentPolicy.DELIVERED and any(row[2] or row[1] == InstanceState.HELD for row in kept):
        return Finding.WAITS
    return Finding.SAFE


def _keep(tx: Transaction, asked: Asked, items: bytes, due: int) -> tuple[Kept, int]:
    peer, request = asked.peer, asked.request
    known = tx.run("commitment_known", (peer.calling_aet, request.transaction))
    if known:
        identity, before, state = known[0]
        if before != items:
            return Kept.IN_USE, 0
        tx.run("reopen_commitment", (due, identity))
        tx.count("commitment", peer.calling_aet, state, -1)
        tx.count("commitment", peer.calling_aet, RequestState.OPEN)
        return Kept.REPEATED, identity
    ((waiting,),) = tx.run("commitment_requests_open", (peer.calling_aet,))
    if waiting >= MOST_OPEN:
        return Kept.TOO_MANY, 0
    at = encoding.micros(asked.at)
    columns = (peer.calling_aet, peer.called_aet, peer.address, peer.receiver, asked.policy.value, at, items, due)
    ((identity,),) = tx.run("insert_commitment_request", (request.transaction, *columns))
    tx.count("commitment", peer.calling_aet, RequestState.OPEN)
    return Kept.NEW, identity


def _hasten(identities: Sequence[int], at: int, tx: Transaction) -> None:
    for identity in identities:
        tx.run("hasten_commitment", (at, identity))


def _end(
    tx: Transaction,
    identity: int,
    state: RequestState,
    why: str,
    rest: tuple[int | None, int | None, int | None, int | None],
) -> bool:
    ((before,),) = tx.run("commitment_state", (identity,)) or [(None,)]
    ended = tx.run("end_commitment_request", (identity, state.value, why, *rest))
    for (calling_aet,) in ended:
        tx.count("commitment", calling_aet, before, -1)
        tx.count("commitment", calling_aet, state)
    return bool(ended)


def _forget(tx: Transaction, over: tuple[int, int]) -> int:
    found = tx.run("commitments_over", over)
    for identity, calling_aet, state in found:
        tx.run("forget_commitment", (identity,))
        tx.count("commitment", calling_aet, state, -1)
    return len(found)


def _encode(references: Sequence[Reference]) -> bytes:
    """A list of references, classes named once."""
    by_class: dict[str, list[str]] = {}
    for reference in references:
        by_class.setdefault(reference.sop_class, []).append(reference.sop_instance)
    return zlib.compress(json.dumps(by_class, separators=(",", ":")).encode("ascii"))


def _request(row: Row) -> CommitmentRequest:
    identity, uid, calling_aet, called_aet, address, receiver, policy, requested_at, items, attempts = row
    try:
        by_class: dict[str, list[str]] = json.loads(zlib.decompress(items))
    except (zlib.error, ValueError) as error:
        raise LedgerDamaged("a request for storage commitment in the ledger is not what was written") from error
    references = tuple(Reference(sop_class, each) for sop_class, each_of in by_class.items() for each in each_of)
    return CommitmentRequest(
        id=identity,
        request=Request(uid, references),
        peer=Peer(calling_aet, called_aet, address, receiver),
        policy=CommitmentPolicy(policy),
        requested_at=encoding.moment(requested_at),
        attempts=attempts,
    )
