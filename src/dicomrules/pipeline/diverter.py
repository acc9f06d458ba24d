"""Failover: what a destination cannot be given goes to the one that stands in for it (S58).

A study moves on when its destination cannot be reached, and only to one that is not known to be away itself; all of it
moves, and what still comes of it follows, as long as the stand-in can be reached and the study lives. When neither can
be reached, one consignment at a time goes to whichever pause is over, as its probe.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dicomrules.model.delivery import Standing
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.pipeline.gate import Gate
from dicomrules.queue.failover import StandIn
from dicomrules.queue.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Means:
    """What all diverters share. `gates` are those of all destinations of the gateway file, by name; `wake` tells lanes
    that there is work; `opened` names the schedules that are open; `study_live` is how long a study is one;
    `only_through` are the groups through which alone a destination gets anything.
    """

    ledger: Ledger
    gates: Mapping[str, Gate]
    wake: Callable[[], None]
    opened: Callable[[], tuple[str, ...]]
    study_live: timedelta
    emit: Emit
    only_through: Mapping[str, tuple[str, ...]]


class Gates(Mapping[str, Gate]):
    """The gates by destination, as the gateway file has them now; that of one that is gone is still answered for."""

    def __init__(self) -> None:
        self._now: dict[str, Gate] = {}
        self._gone: dict[str, Gate] = {}

    def become(self, gates: dict[str, Gate]) -> None:
        """These are the gates from now on; whoever is looking through the old ones goes on with those."""
        self._gone = {**self._gone, **self._now}
        self._now = gates

    def __getitem__(self, name: str) -> Gate:
        return self._now[name] if name in self._now else self._gone[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    def __len__(self) -> int:
        return len(self._now)


class Diverter:
    """Of one destination; called by one of its lanes."""

    def __init__(self, destination: str, means: Means) -> None:
        self._destination = destination
        self._means = means

    def step(self, now: datetime) -> bool:
        """Move a little; True when there may be more. Raises LedgerError."""
        moved = self._move_on(now) or self._follow(now)
        if moved:
            self._means.wake()
        return moved

    def refused(self, consignment: int, now: datetime) -> None:
        """The destination takes nothing of what this consignment is: from now on it goes to the stand-in."""
        self._means.ledger.failover.divert_from(consignment, now)

    def _move_on(self, now: datetime) -> bool:
        """While the destination is away, all that has a stand-in."""
        means, here = self._means, self._destination
        if means.gates[here].closed_for() == 0:
            return False
        for name in means.gates:
            if name == here or not self._may_take(name):
                continue
            count = means.ledger.failover.divert(here, self._to(name), means.opened(), now)
            if count:
                text = "what this destination cannot be given goes to the one that stands in for it"
                fields: dict[str, str | int | float] = {"destination": here, "to": name, "deliveries": count}
                means.emit(Event("destination.failover", Level.WARNING, text, fields))
                return True
        return False

    def _follow(self, now: datetime) -> bool:
        """What has come since of studies that went elsewhere."""
        means, here = self._means, self._destination
        moved = False
        for one in means.ledger.failover.diverted(here):
            gate = means.gates.get(one.stand_in)
            if (
                gate is None
                or now - one.at > means.study_live
                or (gate.closed_for() and not means.gates[here].closed_for())
            ):
                means.ledger.failover.divert_from(one.consignment, None)
                moved = True
            elif gate.closed_for() == 0:
                moved = means.ledger.failover.follow(one.consignment, here, self._to(one.stand_in), now) > 0 or moved
        return moved

    def _to(self, name: str) -> StandIn:
        return StandIn(name, self._means.only_through.get(name, ()))

    def _may_take(self, name: str) -> bool:
        """Whether a destination can be reached, as far as anybody knows; one whose pause is over gets a probe."""
        gate = self._means.gates[name]
        if gate.closed_for() > 0:
            return False
        known = gate.standing in (Standing.OPEN, Standing.BUSY)
        return known or self._means.ledger.next_due(name, self._means.opened()) is None
