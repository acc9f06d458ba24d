"""The delivery side of the gateway: lanes for every destination, and what is done now and then beside them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dicomrules.model.destination import Destination, DicomDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit, Sender
from dicomrules.pipeline.diverter import Diverter, Means
from dicomrules.pipeline.gate import Gate
from dicomrules.pipeline.hours import Hours
from dicomrules.pipeline.lane import Lane, Works
from dicomrules.pipeline.recorder import Recorder
from dicomrules.pipeline.screen import Screen
from dicomrules.pipeline.turns import Turns
from dicomrules.queue.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Target:
    """A destination and how a sender to it is made; each lane gets one of its own."""

    destination: Destination
    sender: Callable[[], Sender]


class Delivery:
    """All lanes of the gateway."""

    def __init__(
        self,
        targets: list[Target],
        ledger: Ledger,
        emit: Emit,
        hours: Hours | None = None,
        study_live: timedelta = timedelta(hours=24),
    ) -> None:
        self._ledger = ledger
        self._hours = hours or Hours({})
        self._emit = emit
        self._stopping = threading.Event()
        self._recorder = Recorder(ledger, emit)
        self._names = {target.destination.name for target in targets}
        gates = {one.destination.name: Gate(one.destination.retry, _count(one.destination)) for one in targets}
        self._diverting = Means(ledger, gates, self.wake, self._hours.opened, study_live, emit)
        self._lanes = [lane for target in targets for lane in self._lanes_of(target)]

    def start(self) -> None:
        """Queue again what was under way when we last ended, then begin."""
        again = self._ledger.recover(datetime.now(UTC))
        if again:
            self._emit(
                Event(
                    "delivery.resumed", Level.INFO, "attempts that were cut off are made again", {"deliveries": again}
                )
            )
        for orphan in sorted(set(self._ledger.destinations()) - self._names):
            text = "the gateway file no longer has this destination: what waits for it stays in the queue"
            self._emit(Event("destination.unknown", Level.WARNING, text, {"destination": orphan}))
        self._look_at_schedules()
        self._recorder.start()
        for lane in self._lanes:
            lane.start()

    def _look_at_schedules(self) -> None:
        """A schedule that never opens, or is no more, is told of: what waits for it would be forgotten."""
        waited_for = self._ledger.schedules()
        for name in self._hours.unknown(waited_for):
            text = "the rules no longer have this schedule: what waits for it is sent at any time"
            self._emit(Event("schedule.unknown", Level.WARNING, text, {"schedule": name}))
        for name in self._hours.never():
            text = "this schedule never opens again: what is to be sent by it waits until the rules are changed"
            self._emit(Event("schedule.never", Level.ERROR, text, {"schedule": name}))

    def wake(self) -> None:
        """There may be work."""
        for lane in self._lanes:
            lane.wake()

    def resume(self, destination: str) -> None:
        """A person says that this destination is there again: it is tried now."""
        for lane in self._lanes:
            lane.resume(destination)

    def drain(self, seconds: float) -> bool:
        """Finish the instances under way, give the rest back, write all outcomes. False when a lane did not end in
        time.
        """
        self._stopping.set()
        self.wake()
        deadline = time.monotonic() + seconds  # for all of them together
        ended = [lane.join(max(0.0, deadline - time.monotonic())) for lane in self._lanes]
        self._recorder.close(5.0)
        return all(ended)

    def _lanes_of(self, target: Target) -> list[Lane]:
        destination = target.destination
        count = _count(destination)
        works = Works(
            destination=destination.name,
            policy=destination.retry,
            ledger=self._ledger,
            recorder=self._recorder,
            gate=self._diverting.gates[destination.name],
            emit=self._emit,
            stopping=self._stopping,
            screen=Screen(self._ledger.sent_once, self._recorder.written),
            turns=Turns(self._hours.opened, destination.aet if isinstance(destination, DicomDestination) else ""),
            commits=isinstance(destination, DicomDestination) and destination.commitment is not None,
            diverter=Diverter(destination.name, self._diverting),
        )
        return [Lane(works, target.sender(), number) for number in range(count)]


def _count(destination: Destination) -> int:
    """How many lanes a destination has."""
    return destination.associations if isinstance(destination, DicomDestination) else 1
