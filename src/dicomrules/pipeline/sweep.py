"""What is tidied now and then: files of delivered instances, bytes after retention, history after its time, the
ledger's log.

Nothing here touches an instance that still has a delivery to make, or that is held.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dicomrules.queue.entry import Kept
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.transaction import GROUP
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Folder, Spool

_CHECKPOINT_BYTES = 16 * 1024 * 1024
_IDLE_STEPS = 5  # so many steps without work in a row, and the log is emptied


@dataclass(frozen=True, slots=True)
class Retention:
    """How long bytes are kept after the last delivery, and how long the ledger remembers after that.

    `destinations` want bytes for so long. The longest that an instance went to counts; `bytes` for one that went
    nowhere, or to what is no destination any more.
    """

    bytes: timedelta
    history: timedelta
    destinations: Mapping[str, timedelta] = field(default_factory=dict)

    def of(self, destinations: Collection[str]) -> timedelta:
        """How long the bytes of an instance are kept that went to these."""
        return max((self.destinations.get(name, self.bytes) for name in destinations), default=self.bytes)


class Sweep:
    """Called about once a second by one thread of the delivery process."""

    def __init__(self, spool: Spool, ledger: Ledger, retention: Retention) -> None:
        self._spool = spool
        self._ledger = ledger
        self._retention = retention
        self._idle_steps = 0

    def use(self, retention: Retention) -> None:
        """Other times count from now on."""
        self._retention = retention

    def step(self, now: datetime) -> bool:
        """Do a little; True when there is more. Raises LedgerError."""
        moved = self._move_finished(now)
        removed = self._remove_expired(now)
        forgotten = self._ledger.retention.forget(now - self._retention.history)
        busy = moved or removed or forgotten
        self._checkpoint(idle=not busy)
        return bool(busy)

    def _move_finished(self, now: datetime) -> int:
        finished = self._ledger.retention.finished(GROUP)
        if finished:
            self._ledger.retention.mark_moved([self._moved(kept, now) for kept in finished])
        return len(finished)

    def _moved(self, kept: Kept, now: datetime) -> Kept:
        """Where its files lie now. One that a person took away holds up no other: its instance is done all the same.

        What was held once lies in `held` until it is delivered, and that folder has no days.
        """

        def done(ref: str) -> str:
            day = now.date() if ref.startswith(f"{Folder.HELD}/") else None
            return self._spool.move(ref, Folder.DONE, day) if ref else ""

        try:
            derived = done(kept.derived_ref)
            return Kept(kept.instance_id, done(kept.spool_ref), derived)
        except SpoolError:
            return kept

    def _remove_expired(self, now: datetime) -> int:
        expired = self._ledger.retention.expired(lambda destinations: now - self._retention.of(destinations), GROUP)
        for kept in expired:
            for ref in filter(None, (kept.spool_ref, kept.derived_ref)):
                self._spool.remove(ref)
        if expired:
            self._ledger.retention.mark_removed([kept.instance_id for kept in expired])
        return len(expired)

    def _checkpoint(self, idle: bool) -> None:
        """Passive while there is work; once, when there has been none for a while, the log is emptied."""
        self._idle_steps = self._idle_steps + 1 if idle else 0
        if self._ledger.log.length() > _CHECKPOINT_BYTES:
            self._ledger.log.checkpoint("passive")
        if self._idle_steps == _IDLE_STEPS:
            self._ledger.log.checkpoint("truncate")
