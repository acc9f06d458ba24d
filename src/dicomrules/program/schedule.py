"""Schedules: when a time is inside certain hours of certain days."""

from datetime import date, datetime, time, timedelta

from dicomrules.text.frozen import frozen

DAY = 24 * 60
_EIGHT_YEARS = 8 * 366 + 1  # days: in each eight years there is a 29th of February


@frozen
class Window:
    """Hours on days: weekdays (`days`, Monday is 0), (month, day) of every year (`dates`), single ones (`days_of`).

    `start` and `end` are minutes after midnight; `end` <= `start` runs over midnight and belongs to the day it starts.
    """

    days: frozenset[int] = frozenset()
    dates: frozenset[tuple[int, int]] = frozenset()
    days_of: frozenset[date] = frozenset()
    start: int = 0
    end: int = DAY

    def holds(self, local: datetime) -> bool:
        """Whether a local time lies inside; the end itself does not."""
        minute = local.hour * 60 + local.minute
        today = local.date()
        if self.start < self.end:
            return self.start <= minute < self.end and self._on(today)
        if minute >= self.start:
            return self._on(today)
        return minute < self.end and self._on(today - timedelta(days=1))

    def opens(self, local: datetime) -> datetime | None:
        """The first local time from `local` on that lies inside; None: there is none within eight years, so none."""
        if self.holds(local):
            return local
        for ahead in range(_EIGHT_YEARS):
            day = local.date() + timedelta(days=ahead)
            start = datetime.combine(day, time(self.start // 60, self.start % 60))
            if start >= local and self._on(day):
                return start
        return None

    def _on(self, day: date) -> bool:
        return day.weekday() in self.days or (day.month, day.day) in self.dates or day in self.days_of


@frozen
class Schedule:
    """`schedule nights = "Mon-Fri 19:00-06:00, Sat-Sun, 12-25"`: inside when one of the windows holds."""

    name: str
    windows: tuple[Window, ...]

    def holds(self, local: datetime) -> bool:
        """Whether a local time is inside."""
        return any(window.holds(local) for window in self.windows)

    def opens(self, local: datetime) -> datetime | None:
        """The first local time from `local`, which says no time zone, on that is inside; None: it never opens again."""
        return min(filter(None, (window.opens(local) for window in self.windows)), default=None)
