"""One lane: a thread that carries deliveries to one destination over one association (or into one folder).

    ask the gate -> claim -> send each -> tell the gate -> hand the outcome over

Lanes of one destination share a `Gate`, which knows whether anybody may knock now. Whether an instance goes again and
when is its own business (`next_attempt`); the gate is about the destination. When the gate closes in the middle of a
batch, what was not tried is given back, and counts as never tried.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from dicomrules.model.delivery import Delivery, Kind, Outcome, Standing, Trouble
from dicomrules.model.destination import RetryPolicy
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit, Sender
from dicomrules.pipeline.diverter import Diverter
from dicomrules.pipeline.gate import Gate, News, Pass
from dicomrules.pipeline.known import LOOP, known_there
from dicomrules.pipeline.recorder import Recorder
from dicomrules.pipeline.refusals import TRIES
from dicomrules.pipeline.screen import Screen
from dicomrules.pipeline.turns import Turns
from dicomrules.queue import retry
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger

BATCH = 64
_IDLE_RELEASE = 10.0  # seconds without work after which the association is released
_POLL = 1.0  # seconds: the safety net under the wake-up

_QUIET = (Kind.SENT, Kind.STORED, Kind.KNOWN)
_TOLD = {
    Standing.OPEN: ("destination.answers", Level.INFO, "the destination takes instances again"),
    Standing.BUSY: ("destination.busy", Level.WARNING, "the destination asks for less: fewer associations are used"),
    Standing.AWAY: (
        "destination.away",
        Level.WARNING,
        "the destination is not there: it is asked again after a pause",
    ),
    Standing.PAUSED: ("destination.paused", Level.ERROR, "a setting here or there is wrong: instances wait"),
}


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
    screen: Screen
    turns: Turns = field(default_factory=Turns)
    commits: bool = False  # what it has stored is not sent before it has committed itself to it
    diverter: Diverter | None = None  # None: nothing stands in for it


class Lane:
    """Claims, sends, records, until it is told to stop; then the instance under way is finished and the rest given
    back. `number` counts the lanes of one destination from 0.
    """

    def __init__(self, works: Works, sender: Sender, number: int = 0) -> None:
        self._works = works
        self._sender = sender
        self._number = number
        self._work = threading.Event()
        self._idle_since = time.monotonic()
        self._untried: list[Delivery] = []
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

    def step(self, now: datetime) -> bool:
        """Claim a batch that is due at `now` and send it. False when there was nothing to do. Raises LedgerError."""
        self._give_back()
        diverter = self._works.diverter
        if diverter is not None and self._number == 0 and diverter.step(now):
            return True
        allowed = self._works.gate.enter(self._number)
        if allowed is Pass.WAIT:
            return False
        try:
            works, turns = self._works, self._works.turns
            limit = 1 if allowed is Pass.PROBE else BATCH
            claimed = works.ledger.claim(works.destination, limit, now, turns.choice(self._number))
            turns.took(self._number, claimed[0].consignment if claimed else 0)
            if claimed:
                self._carry(claimed, now)
                self._idle_since = time.monotonic()
            return bool(claimed)
        finally:
            self._works.gate.leave(self._number)

    def _run(self) -> None:
        with closing(self._sender):
            while not self._works.stopping.is_set():
                self._work.clear()
                try:
                    if not self.step(datetime.now(UTC)):
                        self._rest()
                except LedgerError as error:
                    self._note("ledger.failed", Level.ERROR, "the ledger could not be read or written", str(error))
                    self._works.stopping.wait(_POLL)

    def _carry(self, claimed: list[Delivery], now: datetime) -> None:
        """What needs no attempt ends at once; the rest is sent."""
        screen, ended = self._works.screen, set()
        for delivery, outcome in screen.ended(claimed, now):
            ended.add(delivery.id)
            self._record(delivery, outcome)
        left = [delivery for delivery in claimed if delivery.id not in ended]
        try:
            if left:
                self._send(left)
        finally:
            screen.let_go(left)

    def _send(self, claimed: list[Delivery]) -> None:
        remaining = {delivery.id: delivery for delivery in claimed}
        try:
            for delivery, outcome in self._outcomes(claimed):
                del remaining[delivery.id]
                self._record(delivery, outcome)
                if self._works.stopping.is_set() or self._works.gate.closed_for() > 0 or not self._in_hours(delivery):
                    break
        finally:
            self._untried = list(remaining.values())
            self._give_back()

    def _give_back(self) -> None:
        """What was claimed and not tried; on a full disk it waits for the next step. Raises LedgerError."""
        if self._untried:
            self._works.ledger.give_back(self._untried, datetime.now(UTC))
            self._untried = []

    def _in_hours(self, delivery: Delivery) -> bool:
        """Whether the schedule that the rest of this consignment goes by is still open."""
        return delivery.options is None or self._works.turns.is_open(delivery.options.during)

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
                yield claimed[seen], _of_a_bug(claimed[seen], error)
            self._sender.close()

    def _record(self, delivery: Delivery, outcome: Outcome) -> None:
        works, now = self._works, datetime.now(UTC)
        if outcome.kind is Kind.HELD and outcome.status is not None:
            taken = Kind.STORED if works.commits else Kind.KNOWN
            outcome = known_there(outcome, works.ledger.sent_before(delivery), taken)
        if outcome.kind is Kind.FAILED and outcome.trouble is not Trouble.NONE:
            outcome = self._taken_elsewhere(delivery, outcome, now)
        news = works.gate.heard(outcome)
        again = self._again(delivery, outcome, now) if outcome.kind is Kind.DEFERRED else None
        works.recorder.put(Ended(delivery, outcome, again))
        if news is not None:
            self._tell(news)
        if outcome.kind in (Kind.SENT, Kind.STORED):
            fields: dict[str, str | int | float] = {"destination": delivery.destination, "study": delivery.study}
            fields["sop_class"] = delivery.sop_class
            works.emit(Event("instance.sent", Level.DEBUG, "a destination has an instance", fields))
        if outcome is LOOP:
            self._note("delivery.loop", Level.ERROR, outcome.message, delivery.sop_instance)
        elif outcome.kind not in _QUIET and outcome.trouble is Trouble.NONE:
            self._note(f"delivery.{outcome.kind}", Level.WARNING, outcome.message, delivery.sop_instance)

    def _taken_elsewhere(self, delivery: Delivery, outcome: Outcome, now: datetime) -> Outcome:
        """The destination refuses all that was proposed: no matter of this object alone, if another one stands in."""
        if self._works.diverter is None or not delivery.stand_in:
            return replace(outcome, trouble=Trouble.NONE)
        self._works.diverter.refused(delivery.consignment, now)
        return replace(outcome, kind=Kind.DEFERRED, trouble=Trouble.NONE)

    def _again(self, delivery: Delivery, outcome: Outcome, now: datetime) -> datetime:
        """When this instance goes again: as soon as the gate opens, if that was all; else by its own count."""
        if outcome.trouble in (Trouble.AWAY, Trouble.MISCONFIGURED):
            return now + timedelta(seconds=self._works.gate.closed_for())
        return retry.next_attempt(self._works.policy, delivery.deferrals + 1, now, random.random())  # noqa: S311

    def _rest(self) -> None:
        """Wait for work; release the association when there has been none for a while, or when it is one too many."""
        if time.monotonic() - self._idle_since > _IDLE_RELEASE or self._number >= self._works.gate.allowed:
            self._sender.close()
        self._work.wait(max(_POLL, min(self._works.gate.closed_for(), 60.0)))

    def _tell(self, news: News) -> None:
        """What has changed about the destination, to the log and to whoever reads the ledger."""
        now = datetime.now(UTC)
        until = now + timedelta(seconds=news.pause) if news.pause else None
        try:
            self._works.ledger.note_standing(self._works.destination, news.standing, news.words, (now, until))
        except LedgerError as error:
            self._note("ledger.failed", Level.ERROR, "the ledger could not be written", str(error))
        name, level, text = _TOLD[news.standing]
        fields: dict[str, str | int | float] = {"destination": self._works.destination}
        fields |= {"why": news.words} if news.words else {}
        fields |= {"seconds": round(news.pause)} if news.pause else {}
        self._works.emit(Event(name, level, text, fields))

    def _note(self, name: str, level: Level, text: str, about: str) -> None:
        fields: dict[str, str | int | float] = {"destination": self._works.destination, "about": about}
        self._works.emit(Event(name, level, text, fields))


def _of_a_bug(delivery: Delivery, error: Exception) -> Outcome:
    """An instance that meets the same bug each time is given up, like one that is refused; want of memory passes."""
    words = f"internal error ({type(error).__name__})"
    if isinstance(error, MemoryError):
        return Outcome(Kind.DEFERRED, words)
    last = delivery.refusals + 1 >= TRIES
    return Outcome(Kind.FAILED if last else Kind.DEFERRED, words, refused=True)
