"""Which schedules are open now: the hours of `during`, on the clock of the rules' time zone (S28)."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dicomrules.program.schedule import Schedule


def _now() -> datetime:
    return datetime.now(UTC)


class Hours:
    """The schedules of a rule set. A name that it does not have is open: what waits for it must not wait for ever."""

    def __init__(
        self, schedules: Mapping[str, Schedule], timezone: str = "", now: Callable[[], datetime] = _now
    ) -> None:
        self._schedules = dict(schedules)
        self._zone = ZoneInfo(timezone or "UTC")
        self._now = now
        self._gone: tuple[str, ...] = ()

    def become(self, other: "Hours") -> None:
        """The schedules are those of another rule set from now on."""
        self._schedules, self._zone = other._schedules, other._zone

    def opened(self) -> tuple[str, ...]:
        """The names of those that are open, and the empty one, which always is."""
        local = self._now().astimezone(self._zone)
        return ("", *self._gone, *(name for name, schedule in self._schedules.items() if schedule.holds(local)))

    def unknown(self, names: Collection[str]) -> tuple[str, ...]:
        """Those of `names`, which the queue waits for, that the rules no longer have: from now on they are open."""
        self._gone = tuple(sorted(name for name in names if name and name not in self._schedules))
        return self._gone

    def next_opening(self, name: str) -> datetime | None:
        """When a schedule opens next, now if it is open; None: never again."""
        now = self._now()
        if name not in self._schedules:
            return now
        local = self._schedules[name].opens(now.astimezone(self._zone).replace(tzinfo=None))
        return None if local is None else max(now, local.replace(tzinfo=self._zone).astimezone(UTC))

    def never(self) -> tuple[str, ...]:
        """Schedules that never open again."""
        return tuple(name for name in self._schedules if self.next_opening(name) is None)
