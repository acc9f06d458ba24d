"""The delivery side of the gateway: lanes for every destination, and what is done now and then beside them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dicomrules.model.delivery import Standing
from dicomrules.model.destination import Destination, DicomDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit, Sender
from dicomrules.pipeline.diverter import Diverter, Gates, Means
from dicomrules.pipeline.gate import Gate
from dicomrules.pipeline.guarded import guarded
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
        self._recorder = Recorder(ledger, emit)
        self._gates = Gates()
        self._only_through: dict[str, tuple[str, ...]] = {}
        self._diverting = Means(
            ledger, self._gates, self.wake, self._hours.opened, study_live, emit, self._only_through
        )
        self._guard(targets)
        self._gates.become({one.destination.name: self._gate(one.destination) for one in targets})
        self._groups = {target.destination.name: self._group(target) for target in targets}
        self._ending: list[_Group] = []

    def start(self, crashed: bool = False) -> None:
        """Queue again what was under way when we last ended, then begin. `crashed`: it may be why we did."""
        again = self._ledger.recover(datetime.now(UTC), suspected=crashed)
        if again:
            self._emit(
                Event(
                    "delivery.resumed", Level.INFO, "attempts that were cut off are made again", {"deliveries": again}
                )
            )
        self._tell_orphans()
        self._look_at_schedules()
        self._recorder.start()
        for group in self._groups.values():
            group.start()

    def use(self, targets: list[Target], hours: Hours) -> None:
        """These are the destinations and the schedules from now on.

        Lanes of one that is gone, or has other settings, finish the instances under way and end; new ones begin beside
        them: no delivery is claimed twice.
        """
        self._hours.become(hours)
        self._look_at_schedules()
        self._guard(targets)
        before = dict(self._groups)
        kept = {
            one.destination.name: before.pop(one.destination.name)
            for one in targets
            if one.destination == getattr(before.get(one.destination.name), "destination", None)
        }
        fresh = [one for one in targets if one.destination.name not in kept]
        self._gates.become(
            {name: group.gate for name, group in kept.items()}
            | {one.destination.name: self._gate(one.destination) for one in fresh}
        )
        for group in before.values():
            group.stop()  # before others begin: what counted for them counts no more
        self._ending = [*(group for group in self._ending if not group.ended()), *before.values()]
        begun = {one.destination.name: self._group(one) for one in fresh}
        self._groups = kept | begun
        for group in begun.values():
            group.start()
        self._tell_orphans()

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
        for group in self._groups.values():
            group.wake()

    def resume(self, destination: str) -> None:
        """A person says that this destination is there again: it is tried now."""
        if group := self._groups.get(destination):
            group.resume()

    def drain(self, seconds: float) -> bool:
        """Finish the instances under way, give the rest back, write all outcomes. False when a lane did not end in
        time: what it has under way is queued again.
        """
        groups = [*self._groups.values(), *self._ending]
        for group in groups:
            group.stop()
        deadline = time.monotonic() + seconds  # for all of them together
        ended = [lane.join(max(0.0, deadline - time.monotonic())) for group in groups for lane in group.lanes]
        self._recorder.close(5.0)
        if not all(ended):
            self._ledger.take_back(datetime.now(UTC))
        return all(ended)

    def _tell_orphans(self) -> None:
        for orphan in sorted(set(self._ledger.destinations()) - set(self._groups)):
            text = "the gateway file no longer has this destination: what waits for it stays in the queue"
            self._emit(Event("destination.unknown", Level.WARNING, text, {"destination": orphan}))

    def _guard(self, targets: list[Target]) -> None:
        """What may stand in for another destination only with what went through its groups."""
        self._only_through |= {one.destination.name: one.destination.only_through for one in targets}

    def _gate(self, destination: Destination) -> Gate:
        """A new gate, which knows how the destination stood before."""
        standing = self._ledger.standings().get(destination.name, Standing.OPEN)
        return Gate(destination.retry, _count(destination), standing=standing)

    def _group(self, target: Target) -> "_Group":
        destination = target.destination
        count = _count(destination)
        works = Works(
            destination=destination.name,
            policy=destination.retry,
            ledger=self._ledger,
            recorder=self._recorder,
            gate=(gate := self._gates[destination.name]),
            emit=self._emit,
            stopping=(stopping := threading.Event()),
            screen=Screen(self._ledger.sent_once, self._recorder.written),
            turns=Turns(self._hours.opened, destination.aet if isinstance(destination, DicomDestination) else ""),
            commits=isinstance(destination, DicomDestination) and destination.commitment is not None,
            diverter=Diverter(destination.name, self._diverting),
        )
        lanes = [Lane(works, guarded(target.sender(), destination, self._ledger), number) for number in range(count)]
        return _Group(destination, lanes, gate, stopping)


@dataclass(frozen=True, slots=True)
class _Group:
    """The lanes of one destination."""

    destination: Destination
    lanes: list[Lane]
    gate: Gate
    stopping: threading.Event

    def start(self) -> None:
        for lane in self.lanes:
            lane.start()

    def wake(self) -> None:
        for lane in self.lanes:
            lane.wake()

    def resume(self) -> None:
        """Its pause is over."""
        self.gate.reopen()
        self.wake()

    def stop(self) -> None:
        """Finish what is under way."""
        self.stopping.set()
        self.wake()

    def ended(self) -> bool:
        return all(lane.join(0.0) for lane in self.lanes)


def _count(destination: Destination) -> int:
    """How many lanes a destination has."""
    return destination.associations if isinstance(destination, DicomDestination) else 1
