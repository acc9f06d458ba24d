"""The delivery process: lanes, and between knocks the sweep."""

import select
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from dicomrules.model.destination import BucketDestination, Destination, DicomDestination, StowDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit, Sender
from dicomrules.pipeline.clock import Clock
from dicomrules.pipeline.coding import Coders
from dicomrules.pipeline.deliver import Delivery, Target
from dicomrules.pipeline.formed import FormedSender
from dicomrules.pipeline.held import HeldInstances, Means
from dicomrules.pipeline.hours import Hours
from dicomrules.pipeline.rebuild import Rebuild
from dicomrules.pipeline.requests import Means as RequestMeans
from dicomrules.pipeline.requests import Requests
from dicomrules.pipeline.sweep import Retention, Sweep
from dicomrules.queue.checking import problem_of
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.wakeup import Wakeup
from dicomrules.senders.cstore import CStoreSender
from dicomrules.senders.folder import FolderSender
from dicomrules.service.commitment import CommitmentSide
from dicomrules.service.emitting import Emitting
from dicomrules.service.intake import engine_of, in_force, open_state
from dicomrules.service.lost import is_being_made_anew, is_made_anew, mark_damaged
from dicomrules.service.plan import DRAIN_SECONDS, IO_ERROR, ORPHAN_SECONDS, Line, Plan, StartFailed, StateLost
from dicomrules.service.reload import swapped
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool

_CHECK_FIRST, _CHECK_EVERY = 60.0, 12 * 3600.0  # seconds: when the whole ledger is looked through
_POLL = 1.0  # seconds: the safety net under the knock


@dataclass(slots=True)
class _Stop:
    """Asked for by SIGTERM, or by the death of the parent; then there is less time for what is under way."""

    parent: int
    asked: bool = False
    drain_seconds: float = DRAIN_SECONDS

    def now(self) -> bool:
        if not self.asked and select.select([self.parent], [], [], 0)[0]:
            self.asked, self.drain_seconds = True, ORPHAN_SECONDS
        return self.asked

    def ask(self, *_: object) -> None:
        self.asked = True


def run(plan: Plan, line: Line) -> None:
    """The whole life of the process. Raises StartFailed and StateLost."""
    emit = Emitting(plan)
    stop, reload = _Stop(line.parent), _Asked()
    signal.signal(signal.SIGTERM, stop.ask)
    signal.signal(signal.SIGHUP, reload.ask)
    try:
        work = _Work(plan, emit)
        with _wakeup(plan.settings.state) as wakeup:
            work.start(line.crashed)
            line.ready("to " + ", ".join(each.name for each in plan.settings.destinations))
            busy = False
            while not stop.now() and not work.ledger.failure and not work.damaged:
                if wakeup.wait(0.0 if busy else _POLL):
                    work.delivery.wake()
                if reload.taken():
                    work.take_over()
                busy = work.step()
            if work.ledger.failure or work.damaged:
                raise StateLost(work.ledger.failure or "the ledger is damaged")
            if not work.drain(stop.drain_seconds):
                text = "an attempt did not end in time: it is made again at the next start"
                emit(Event("delivery.cut_off", Level.WARNING, text))
    finally:
        emit.close()


@dataclass(slots=True)
class _Asked:
    """Asked for by a signal; a reload while we were started counts as one."""

    asked: bool = True

    def ask(self, *_: object) -> None:
        self.asked = True

    def taken(self) -> bool:
        """Whether it was asked for since the last time."""
        asked, self.asked = self.asked, False
        return asked


