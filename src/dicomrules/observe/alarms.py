"""Alarms: a condition is told when it comes, again each day while it lasts, and when it is over.

What is to be told is decided here, from one look to the next, with the time as an argument; how it is told is in
`webhook` and `mail`. A condition that comes and goes within one look is not told at all, and one that flickers is told
at most once in `QUIET`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dicomrules.model.observing import Condition

AGAIN = timedelta(days=1)
QUIET = timedelta(minutes=5)


class Turn(StrEnum):
    """What an alarm says of its condition."""

    RAISED = "raised"
    STILL = "still there"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing to tell. `since` is when the condition was first seen."""

    turn: Turn
    condition: Condition
    since: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    condition: Condition
    since: datetime
    told_at: datetime
    over: bool = False


class Alarms:
    """What was told of which condition."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Known] = {}

    def look(self, found: list[Condition], now: datetime) -> list[Alarm]:
        """The alarms that these conditions, all that are there now, give rise to."""
        there = {(one.name, one.subject): one for one in found}
        told = [alarm for key, one in there.items() if (alarm := self._there(key, one, now)) is not None]
        for key, known in list(self._known.items()):
            if key not in there and not known.over:
                self._known[key] = replace(known, over=True, told_at=now)
                told.append(Alarm(Turn.OVER, known.condition, known.since))
            elif known.over and now - known.told_at > QUIET:
                del self._known[key]
        return told

    def _there(self, key: tuple[str, str], one: Condition, now: datetime) -> Alarm | None:
        known = self._known.get(key)
        if known is None or known.over:
            if known is not None and now - known.told_at <= QUIET:
                return None  # it flickers
            self._known[key] = _Known(one, now, now)
            return Alarm(Turn.RAISED, one, now)
        if now - known.told_at < AGAIN:
            return None
        self._known[key] = _Known(one, known.since, now)
        return Alarm(Turn.STILL, one, known.since)
