"""Storage commitment as receivers see it (PS3.4 Annex J; see model.ports): asked -> durable -> answered; reported ->
durable -> answered.

A request is a row before its N-ACTION is answered. Its report is made on the association it came by, if that stays
open and silent (`due`), else by `reports` in the delivery process. What destinations report is written to their
deliveries here, whoever took it: a receiver, or the association on which they were asked.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from dicomrules.dicom.commitment import DUPLICATE_TRANSACTION, RESOURCE_LIMITATION, Report
from dicomrules.model.commitment import Answer, Asked
from dicomrules.model.destination import DicomDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.pipeline.refusals import Before, what_follows
from dicomrules.queue.commitment_requests import CommitmentRequests, Kept
from dicomrules.queue.commitments import CommitmentTransactions, Refused, Taken, Tally
from dicomrules.queue.errors import LedgerError

SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110

# How long a request is left to the association it came by before delivery makes its report on another one
_LEFT_TO_INTAKE = timedelta(seconds=5)

_T = TypeVar("_T")
_REFUSED = {
    Kept.IN_USE: Answer(DUPLICATE_TRANSACTION, "the Transaction UID is in use for other instances"),
    Kept.TOO_MANY: Answer(RESOURCE_LIMITATION, "too many requests wait for their reports"),
}


class Reported:
    """Takes what destinations report. Every method blocks until what it says is durable."""

    def __init__(
        self, transactions: CommitmentTransactions, destinations: Mapping[str, DicomDestination], emit: Emit
    ) -> None:
        self._transactions = transactions
        self._destinations = destinations
        self._emit = emit

    def take(self, report: Report, calling_aet: str) -> int:
        """The status to answer a report of the peer of that title; one on what we never asked of it is ignored."""
        try:
            return self._take(report, calling_aet)
        except LedgerError as error:
            self._note("commitment.not_kept", Level.ERROR, "a report could not be kept", report, {"why": str(error)})
            return PROCESSING_FAILURE

    def _take(self, report: Report, calling_aet: str) -> int:
        name = self._transactions.destination_of(report.transaction)
        destination = self._destinations.get(name)
        if destination is None or destination.aet != calling_aet:
            text = "a report on a transaction that we never asked of this application is ignored"
            about: dict[str, str | int | float] = {"calling_aet": calling_aet}
            self._note("commitment.unknown", Level.WARNING, text, report, about)
            return SUCCESS
        now = datetime.now(UTC)

        def judge(reason: int, deferrals: int, refusals: int) -> Refused:
            before = Before(deferrals, refusals)
            return what_follows(reason, before, destination.retry, now, random.random())  # noqa: S311 - no secret

        self._tell(name, report, self._transactions.take(report, judge, now))
        return SUCCESS

    def _tell(self, name: str, report: Report, tally: Tally) -> None:
        if tally.taken is not Taken.COUNTED:
            text = "a report came a second time and is ignored"
            self._note("commitment.repeated", Level.INFO, text, report, {"destination": name})
            return
        counts: dict[str, str | int | float] = {"destination": name, "committed": tally.committed}
        for sop_instance, refused in tally.refused:
            fields = {"destination": name, "about": sop_instance, "why": refused.message}
            text = "a destination does not commit itself to an instance that it has stored"
            self._note("commitment.refused", Level.WARNING, text, report, {**fields, "then": refused.kind.value})
        if tally.unasked:
            text = "a report names instances that were not asked about, or no longer wait: these are ignored"
            self._note("commitment.unasked", Level.INFO, text, report, {**counts, "instances": tally.unasked})
        text = "a destination has committed itself"
        self._note("commitment.answered", Level.DEBUG, text, report, {**counts, "refused": len(tally.refused)})

    def _note(
        self, name: str, level: Level, text: str, report: Report, fields: Mapping[str, str | int | float]
    ) -> None:
        self._emit(Event(name, level, text, {"transaction": report.transaction, **fields}))


@dataclass(frozen=True, slots=True)
class Means:
    """What it works with. `pool` runs what blocks; one thread is enough. `wake` tells delivery that there is work."""

    requests: CommitmentRequests
    reported: Reported
    pool: Executor
    emit: Emit
    wake: Callable[[], object]


class ReceivedCommitments:
    """The Commitments of all receivers (model.ports)."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._reports: dict[int, Report] = {}  # under way on an association

    async def asked(self, asked: Asked) -> Answer:
        """Keep a request; see the port."""
        try:
            kept, identity = await self._blocking(lambda: self._means.requests.keep(asked, asked.at + _LEFT_TO_INTAKE))
        except LedgerError as error:
            self._failed(error)
            return Answer(PROCESSING_FAILURE, "the request could not be made durable")
        return _REFUSED.get(kept) or Answer(SUCCESS, request_id=identity)

    async def due(self, request_id: int) -> Report | None:
        """The report on a request, claimed; see the port."""
        try:
            report = await self._blocking(lambda: self._due(request_id))
        except LedgerError as error:
            self._failed(error)
            return None
        if report is not None:
            self._reports[request_id] = report
        return report

    def _due(self, request_id: int) -> Report | None:
        requests = self._means.requests
        request = requests.get(request_id)
        report = requests.judge(request) if request is not None else None
        if report is None or not requests.claim(request_id, datetime.now(UTC), first=True):
            return None
        return report

    async def reported(self, request_id: int, status: int) -> None:
        """The peer has answered a report; another answer than success leaves it to delivery."""
        report = self._reports.pop(request_id, None)
        if report is None:
            return
        fields: dict[str, str | int | float] = {"transaction": report.transaction, "status": status}
        if status != SUCCESS:
            text = "a peer did not take its report on storage commitment"
            self._means.emit(Event("commitment.not_taken", Level.WARNING, text, fields))
        try:
            await self._blocking(lambda: self._answered(request_id, report, status))
        except LedgerError as error:
            self._failed(error)

    def _answered(self, request_id: int, report: Report, status: int) -> None:
        requests, now = self._means.requests, datetime.now(UTC)
        if status == SUCCESS:
            requests.reported(request_id, report, now)
        else:
            why = f"N-EVENT-REPORT was answered with status 0x{max(status, 0):04X}"
            requests.postpone(request_id, now + _LEFT_TO_INTAKE, why)

    def left(self, request_ids: Sequence[int]) -> None:
        """Leave requests to delivery at once; see the port. What fails here is left to it a little later."""
        self._means.pool.submit(self._leave, tuple(request_ids))

    def _leave(self, request_ids: Sequence[int]) -> None:
        try:
            self._means.requests.hasten(request_ids, datetime.now(UTC))
        except LedgerError as error:
            self._failed(error)
        self._means.wake()

    async def told(self, report: Report, calling_aet: str) -> int:
        """Take a report of a destination; see the port."""
        status = await self._blocking(lambda: self._means.reported.take(report, calling_aet))
        self._means.wake()
        return status

    async def _blocking(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._means.pool, work)

    def _failed(self, error: LedgerError) -> None:
        text = "the ledger could not be read or written"
        self._means.emit(Event("ledger.failed", Level.ERROR, text, {"reason": str(error)}))