class _Work:
    """Everything that the process does, by one plan, and by another one after a reload."""

    def __init__(self, plan: Plan, emit: Emit) -> None:
        self._plan, self._emit = plan, emit
        self._spool, self.ledger = open_state(plan)
        self._ends = Ends(self._spool, self.ledger, Coders(plan.settings.state / "spool"), emit)
        self.delivery = Delivery(targets(plan, self._ends), self.ledger, emit, _hours(plan), plan.settings.study_live)
        engine, wake = engine_of(plan), self.delivery.wake
        self._sweep = Sweep(self._spool, self.ledger, _retention(plan))
        self._held = HeldInstances(engine, Means(self._spool, self.ledger, emit, wake))
        means = RequestMeans(self._spool, self.ledger, emit, wake, self.delivery.resume, _only_through(plan))
        self._requests = Requests(engine, means)
        self._commitment = CommitmentSide(plan, self.ledger, emit)
        self._rebuild = Rebuild(
            engine,
            plan.program.fingerprint,
            Means(self._spool, self.ledger, emit, wake),
            datetime.now(UTC),
            is_being_made_anew(plan.settings.state),
        )
        self._clock, self._set_back = Clock(), False
        self._tidied = 0.0
        self._checked = time.monotonic() - _CHECK_EVERY + _CHECK_FIRST
        self.damaged = False

    def start(self, crashed: bool = False) -> None:
        """Begin; what was under way when the process died is taken up again, with care if it `crashed`."""
        now = datetime.now(UTC)
        if self.ledger.is_ahead_of(now):
            self._emit(Event("clock.set", Level.WARNING, _SET_BACK))
            self.ledger.due_now(now)
        self.delivery.start(crashed)
        self._commitment.start(now)
        self._held.start(self._plan.program.fingerprint, now)
        self._requests.start(now)

    def take_over(self) -> None:
        """What the parent has compiled counts here too, from now on."""
        new = swapped(self._plan, self._emit)
        if new is None:
            return
        before, self._plan, engine = self._plan.settings, new, engine_of(new)
        self.delivery.use(targets(new, self._ends), _hours(new))
        if (before.destinations, before.peers) != (new.settings.destinations, new.settings.peers):
            self._commitment.stop()
            self._commitment = CommitmentSide(new, self.ledger, self._emit)
            self._failing("commitment.failed", lambda: self._commitment.start(datetime.now(UTC)))
        self._sweep.use(_retention(new))
        self._held.use(engine)
        self._requests.use(engine, _only_through(new))
        self._rebuild.use(engine, new.program.fingerprint)
        in_force(self._emit, "delivery", new)
        self._failing("held.failed", lambda: self._held.start(new.program.fingerprint, datetime.now(UTC)))

    def step(self) -> bool:
        """What is asked for, and about once a second the rest; True when there is more to do at once."""
        busy = self._failing("request.failed", lambda: self._requests.step(datetime.now(UTC)))
        if self._rebuild.lost and not self._rebuild.over:
            busy = self._failing("rebuild.failed", self._go_on_rebuilding) or busy
        if time.monotonic() - self._tidied >= _POLL:
            self._failing("rebuild.failed", self._go_on_rebuilding)
            if time.monotonic() - self._checked >= _CHECK_EVERY:
                self._checked = time.monotonic()
                threading.Thread(target=self._check_ledger, name="check", daemon=True).start()
            self._look_at_clock()
            self._failing("sweep.failed", lambda: self._sweep.step(self._clock.for_ages()))
            self._failing("held.failed", lambda: self._held.step(datetime.now(UTC)))
            self._failing("commitment.failed", lambda: self._commitment.step(datetime.now(UTC)))
            self._tidied = time.monotonic()
        return bool(busy)

    def _look_at_clock(self) -> None:
        """What was set back is looked after until the ledger has taken it."""
        moved = self._clock.look()
        if moved:
            text = _SET_BACK if moved < timedelta() else _SET_FORWARD
            self._emit(Event("clock.set", Level.WARNING, text, {"seconds": round(moved.total_seconds())}))
        self._set_back = self._set_back or moved < timedelta()
        if self._set_back and self._failing("clock.failed", self._due_now):
            self._set_back = False
            self.delivery.wake()

    def _due_now(self) -> bool:
        self.ledger.due_now(datetime.now(UTC))
        return True

    def _go_on_rebuilding(self) -> bool:
        more = self._rebuild.step(datetime.now(UTC))
        if self._rebuild.over and self._rebuild.lost:
            is_made_anew(self._plan.settings.state)
        return more

    def _check_ledger(self) -> None:
        """From end to end, beside everything else. What it finds ends the process: the parent has the ledger mended."""
        problem = problem_of(self._plan.settings.state)
        if problem:
            mark_damaged(self._plan.settings.state)
            self._emit(Event("ledger.damaged", Level.ERROR, "the ledger is damaged", {"reason": problem}))
            self.damaged = True

    def drain(self, seconds: float) -> bool:
        """Finish what is under way; False when it took too long."""
        self._commitment.stop()
        drained = self.delivery.drain(seconds)
        self._ends.coders.close()
        return drained

    def _failing(self, name: str, act: Callable[[], object]) -> object:
        """A failure of what is done beside delivery stops no delivery, and is tried again."""
        try:
            return act()
        except (LedgerError, SpoolError, OSError) as error:
            self._emit(Event(name, Level.WARNING, _FAILED[name], {"reason": str(error)}))
            return None


_SET_BACK = "the time of day was set back: what waits is due now"
_SET_FORWARD = "the time of day was set forward: for a day nothing counts as older for that"
_FAILED = {
    "clock.failed": "what waits could not be made due, and is tried again",
    "rebuild.failed": "making the ledger anew failed, and is tried again",
    "request.failed": "a request failed, and is tried again",
    "sweep.failed": "tidying failed, and is tried again",
    "held.failed": "deciding again failed, and is tried again",
    "commitment.failed": "reports on storage commitment failed, and are tried again",
}


@dataclass(frozen=True, slots=True)
class Ends:
    """What every sender is made with."""

    spool: Spool
    ledger: Ledger
    coders: Coders
    emit: Emit


def targets(plan: Plan, ends: Ends) -> list[Target]:
    """Every destination with the kind of sender it needs."""
    return [Target(each, partial(_sender, each, ends)) for each in plan.settings.destinations]


def _sender(destination: Destination, ends: Ends) -> Sender:
    return FormedSender(_plain(destination, ends), destination, ends.ledger, ends.coders, ends.emit)


def _plain(destination: Destination, ends: Ends) -> Sender:
    if isinstance(destination, DicomDestination):
        return CStoreSender(destination, ends.spool, ends.emit)
    # What speaks HTTP brings 10 MB of libraries along: only for a gateway that has such a destination.
    if isinstance(destination, StowDestination):
        from dicomrules.senders.stow import StowSender

        return StowSender(destination, ends.spool, ends.emit)
    if isinstance(destination, BucketDestination):
        from dicomrules.senders.bucket import BucketSender

        return BucketSender(destination, ends.spool, ends.emit)
    return FolderSender(destination, ends.spool, ends.emit)


def _retention(plan: Plan) -> Retention:
    each = {one.name: one.retention for one in plan.settings.destinations}
    return Retention(max(each.values(), default=timedelta(days=7)), plan.settings.history, each)


def _wakeup(state: Path) -> Wakeup:
    try:
        return Wakeup(state)
    except OSError as error:
        raise StartFailed(IO_ERROR, f"the wake-up socket in {state} cannot be made: {error.strerror}") from error


def _hours(plan: Plan) -> Hours:
    return Hours(plan.program.schedules, plan.program.settings.timezone)


def _only_through(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Every destination, with the groups through which alone it gets anything."""
    return {each.name: each.only_through for each in plan.settings.destinations}
