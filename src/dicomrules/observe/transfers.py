"""Instances that come in or go out, gathered into transfers: a message when one begins, a message when it has ended.

An audit trail tells of studies, not of single images (PS3.15 A.5.3.7). Nothing on the wire says when a study is
complete, so a transfer has ended when nothing more of it came for `QUIET`, and a long one is told in parts. What was
gathered and not told when a process dies stays a beginning without an end, which is what it was.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dicomrules.observe.audit_message import Application, Transfer, Writer

QUIET = timedelta(seconds=10)
LONGEST = timedelta(minutes=5)
MOST = 10_000  # transfers at once; beyond it the oldest is told


@dataclass(frozen=True, slots=True)
class Way:
    """What makes instances belong together: both applications, the study, and whether they were there already."""

    source: Application
    destination: Application
    study: str
    again: bool = False


@dataclass(slots=True)
class _Open:
    began: datetime
    last: datetime
    counts: Counter[str] = field(default_factory=Counter)


class Transfers:
    """The transfers that are under way. Each method returns the messages to write now."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._open: dict[Way, _Open] = {}

    def took(self, way: Way, sop_class: str, at: datetime) -> list[bytes]:
        """One instance went this way."""
        messages: list[bytes] = []
        known = self._open.get(way)
        if known is None:
            if len(self._open) >= MOST:
                messages += self._end(next(iter(self._open)), at)
            known = self._open[way] = _Open(at, at)
            messages.append(self._writer.begin(Transfer(way.source, way.destination, way.study, {sop_class: 0}), at))
        known.counts[sop_class] += 1
        known.last = at
        return messages

    def tick(self, now: datetime, *, all_of_them: bool = False) -> list[bytes]:
        """Time has passed."""
        over = [
            way for way, one in self._open.items() if all_of_them or now - one.last > QUIET or now - one.began > LONGEST
        ]
        return [message for way in over for message in self._end(way, now)]

    def _end(self, way: Way, at: datetime) -> list[bytes]:
        counts = self._open.pop(way).counts
        transfer = Transfer(way.source, way.destination, way.study, dict(counts))
        return [self._writer.transferred(transfer, at, again=way.again)]
