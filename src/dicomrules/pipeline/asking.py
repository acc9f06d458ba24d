"""Asks one destination to commit itself to what it has stored (PS3.4 Annex J), in a thread of its own.

    begin a transaction -> N-ACTION -> wait a little for the report on the same association -> what comes later comes
    by a receiver; what never comes is asked for again

The deliveries of a transaction are asked about once more when the timeout of the destination has passed, whatever
became of the question, so nothing hangs on this thread's life.
"""

import random
import threading
import time
import uuid
from contextlib import closing
from datetime import UTC, datetime
from typing import Protocol

from dicomrules.dicom.commitment import Report, Request
from dicomrules.model.commitment import CommitmentTerms, Said
from dicomrules.model.destination import DicomDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.pipeline.commitment import Reported
from dicomrules.queue import retry
from dicomrules.queue.commitments import CommitmentTransactions
from dicomrules.queue.errors import LedgerError

_POLL = 1.0  # seconds between two looks at what is to be asked
_STAYS = 10.0  # seconds that an association stays open for a report after the last question
# Many destinations report on the association they were asked on and do nothing else before they are answered: so a
# question waits a little for the report on the one before, until it has turned out that this destination reports
# elsewhere.
_PATIENCE = 2.0  # seconds
_ELSEWHERE = 3  # questions in a row without a report by then


class Asks(Protocol):
    """The network side of it; see senders.commitment."""

    @property
    def is_open(self) -> bool:
        """Whether an association is open on which a report may come."""
        ...

    def ask(self, request: Request) -> Said:
        """One N-ACTION. Never raises for what a peer or the network does."""
        ...

    def listen(self, seconds: float) -> Report | None:
        """A report, if one comes in that time; it waits for `answer`."""
        ...

    def answer(self, status: int) -> None:
        """Answer the report that `listen` gave."""
        ...

    def close(self) -> None:
        """Release the association. It may be used again."""
        ...


class Asking:
    """The thread of one destination. `start`, then `stop`."""

    def __init__(
        self,
        destination: DicomDestination,
        transactions: CommitmentTransactions,
        network: Asks,
        reported: Reported,
        emit: Emit,
    ) -> None:
        self._destination = destination
        self._terms = destination.commitment or CommitmentTerms()
        self._transactions = transactions
        self._network = network
        self._reported = reported
        self._emit = emit
        self._stopping = threading.Event()
        self._failures = 0
        self._not_before = 0.0  # a destination that did not take a question is left alone for a while
        self._asked_at = 0.0
        self._open_questions = 0  # of the association that is open
        self._unheard = 0  # questions in a row without a report on their association
        self._thread = threading.Thread(target=self._run, name=f"commitment-{destination.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask nothing more."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        with closing(self._network):
            while not self._stopping.is_set():
                try:
                    if self._ask():
                        self._hear(_PATIENCE if self._unheard < _ELSEWHERE else 0.0)
                    else:
                        self._wait()
                except LedgerError as error:
                    self._note("ledger.failed", Level.ERROR, "the ledger could not be read or written", str(error))
                    self._stopping.wait(_POLL)
                except Exception as error:  # noqa: BLE001 - a bug must not end the asking
                    text = "asking for storage commitment failed unexpectedly, and is tried again"
                    self._note("commitment.failed", Level.ERROR, text, type(error).__name__)
                    self._network.close()
                    self._stopping.wait(_POLL)

    def _ask(self) -> bool:
        """Ask about the next deliveries; False when there is nothing to be asked now."""
        now = datetime.now(UTC)
        name, due = self._destination.name, now - self._terms.after
        first = self._transactions.next_due(name)
        if time.monotonic() < self._not_before or first is None or first > due:
            return False
        uid = f"2.25.{uuid.uuid4().int}"
        question = self._transactions.begin(name, uid, due, now + self._terms.timeout, now)
        if question is None:
            return False
        if not self._network.is_open:
            self._open_questions = 0
        heard = self._say(question.request)
        if heard.ok:
            self._failures, self._asked_at = 0, time.monotonic()
            self._open_questions += 1
            return True
        self._failures += 1
        pause = retry.wait(self._destination.retry, self._failures) * random.uniform(0.75, 1)  # noqa: S311 - no secret
        self._not_before = time.monotonic() + pause.total_seconds()
        self._transactions.ask_again(question, datetime.now(UTC) + pause - self._terms.after)
        text = "a destination could not be asked for storage commitment, and is asked again"
        self._note("commitment.not_asked", Level.WARNING, text, heard.text)
        return False

    def _say(self, request: Request) -> Said:
        """The N-ACTION; a bug in it is a question that did not get through, and no reason to wait for its report."""
        try:
            return self._network.ask(request)
        except Exception as error:  # noqa: BLE001 - see above
            self._network.close()
            return Said(False, f"internal error ({type(error).__name__})")

    def _wait(self) -> None:
        """For a report while there is an association, for work when there is none."""
        if not self._network.is_open:
            self._stopping.wait(_POLL)
            return
        heard = self._hear(_POLL)
        if not heard and (self._open_questions <= 0 or time.monotonic() - self._asked_at > _STAYS):
            self._network.close()

    def _hear(self, seconds: float) -> bool:
        """Take a report on this association, if one comes in that time."""
        report = self._network.listen(seconds)
        if report is None:
            self._unheard += self._open_questions > 0
            return False
        self._network.answer(self._reported.take(report, self._destination.aet))
        self._open_questions -= 1
        self._unheard = 0
        return True

    def _note(self, name: str, level: Level, text: str, why: str) -> None:
        self._emit(Event(name, level, text, {"destination": self._destination.name, "why": why}))
