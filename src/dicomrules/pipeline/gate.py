"""The gate of one destination: whether anybody may knock now, and how many at once.

The theory. Lanes of one destination share a gate, and every outcome passes it. An outcome that says "away" closes it
for the pause of the retry policy, doubled each time. When the pause is over, one lane makes one attempt, the probe;
all others wait for what comes of it. So a dead destination costs one attempt a pause, and slows nobody.

A destination with a wrong setting on one of the two sides is closed in the same way, and counts as *paused* once that
has been said three times in a row: a person must look. It is probed all the same, at the longest pause, because the
setting may be mended on the other side, where nobody tells us.

A destination that has too much to do gets half as many associations as before, and one more for each half minute
without complaint. When a single one is still too many, or when it says itself for how long it wants to be left alone,
the gate closes too.

Nothing here reads the wall clock: a clock that is set by hand must not close a gate.
"""

import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from dicomrules.model.delivery import Kind, Outcome, Standing, Trouble
from dicomrules.model.destination import RetryPolicy
from dicomrules.queue import retry

PAUSES_AFTER: Final = 3  # times that a wrong setting is told before the destination counts as paused (D-09)
CALM: Final = 30.0  # seconds without congestion after which one more association is tried
_SHORTENED_BY: Final = 0.25


class Pass(Enum):
    """What a lane may do now."""

    WAIT = auto()
    PROBE = auto()  # one attempt, by this lane alone
    GO = auto()


@dataclass(frozen=True, slots=True)
class News:
    """The standing has changed: to what, in whose words, and for how many seconds nobody knocks."""

    standing: Standing
    words: str
    pause: float


class Gate:
    """Open while the destination answers. `lanes` is how many there are; `clock` counts seconds and never goes back."""

    def __init__(
        self,
        policy: RetryPolicy,
        lanes: int = 1,
        clock: Callable[[], float] = time.monotonic,
        standing: Standing = Standing.OPEN,
    ) -> None:
        """`standing` is what is known from before; the gate is open whatever that is, and finds out."""
        self.allowed = lanes  # associations that may be open now
        self.standing = standing
        self._policy = policy
        self._lanes = lanes
        self._clock = clock
        self._lock = threading.Lock()
        self._closings = 0  # in a row, without an answer between them
        self._wrong = 0  # times in a row that a setting was wrong
        self._opens_at = 0.0
        self._prober: int | None = None
        self._halved_at = -math.inf
        self._calm_since = -math.inf  # the last complaint, or the last association that was added

    def closed_for(self) -> float:
        """Seconds until somebody may knock again; 0 when open."""
        with self._lock:
            return max(0.0, self._opens_at - self._clock())

    def enter(self, lane: int) -> Pass:
        """What the lane with this number, from 0, may do. A probe must be followed by `heard` or `leave`."""
        with self._lock:
            if self._opens_at > self._clock() or lane >= self.allowed:
                return Pass.WAIT
            if not self._closings:
                return Pass.GO
            if self._prober not in (None, lane):
                return Pass.WAIT
            self._prober = lane
            return Pass.PROBE

    def leave(self, lane: int) -> None:
        """This lane had nothing to probe with, or its probe told nothing of the destination."""
        with self._lock:
            if self._prober == lane:
                self._prober = None

    def reopen(self) -> None:
        """A person says that it is worth trying: the pause is over now, and the next attempt is a probe."""
        with self._lock:
            self._opens_at = 0.0

    def heard(self, outcome: Outcome) -> News | None:
        """An attempt has ended like this; what is new, if anything is."""
        with self._lock:
            match outcome.trouble:
                case Trouble.AWAY:
                    return self._close(Standing.AWAY, outcome.message)
                case Trouble.MISCONFIGURED:
                    return self._refused(outcome.message)
                case Trouble.CONGESTED:
                    return self._congested(outcome)
                case _:
                    return self._answered() if _from_there(outcome) else None

    def _answered(self) -> News | None:
        """It is there, and takes what it is given, or has something to say about it."""
        self._closings = self._wrong = 0
        self._opens_at, self._prober = 0.0, None
        now = self._clock()
        if self.allowed < self._lanes and now - self._calm_since >= CALM:
            self.allowed, self._calm_since = self.allowed + 1, now
        return self._become(Standing.OPEN if self.allowed == self._lanes else Standing.BUSY, "", 0.0)

    def _refused(self, words: str) -> News | None:
        if self._opens_at > self._clock():
            return None
        self._wrong += 1
        if self._wrong < PAUSES_AFTER:
            return self._close(Standing.AWAY, words)
        return self._close(Standing.PAUSED, words, self._policy.up_to.total_seconds())

    def _congested(self, outcome: Outcome) -> News | None:
        now, fewest = self._clock(), self.allowed == 1
        if self.allowed > 1 and now - self._halved_at >= 1.0:  # what several lanes hear together is one complaint
            self.allowed, self._halved_at = self.allowed // 2, now
        self._calm_since = now
        asked = outcome.retry_after.total_seconds() if outcome.retry_after else 0.0
        if asked or (fewest and outcome.status is None):
            return self._close(Standing.BUSY, outcome.message, asked)
        if outcome.status is not None:  # it is there: the next one may be smaller
            self._closings, self._prober = 0, None
        return self._become(Standing.BUSY, outcome.message, 0.0)

    def _close(self, standing: Standing, words: str, pause: float = 0.0) -> News | None:
        """For `pause` seconds, 0: as long as the policy says."""
        now = self._clock()
        if self._opens_at > now:
            return None  # another lane has just found out the same
        self._closings += 1
        if not pause:
            longest = retry.wait(self._policy, self._closings).total_seconds()
            pause = longest * random.uniform(1 - _SHORTENED_BY, 1.0)  # noqa: S311 - no secret hangs on it
        self._opens_at, self._prober = now + pause, None
        return self._become(standing, words, pause) or News(standing, words, pause)

    def _become(self, standing: Standing, words: str, pause: float) -> News | None:
        if standing is self.standing:
            return None
        self.standing = standing
        return News(standing, words, pause)


def _from_there(outcome: Outcome) -> bool:
    """Whether the destination itself has spoken: what our own disk did to an attempt says nothing about it."""
    return outcome.status is not None or outcome.kind in (Kind.SENT, Kind.STORED)
