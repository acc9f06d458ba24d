"""Reports on storage commitment that peers have asked for, made by the delivery process on associations of its own.

    due -> judge by the policy -> claim -> N-EVENT-REPORT -> reported; else later, without end

One report at a time for each peer, so that one that is away costs the others nothing but a thread.
"""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Protocol

from dicomrules.dicom.commitment import Report
from dicomrules.model.commitment import Said
from dicomrules.model.destination import RetryPolicy
from dicomrules.model.event import Event, Level
from dicomrules.model.instance import Peer
from dicomrules.model.ports import Emit
from dicomrules.queue import retry
from dicomrules.queue.commitment_requests import CommitmentRequest, CommitmentRequests
from dicomrules.queue.errors import LedgerError

_AT_ONCE = 4  # peers
_A_PAGE = 256  # due requests that are looked at in one step
# A report that waits for deliveries is looked at ever more seldom, the older its request is
_OFTEN, _SELDOM = timedelta(seconds=2), timedelta(seconds=60)


class Reporter(Protocol):
    """Makes reports over the network; see senders.commitment."""

    def reaches(self, peer: Peer) -> bool:
        """Whether an address is known to which reports of this peer can go."""
        ...

    def report(self, peer: Peer, report: Report) -> Said:
        """One N-EVENT-REPORT on an association of its own. Never raises for what a peer or the network does."""
        ...


class Reports:
    """All reports that are due. `step` is called about once a second by one thread."""

    def __init__(self, requests: CommitmentRequests, reporter: Reporter, policy: RetryPolicy, emit: Emit) -> None:
        self._requests = requests
        self._reporter = reporter
        self._policy = policy
        self._emit = emit
        self._lock = threading.Lock()
        self._busy: set[str] = set()  # calling AE titles whose report is under way
        self._pool = ThreadPoolExecutor(_AT_ONCE, "commitment-report")

    def step(self, now: datetime) -> None:
        """Begin what is due. Raises LedgerError."""
        for request in self._requests.due(now, _A_PAGE):
            with self._lock:
                if request.peer.calling_aet in self._busy:
                    continue
                self._busy.add(request.peer.calling_aet)
            self._pool.submit(self._one, request)

    def close(self) -> None:
        """Begin nothing more; what is under way ends by its own deadlines, and is made again if it does not."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _one(self, request: CommitmentRequest) -> None:
        try:
            self._make(request)
        except LedgerError as error:
            self._note("ledger.failed", Level.ERROR, "the ledger could not be read or written", request, str(error))
        except Exception as error:  # noqa: BLE001 - a bug in one report must not be silent, nor end the others
            text = "a report on storage commitment failed unexpectedly, and is tried again"
            self._note("commitment.failed", Level.ERROR, text, request, type(error).__name__)
        finally:
            with self._lock:
                self._busy.discard(request.peer.calling_aet)

    def _make(self, request: CommitmentRequest) -> None:
        now = datetime.now(UTC)
        report = self._requests.judge(request)
        if report is None:
            patience = min(max((now - request.requested_at) / 10, _OFTEN), _SELDOM)
            self._requests.postpone(request.id, now + patience, "its instances are not at all destinations yet")
        elif not self._reporter.reaches(request.peer):
            why = "the gateway file has no `port` for this peer, and no destination with its AE title"
            self._requests.nowhere(request.id, why)
            text = "a report on storage commitment has no address to go to: only the association that asked can take it"
            self._note("commitment.nowhere", Level.WARNING, text, request, why)
        elif self._requests.claim(request.id, now, first=False):
            self._say(request, report)

    def _say(self, request: CommitmentRequest, report: Report) -> None:
        said = self._reporter.report(request.peer, report)
        now = datetime.now(UTC)
        if said.ok:
            self._requests.reported(request.id, report, now)
            text = "a report on storage commitment was taken"
            self._note("commitment.reported", Level.DEBUG, text, request, f"{len(report.failed)} failures")
            return
        again = retry.next_attempt(self._policy, request.attempts + 1, now, random.random())  # noqa: S311 - no secret
        self._requests.postpone(request.id, again, said.text)
        if said.away:
            self._requests.postpone_all(request.peer.calling_aet, again)
        text = "a report on storage commitment could not be made, and is tried again"
        self._note("commitment.deferred", Level.WARNING, text, request, said.text)

    def _note(self, name: str, level: Level, text: str, request: CommitmentRequest, why: str) -> None:
        fields: dict[str, str | int | float] = {
            "calling_aet": request.peer.calling_aet,
            "transaction": request.request.transaction,
            "why": why,
        }
        self._emit(Event(name, level, text, fields))
