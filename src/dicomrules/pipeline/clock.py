"""The time of day may be set, by a person or a time server; what has really passed may not.

Pauses are counted by a clock that only goes on (pipeline/gate.py). Moments in the ledger are times of day: when that is
set back, what is due now would seem to be due much later; when it is set forward, what is to be kept for a week would
seem to be old enough to go. Both are noticed here.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

NOTICED: Final = timedelta(seconds=2)  # by so much the time of day must be set at once to count as set
BELIEVED: Final = 24 * 3600.0  # seconds after which a time that was set forward makes things old


def time_of_day() -> datetime:
    """As the machine says."""
    return datetime.now(UTC)


class Clock:
    """Compares the time of day with seconds that only go on. Of one thread."""

    def __init__(
        self, today: Callable[[], datetime] = time_of_day, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._today, self._seconds = today, seconds
        self._start = self._believed = today() - timedelta(seconds=seconds())
        self._set_at = float("-inf")

    def look(self) -> timedelta:
        """By how much the time of day was set since the last look; zero where it was not."""
        seconds = self._seconds()
        start = self._today() - timedelta(seconds=seconds)
        moved, self._start = start - self._start, start
        was_set = abs(moved) > NOTICED
        if was_set:
            self._set_at = seconds
        if start < self._believed or seconds - self._set_at >= BELIEVED:
            self._believed = start
        return moved if was_set else timedelta()

    def for_ages(self) -> datetime:
        """The moment from which the age of things is counted: a time set forward is believed after a day."""
        return self._believed + timedelta(seconds=self._seconds())
