"""Outcomes of all lanes are written to the ledger together: what comes in within a few milliseconds is one
transaction.
"""

import threading
from datetime import UTC, datetime

from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.transaction import GROUP

_GATHER = 0.02  # seconds that an outcome may wait for others
_AGAIN = 1.0  # seconds until what could not be written is tried again


class Recorder:
    """Takes outcomes from any thread, writes them from its own, in order.

    An outcome that is lost in a crash means one more attempt, byte for byte the same, so no lane waits for the write.
    """

    def __init__(self, ledger: Ledger, emit: Emit) -> None:
        self._ledger = ledger
        self._emit = emit
        self._ended: list[Ended] = []
        self._changed = threading.Condition()
        self._closed = False
        self._writing = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, ended: Ended) -> None:
        """Take one outcome."""
        with self._changed:
            self._ended.append(ended)
            if len(self._ended) in (1, GROUP):  # at others the thread would only look, and wait on
                self._changed.notify_all()

    def written(self) -> None:
        """Wait until everything that was put before is written, or cannot be."""
        with self._changed:
            self._changed.wait_for(lambda: not self._ended and not self._writing)

    def close(self, timeout: float) -> None:
        """Write what is there and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def _run(self) -> None:
        while ended := self._gather():
            while not self._write(ended) and not self._gives_up():
                continue
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _write(self, ended: list[Ended]) -> bool:
        try:
            self._ledger.record_outcomes(ended, datetime.now(UTC))
        except LedgerError as error:
            reason: dict[str, str | int | float] = {"reason": str(error), "outcomes": len(ended)}
            self._emit(Event("ledger.failed", Level.ERROR, "outcomes could not be recorded", reason))
            return False
        return True

    def _gives_up(self) -> bool:
        """What could not be written is tried again, on a full disk for as long as it is full.

        Not once we end, or the ledger writes no more before it is opened anew: the next start makes these attempts
        again.
        """
        with self._changed:
            return bool(self._changed.wait_for(lambda: self._closed or self._ledger.failure, _AGAIN))

    def _gather(self) -> list[Ended]:
        """The next outcomes to write; empty when closed and all written."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._closed)
            if len(self._ended) < GROUP and not self._closed:
                self._changed.wait_for(lambda: len(self._ended) >= GROUP or self._closed, _GATHER)
            ended, self._ended, self._writing = self._ended, [], bool(self._ended)
        return ended
