"""Watches whether a peer keeps its deadlines. Pure: the time is an argument, in seconds of a clock that never goes
back.

Four clocks, and only while it is the peer's turn:
- ARTIM (PS3.8 9.1.5): from the connection to a whole request, and from our last word to the peer's closing;
- one PDU must be whole some time after it began;
- a message under way must bring some bytes a second, counted over a window;
- between messages there may be silence, but not for ever.
What the peer cannot help, because we are still busy with what it sent, does not count.
"""

from dataclasses import dataclass
from enum import StrEnum

from dicomrules.wire.connection import Connection
from dicomrules.wire.limits import Deadlines


class Overdue(StrEnum):
    """Which deadline has passed."""

    ARTIM = "artim"
    PDU = "pdu"
    RATE = "rate"
    IDLE = "idle"


@dataclass(slots=True)
class _Clock:
    """Since when something has been going on; `of` tells one going-on from the next."""

    since: float
    of: object = None


class Watch:
    """The clocks of one connection. Call `received` for every receive, `overdue` now and then."""

    def __init__(self, connection: Connection, deadlines: Deadlines, now: float) -> None:
        self._connection = connection
        self._deadlines = deadlines
        self._phase = _Clock(now, connection.state)
        self._pdu = _Clock(now, 0)
        self._window = _Clock(now)
        self._window_bytes = 0
        self._heard = now

    def received(self, count: int, now: float) -> None:
        """`count` bytes came."""
        self._window_bytes += count
        self._heard = now

    def silent_for(self, now: float) -> float:
        """Seconds since the last byte came, or since it became the peer's turn again."""
        return now - self._heard

    def overdue(self, now: float, busy: bool) -> Overdue | None:
        """The deadline that has passed, if one has. `busy`: it is our turn, not the peer's."""
        connection, deadlines = self._connection, self._deadlines
        if self._phase.of is not connection.state:
            self._phase = _Clock(now, connection.state)
        if connection.artim:
            return Overdue.ARTIM if now - self._phase.since >= deadlines.artim else None
        if busy:
            self._restart(now)
            return None
        if self._pdu.of != connection.pdus or not connection.mid_pdu:
            self._pdu = _Clock(now, connection.pdus)
        elif now - self._pdu.since >= deadlines.pdu:
            return Overdue.PDU
        if connection.mid_message:
            return self._slow(now)
        self._restart_window(now)
        return Overdue.IDLE if now - self._heard >= deadlines.idle else None

    def _slow(self, now: float) -> Overdue | None:
        if now - self._window.since < self._deadlines.rate_window:
            return None
        wanted = self._deadlines.rate * self._deadlines.rate_window
        slow = self._window_bytes < wanted
        self._restart_window(now)
        return Overdue.RATE if slow else None

    def _restart_window(self, now: float) -> None:
        self._window, self._window_bytes = _Clock(now), 0

    def _restart(self, now: float) -> None:
        self._restart_window(now)
        self._pdu = _Clock(now, None)
        self._heard = now
