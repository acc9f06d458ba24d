"""The delivery process: lanes, and between knocks the sweep."""

import select
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from dicomrules.engine.decide import Engine
from dicomrules.model.destination import Destination, DicomDestination, StowDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit, Sender
from dicomrules.pipeline.deliver import Delivery, Target
from dicomrules.pipeline.held import HeldInstances, Means
from dicomrules.pipeline.hours import Hours
from dicomrules.pipeline.requests import Means as RequestMeans
from dicomrules.pipeline.requests import Requests
from dicomrules.pipeline.sweep import Retention, Sweep
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.wakeup import Wakeup
from dicomrules.senders.cstore import CStoreSender
from dicomrules.senders.folder import FolderSender
from dicomrules.senders.stow import StowSender
from dicomrules.service.commitment import CommitmentSide
from dicomrules.service.emitting import Emitting
from dicomrules.service.intake import open_state
from dicomrules.service.plan import DRAIN_SECONDS, IO_ERROR, ORPHAN_SECONDS, Line, Plan, StartFailed, StateLost
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool

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
    stop = _Stop(line.parent)
    signal.signal(signal.SIGTERM, stop.ask)
    try:
        spool, ledger = open_state(plan)
        hours = Hours(plan.program.schedules, plan.program.settings.timezone)
        delivery = Delivery(targets(plan, spool, emit), ledger, emit, hours, plan.settings.study_live)
        sweep = Sweep(spool, ledger, _retention(plan))
        engine = Engine(plan.program, plan.applications, plan.settings.name)
        held = HeldInstances(engine, Means(spool, ledger, emit, delivery.wake))
        requests = Requests(engine, _request_means(plan, spool, ledger, delivery, emit))
        commitment = CommitmentSide(plan, ledger, emit)
        with _wakeup(plan.settings.state) as wakeup:
            delivery.start()
            commitment.start(datetime.now(UTC))
            held.start(plan.program.fingerprint, datetime.now(UTC))
            requests.start(datetime.now(UTC))
            line.ready("to " + ", ".join(each.name for each in plan.settings.destinations))
            tidied, asked = 0.0, False
            while not stop.now() and not ledger.failure:
                if wakeup.wait(0.0 if asked else _POLL):
                    delivery.wake()
                asked = _act_on_requests(requests, emit)
                if time.monotonic() - tidied >= _POLL:
                    _sweep(sweep, emit)
                    _decide_again(held, emit)
                    _report(commitment, emit)
                    tidied = time.monotonic()
            if ledger.failure:
                raise StateLost(ledger.failure)
            commitment.stop()
            if not delivery.drain(stop.drain_seconds):
                text = "an attempt did not end in time: it is made again at the next start"
                emit(Event("delivery.cut_off", Level.WARNING, text))
    finally:
        emit.close()


def targets(plan: Plan, spool: Spool, emit: Emit) -> list[Target]:
    """Every destination with the kind of sender it needs."""
    return [Target(each, partial(_sender, each, spool, emit)) for each in plan.settings.destinations]


def _sender(destination: Destination, spool: Spool, emit: Emit) -> Sender:
    if isinstance(destination, DicomDestination):
        return CStoreSender(destination, spool, emit)
    if isinstance(destination, StowDestination):
        return StowSender(destination, spool, emit)
    return FolderSender(destination, spool, emit)


def _retention(plan: Plan) -> Retention:
    """Bytes are kept as long as the destination that wants them longest says."""
    longest = max((each.retention for each in plan.settings.destinations), default=timedelta(days=7))
    return Retention(longest, plan.settings.history)


def _wakeup(state: Path) -> Wakeup:
    try:
        return Wakeup(state)
    except OSError as error:
        raise StartFailed(IO_ERROR, f"the wake-up socket in {state} cannot be made: {error.strerror}") from error


def _request_means(plan: Plan, spool: Spool, ledger: Ledger, delivery: Delivery, emit: Emit) -> RequestMeans:
    names = frozenset(each.name for each in plan.settings.destinations)
    return RequestMeans(spool, ledger, emit, delivery.wake, delivery.resume, names)


def _act_on_requests(requests: Requests, emit: Emit) -> bool:
    """What people have asked for; a failure of it stops no delivery."""
    try:
        return requests.step(datetime.now(UTC))
    except LedgerError as error:
        emit(Event("request.failed", Level.WARNING, "a request failed, and is tried again", {"reason": str(error)}))
        return False


def _decide_again(held: HeldInstances, emit: Emit) -> None:
    """What is due of the held instances; a failure of it stops no delivery."""
    try:
        held.step(datetime.now(UTC))
    except LedgerError as error:
        emit(Event("held.failed", Level.WARNING, "deciding again failed, and is tried again", {"reason": str(error)}))


def _report(commitment: CommitmentSide, emit: Emit) -> None:
    """What is due of storage commitment; a failure of it stops no delivery."""
    try:
        commitment.step(datetime.now(UTC))
    except LedgerError as error:
        text = "reports on storage commitment failed, and are tried again"
        emit(Event("commitment.failed", Level.WARNING, text, {"reason": str(error)}))


def _sweep(sweep: Sweep, emit: Emit) -> None:
    """A little tidying between knocks; a failure of it stops no delivery."""
    try:
        sweep.step(datetime.now(UTC))
    except (LedgerError, SpoolError) as error:
        emit(Event("sweep.failed", Level.WARNING, "tidying failed, and is tried again", {"reason": str(error)}))
