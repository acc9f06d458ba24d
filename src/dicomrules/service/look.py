"""One look at how the gateway stands, from counters and from what the kernel knows: cheap at any size."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dicomrules.config.security import secured
from dicomrules.config.settings import Settings
from dicomrules.model.delivery import State
from dicomrules.model.destination import RetryPolicy
from dicomrules.model.observing import Came, Snapshot, Waits
from dicomrules.net.ends import ends
from dicomrules.queue.connection import FILE
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.outbox import Outbox
from dicomrules.queue.reader import Reader
from dicomrules.queue.story import Status
from dicomrules.service.alive import is_alive

PROCESSES = ("intake", "delivery")
AUDIT = "audit"  # the kind of audit messages in the outbox


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What the ledger tells, and why it does not."""

    destinations: tuple[Waits, ...] = ()
    receivers: tuple[Came, ...] = ()
    instances: dict[str, int] | None = None
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class _Disk:
    """The ledger's log and the room beside it, or why nobody knows."""

    log_bytes: int
    free_bytes: int
    free_inodes: int
    unreadable: str = ""


class Look:
    """Looks, from any thread; never raises."""

    def __init__(self, settings: Settings, outbox: Outbox | None = None) -> None:
        self._settings = settings
        self._outbox = outbox
        self._reader: Reader | None = None

    def __call__(self) -> Snapshot:
        """How things stand now."""
        state, limits = self._settings.state, self._settings.limits
        ledger, disk = self._of_ledger(), self._of_disk()
        unsent, since = self._unsent()
        return Snapshot(
            at=datetime.now(UTC),
            processes={name: is_alive(state, name) for name in PROCESSES},
            destinations=ledger.destinations,
            receivers=ledger.receivers,
            instances=ledger.instances or {},
            log_bytes=disk.log_bytes,
            free_bytes=disk.free_bytes,
            free_inodes=disk.free_inodes,
            full=disk.free_bytes < limits.free_space or disk.free_inodes < limits.free_inodes,
            unsent=unsent,
            unsent_since=since,
            unreadable=ledger.unreadable or disk.unreadable,
            ends=tuple(end for _, tls in secured(self._settings) for end in ends(tls)),
        )

    def _of_ledger(self) -> _Ledger:
        try:
            if self._reader is None:
                self._reader = Reader.open(self._settings.state)
            status = self._reader.status()
        except LedgerError as error:
            return _Ledger(unreadable=str(error))
        return _Ledger(
            destinations=self._destinations(status),
            receivers=tuple(Came(one.name, one.instances, one.duplicates, one.conflicts) for one in status.receivers),
            instances={state.value: count for state, count in status.instances.items()},
        )

    def _of_disk(self) -> _Disk:
        """One that cannot be looked at is not full: what is wrong with it is told as such."""
        state, limits = self._settings.state, self._settings.limits
        log = state / f"{FILE}-wal"
        try:
            room = os.statvfs(state)
            inodes = room.f_favail if room.f_files else limits.free_inodes
            length = log.stat().st_size if log.exists() else 0
        except OSError as error:
            why = f"the state folder {state} cannot be looked at: {error.strerror}"
            return _Disk(0, limits.free_space, limits.free_inodes, why)
        return _Disk(length, room.f_bavail * room.f_frsize, inodes)

    def _destinations(self, status: Status) -> tuple[Waits, ...]:
        """Those of the gateway file, and those that it lacks and that something waits for, or has failed at."""
        alarm_after = {each.name: each.retry.alarm_after for each in self._settings.destinations}
        known = {one.name: one for one in status.destinations}
        found = [
            Waits(name, one.deliveries, one.oldest_waiting, alarm_after.get(name, _ALARM_AFTER), name in alarm_after)
            for name, one in known.items()
            if name in alarm_after or one.oldest_waiting is not None or one.deliveries[State.FAILED]
        ]
        found += [Waits(name, {}, None, after) for name, after in alarm_after.items() if name not in known]
        return tuple(found)

    def _unsent(self) -> tuple[int, datetime | None]:
        if self._outbox is not None:
            with suppress(LedgerError):  # who writes to it says so in the log
                return self._outbox.unsent(AUDIT)
        return 0, None


_ALARM_AFTER: timedelta = RetryPolicy().alarm_after
