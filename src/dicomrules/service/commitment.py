"""Storage commitment put together: what receivers need in the intake process, and what the delivery process does."""

import time
from collections.abc import Mapping
from concurrent.futures import Executor
from datetime import datetime

from dicomrules.model.destination import DicomDestination, RetryPolicy
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.pipeline.asking import Asking
from dicomrules.pipeline.commitment import Means, ReceivedCommitments, Reported
from dicomrules.pipeline.reports import Reports
from dicomrules.queue.commitment_requests import CommitmentRequests
from dicomrules.queue.commitments import CommitmentTransactions
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.wakeup import Knocker
from dicomrules.senders.commitment import CommitmentReporter, CommitmentScu
from dicomrules.service.plan import Plan

_FORGETS_EVERY = 60.0  # seconds


def received_commitments(
    plan: Plan, ledger: Ledger, pool: Executor, emit: Emit, destinations: Mapping[str, DicomDestination]
) -> ReceivedCommitments:
    """The Commitments of the receivers; `pool` has one thread, `destinations` may change meanwhile."""
    reported = Reported(CommitmentTransactions(ledger), destinations, emit)
    wake = Knocker(plan.settings.state).notify
    return ReceivedCommitments(Means(CommitmentRequests(ledger), reported, pool, emit, wake))


class CommitmentSide:
    """What the delivery process does: reports to peers, asks destinations."""

    def __init__(self, plan: Plan, ledger: Ledger, emit: Emit) -> None:
        destinations = dicom_destinations(plan)
        self._history = plan.settings.history
        self._emit = emit
        self._requests = CommitmentRequests(ledger)
        self._transactions = CommitmentTransactions(ledger)
        self._reporter = CommitmentReporter(plan.settings.peers, destinations.values())
        self._reports = Reports(self._requests, self._reporter, RetryPolicy(), emit)
        reported = Reported(self._transactions, destinations, emit)
        asked = [each for each in destinations.values() if each.commitment is not None]
        self._not_asked = sorted({each.name for each in plan.settings.destinations} - {each.name for each in asked})
        self._asking = [Asking(each, self._transactions, CommitmentScu(each, emit), reported, emit) for each in asked]
        self._forgot_at = time.monotonic()

    def start(self, now: datetime) -> None:
        """Begin. Raises LedgerError."""
        for name in self._not_asked:
            settled = self._transactions.settle(name, now)
            if settled:
                text = "a destination is no longer asked for storage commitment: what it has stored counts as sent"
                fields: dict[str, str | int | float] = {"destination": name, "deliveries": settled}
                self._emit(Event("commitment.settled", Level.WARNING, text, fields))
        self._requests.restart(self._reporter.reachable(), now)
        for asking in self._asking:
            asking.start()

    def step(self, now: datetime) -> None:
        """Called about once a second. Raises LedgerError."""
        self._reports.step(now)
        if time.monotonic() - self._forgot_at >= _FORGETS_EVERY:
            self._forgot_at = time.monotonic()
            self._requests.forget(now - self._history)
            self._transactions.forget(now - self._history)

    def stop(self) -> None:
        """Begin nothing more, and wait a moment for what is under way; what does not end is done again."""
        self._reports.close()
        for asking in self._asking:
            asking.stop()
        for asking in self._asking:
            asking.join(2.0)


def dicom_destinations(plan: Plan) -> dict[str, DicomDestination]:
    """The destinations that storage commitment can be about, by name."""
    return {each.name: each for each in plan.settings.destinations if isinstance(each, DicomDestination)}
