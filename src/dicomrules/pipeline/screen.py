"""What is found out about claimed deliveries before anything is sent.

    claimed -> has it come back? -> was it sent already, and is to go only once? -> what is left is attempted

The ledger is asked; whatever needs no attempt ends here, with an outcome that says why.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from dicomrules.model.delivery import Delivery, Kind, Outcome
from dicomrules.pipeline import known

SentOnce = Callable[[Delivery], datetime | None]

_ANOTHER = Outcome(Kind.DEFERRED, "another copy is being sent, and this one is to go only once")


class Screen:
    """Shared by the lanes of one destination. `sent_once` is the ledger's; `written` waits until it knows all
    outcomes.
    """

    def __init__(self, sent_once: SentOnce, written: Callable[[], None]) -> None:
        self._sent_once = sent_once
        self._written = written
        self._in_hand: set[str] = set()
        self._lock = threading.Lock()

    def ended(self, claimed: Iterable[Delivery], now: datetime) -> Iterator[tuple[Delivery, Outcome]]:
        """Those that need no attempt, and why. The others are in hand until `let_go`."""
        for delivery in claimed:
            outcome = known.LOOP if delivery.came_back else self._once(delivery, now)
            if outcome is not None:
                yield delivery, outcome

    def let_go(self, attempted: Iterable[Delivery]) -> None:
        """These are no longer in hand."""
        with self._lock:
            self._in_hand.difference_update(each.sop_instance for each in attempted if _only_once(each))

    def _once(self, delivery: Delivery, now: datetime) -> Outcome | None:
        if not _only_once(delivery):
            return None
        assert delivery.options is not None
        with self._lock:
            if delivery.sop_instance in self._in_hand:
                return _ANOTHER
            self._written()
            outcome = known.once(delivery.options, self._sent_once(delivery), now)
            if outcome is None:
                self._in_hand.add(delivery.sop_instance)
            return outcome


def _only_once(delivery: Delivery) -> bool:
    return delivery.options is not None and delivery.options.only_once
