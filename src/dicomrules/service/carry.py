"""Carries what lies in the outbox to whoever it is for: in order, again and again until it is taken."""

import threading
from collections.abc import Callable, Sequence

from dicomrules.model.event import Event, Level
from dicomrules.model.observing import Mail, Syslog, Webhook
from dicomrules.model.ports import Emit
from dicomrules.observe import syslog, tell
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.outbox import Outbox, Text

_BATCH = 64
_POLL = 1.0  # seconds
_LONGEST_PAUSE = 60.0

# Takes texts; raises `NotTaken` or `NotTold` when they were not all taken.
Take = Callable[[Sequence[Text]], None]


class Carrier:
    """A thread for texts of one kind."""

    def __init__(self, outbox: Outbox, kind: str, take: Take, emit: Emit) -> None:
        self._outbox = outbox
        self._kind = kind
        self._take = take
        self._emit = emit
        self._failing = ""
        self._pause = _POLL

    def run(self, stop: threading.Event) -> None:
        """Carry, until told to stop."""
        while not stop.wait(self._pause):
            self._pause = self._step()

    def _step(self) -> float:
        """Seconds until the next one."""
        try:
            texts = self._outbox.first(self._kind, _BATCH)
            if not texts:
                return _POLL
            self._take(texts)
            self._outbox.done(self._kind, texts[-1].id)
        except (syslog.NotTaken, tell.NotTold, LedgerError) as error:
            return self._failed(str(error))
        if self._failing:
            self._failing = ""
            self._emit(Event("outbox.taken", Level.INFO, "what waited is taken again", {"kind": self._kind}))
        return 0.0

    def _failed(self, why: str) -> float:
        if why != self._failing:  # told once, however often it is tried
            self._failing = why
            text = "what is to be told is kept, and told later"
            self._emit(Event("outbox.waits", Level.WARNING, text, {"kind": self._kind, "why": why}))
        return min(max(self._pause, _POLL) * 2, _LONGEST_PAUSE)


class Repository:
    """Takes audit messages over one connection, which stays open."""

    def __init__(self, where: Syslog, source: str, host: str) -> None:
        self._where = where
        self._source = source
        self._host = host
        self._connection: syslog.Connection | None = None

    def __call__(self, texts: Sequence[Text]) -> None:
        """Send them all, or raise NotTaken."""
        if self._connection is None:
            self._connection = syslog.Connection(self._where)
        records = b"".join(syslog.record(one.text, one.at, self._host, self._source) for one in texts)
        try:
            self._connection.send(records)
        except syslog.NotTaken:
            self._connection.close()
            self._connection = None
            raise


def alarm(where: Webhook | Mail) -> Take:
    """Tells alarms one by one; what was told before one that was not is told again."""

    def take(texts: Sequence[Text]) -> None:
        for one in texts:
            tell.tell(where, one.text)

    return take
