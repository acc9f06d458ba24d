"""Consignments: what one destination gets of one study in one way. Lanes claim by them, not by single deliveries.

So one association carries a study; a small study does not wait for the end of a large one; and what a route says about
time and order (`during`, `by study after`, `priority`, `failover`) is asked once a consignment and not once an
instance. A claim looks at the front of an index of consignments and at the front of an index of what waits in one: its
cost is the same with ten deliveries and with a million.

Of several consignments that are due, the one that has waited longest is served; once served, it waits anew from that
moment. A lane keeps to its consignment for a while, and takes one that another lane has in hand only when there is no
other. High goes before medium before low, but of four turns one begins at medium and of sixteen one at low, so that
nothing starves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dicomrules.model.decision import Decision, Options
from dicomrules.model.instance import Verdict
from dicomrules.queue import encoding
from dicomrules.queue.transaction import Transaction

PRIORITIES: Final = {"high": 0, "medium": 1, "low": 2}
_MEDIUM: Final = "medium"


@dataclass(frozen=True, slots=True)
class Way:
    """What a route says about one destination that matters to lanes, as columns. Times in microseconds."""

    study: str
    calling: str = ""
    during: str = ""
    quiet: int = 0
    priority: int = PRIORITIES[_MEDIUM]
    stand_in: str = ""

    @property
    def key(self) -> str:
        """All of it in one text; a backslash is in no AE title and in no name."""
        return "\\".join((self.calling, self.during, str(self.quiet), str(self.priority), self.stand_in))


@dataclass(frozen=True, slots=True)
class Choice:
    """Of which consignments a lane may claim now, and which it would rather have.

    `schedules` are those that are open (empty text: no schedule); `first` is the priority that this turn begins at;
    `mine` is the consignment that the lane has in hand (0: none), `taken` are those of other lanes. `aet` is the AE
    title of the destination, empty where it has none.
    """

    schedules: tuple[str, ...] = ("",)
    first: int = 0
    mine: int = 0
    taken: frozenset[int] = frozenset()
    aet: str = ""

    @property
    def priorities(self) -> tuple[int, ...]:
        """In the order of this turn."""
        return (self.first, *(each for each in PRIORITIES.values() if each != self.first))


ANY: Final = Choice()


def way(study: str, options: Options | None, stand_in: str = "") -> Way:
    """What `options` say to lanes."""
    if options is None:
        return Way(study, stand_in=stand_in)
    return Way(
        study=study,
        calling=options.calling,
        during=options.during,
        quiet=encoding.span(options.study_after) if options.study_after else 0,
        priority=PRIORITIES[options.priority or _MEDIUM],
        stand_in=stand_in,
    )


def successors(decision: Decision) -> Mapping[str, str]:
    """What each destination is replaced by when it cannot be reached; the last of a chain by the first.

    A stand-in that gets the instance anyway, or whose variant is not sent, replaces nothing.
    """
    sent = [variant for variant in decision.variants if variant.verdict is Verdict.SEND]
    anyway = {name for variant in sent for name in variant.destinations}
    instead = {
        one.stands_in_for: one.destination
        for variant in sent
        for one in variant.options
        if one.stands_in_for and one.destination not in anyway
    }
    for first in [name for name in instead if name not in instead.values()]:
        last = first
        while last in instead:
            last = instead[last]
        instead[last] = first
    return instead


def consigned(tx: Transaction, destination: str, one: Way, came: int) -> int:
    """The id of the consignment, made when there is none. `came`: when an object of the study came, microseconds."""
    known = tx.consignments.get((destination, one))
    if known is None or one.quiet:
        quiet_at = came + one.quiet if one.quiet else 0
        columns = (destination, one.study, one.key, one.priority, one.during, one.quiet, one.stand_in, quiet_at)
        ((known,),) = tx.run("consign", columns)
        tx.consignments[destination, one] = known
    return known


def not_quiet(tx: Transaction, study: str, came: int) -> None:
    """An object of this study came: whatever waits for its quiet waits on, wherever the object itself goes (S60)."""
    tx.run("not_quiet", (came, study))


def anything_due(tx: Transaction, destination: str, choice: Choice, now: datetime) -> bool:
    """Whether a claim may find something; only reads."""
    at = encoding.micros(now)
    return any(tx.run("is_due", (destination, schedule, at)) for schedule in choice.schedules)


def pick(tx: Transaction, destination: str, choice: Choice, now: int) -> int:
    """The consignment to be served now; 0: none."""
    mine = tx.run("still_due", (choice.mine, destination, now, now)) if choice.mine else []
    shared = 0
    for priority in choice.priorities:
        if mine and mine[0][0] == priority:
            return choice.mine
        for identity in _due(tx, destination, choice, priority, now):
            if identity not in choice.taken:
                return identity
            shared = shared or identity
    return shared


def _due(tx: Transaction, destination: str, choice: Choice, priority: int, now: int) -> Iterator[int]:
    """Those of one priority that are due, longest waiting first; as many as lanes may have in hand, and one more."""
    while True:
        found = sorted(
            row
            for schedule in choice.schedules
            for row in tx.run("due_consignments", (destination, schedule, priority, now, len(choice.taken) + 1))
        )
        early = [(quiet_at, identity) for _, identity, quiet_at in found if quiet_at > now]
        for postponed in early:
            tx.run("consignment_due", postponed)
        if not early:
            break
    yield from (identity for _, identity, _ in found)


def served(tx: Transaction, consignment: int, now: int) -> None:
    """Something of it was claimed, or nothing was due after all: what is left of it waits from this moment on."""
    rest = tx.run("next_of", (consignment,))
    tx.run("consignment_due", (max(now, rest[0][0]) if rest else None, consignment))


def next_due(tx: Transaction, destination: str, schedules: tuple[str, ...] = ("",)) -> int | None:
    """When the first consignment of a destination is due, at times when these schedules are open."""
    found = [
        row[0]
        for schedule in schedules
        for priority in PRIORITIES.values()
        for row in tx.run("next_due", (destination, schedule, priority))
    ]
    return min(found, default=None)
