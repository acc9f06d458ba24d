"""One lane: a thread that carries deliveries to one destination over one association (or into one folder).

    claim a batch -> send each -> hand the outcome over -> when the destination is away: wait, and let nobody else
    knock either

Lanes of one destination share a `Gate`: the first that finds the destination away closes it for all of them, for the
pause of the retry policy, doubled each time, so that a dead destination costs one probe and slows nobody. Whether an
instance goes again and when is its own business (`next_attempt`); the gate is about the destination.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from dicomrules.model.delivery import Delivery, Kind, Outcome
from dicomrules.model.destination import RetryPolicy
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit, Sender
from dicomrules.pipeline.recorder import Recorder
from dicomrules.queue import retry
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger

BATCH = 64
_IDLE_RELEASE = 10.0  # seconds without work after which the association is released
_POLL = 1.0  # seconds: the safety net under the wake-up


class Gate:
    """Open while the destination answers."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._lock = threading.Lock()
        self._failures = 0
        self._opens_at = 0.0

    def closed_for(self) -> float:
        """Seconds until somebody may knock again."""
        with self._lock:
            return max(0.0, self._opens_at - time.monotonic())

    def away(self) -> bool:
        """Nobody was there, or nobody answered; True when that is news."""
        with self._lock:
            if self._opens_at > time.monotonic():
                return False  # another lane, or an instance before, has just found out the same
            self._failures += 1
            pause = retry.wait(self._policy, self._failures).total_seconds()
            self._opens_at = time.monotonic() + pause * random.uniform(0.75, 1.0)  # noqa: S311 - no secret hangs on it
            return True

    def answered(self) -> None:
        """It is there."""
        with self._lock:
            self._failures = 0
            self._opens_at = 0.0


@dataclass(frozen=True, slots=True)
class Works:
    """What lanes of one destination share."""

    destination: str
    policy: RetryPolicy
    ledger: Ledger
    recorder: Recorder
    gate: Gate
    emit: Emit
    stopping: threading.Event


class Lane:
    """Claims, sends, records, until it is told to stop; then the instance under way is finished and the rest given
    back.
    """

    def __init__(self, works: Works, sender: Sender) -> None:
        self._works = works
        self._sender = sender
        self._work = threading.Event()
        self._idle_since = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"lane-{works.destination}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There may be work."""
        self._work.set()

    def join(self, timeout: float) -> bool:
        """Wait for the end; False when it has not come in time."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with closing(self._sender):
            while not self._works.stopping.is_set():
                try:
                    if not self._one_batch():
                        self._rest()
                except LedgerError as error:
                    self._note("ledger.failed", Level.ERROR, "the ledger could not be read or written", str(error))
                    self._works.stopping.wait(_POLL)

    def _one_batch(self) -> bool:
        """False when there was nothing to do."""
        if self._works.gate.closed_for() > 0:
            return False
        self._work.clear()
        claimed = self._works.ledger.claim(self._works.destination, BATCH, datetime.now(UTC))
        if claimed:
            self._send(claimed)
            self._idle_since = time.monotonic()
        return bool(claimed)

    def _send(self, claimed: list[Delivery]) -> None:
        remaining = {delivery.id: delivery for delivery in claimed}
        try:
            for delivery, outcome in self._outcomes(claimed):
                del remaining[delivery.id]
                self._record(delivery, outcome)
                if self._works.stopping.is_set():
                    break
        finally:
            if remaining:
                self._works.ledger.give_back(list(remaining.values()), datetime.now(UTC))

    def _outcomes(self, claimed: list[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        """The sender's outcomes; a bug in it is an outcome too, and no reason to lose the lane."""
        seen = 0
        try:
            for pair in self._sender.send(claimed):
                seen += 1
                yield pair
        except Exception as error:  # noqa: BLE001 - see above
            self._note("lane.failed", Level.ERROR, "sending failed unexpectedly", type(error).__name__)
            if seen < len(claimed):
                yield claimed[seen], Outcome(Kind.DEFERRED, f"internal error ({type(error).__name__})")
            self._sender.close()

    def _record(self, delivery: Delivery, outcome: Outcome) -> None:
        works, now = self._works, datetime.now(UTC)
        news = outcome.kind not in (Kind.SENT, Kind.STORED)
        if outcome.kind is Kind.DEFERRED:
            if outcome.status is None:
                news = works.gate.away()  # told once, however many instances wait for this destination
            again = retry.next_attempt(works.policy, delivery.attempts, now, random.random())  # noqa: S311
            works.recorder.put(Ended(delivery, outcome, again))
        else:
            works.gate.answered()
            works.recorder.put(Ended(delivery, outcome))
        if news:
            self._note(f"delivery.{outcome.kind}", Level.WARNING, outcome.message, delivery.sop_instance)

    def _rest(self) -> None:
        """Wait for work; release the association when there has been none for a while."""
        if time.monotonic() - self._idle_since > _IDLE_RELEASE:
            self._sender.close()
        self._work.wait(max(_POLL, min(self._works.gate.closed_for(), 60.0)))
        self._work.clear()

    def _note(self, name: str, level: Level, text: str, about: str) -> None:
        fields: dict[str, str | int | float] = {"destination": self._works.destination, "about": about}
        self._works.emit(Event(name, level, text, fields))
