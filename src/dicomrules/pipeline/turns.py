"""Whose turn it is among the lanes of one destination: which consignment each has in hand, and which priority is next.

A lane keeps to its consignment, so that one association carries a study, for as many batches as a study of common size
has; then others that have waited longer come first. Of four turns one begins at medium priority and of sixteen one at
low: high goes before them, and starves nobody.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dicomrules.queue.consign import PRIORITIES, Choice

KEPT: Final = 8  # batches of one consignment in a row
_SIXTEENTH, _FOURTH = 16, 4


def at_any_time() -> tuple[str, ...]:
    """The schedules of who has none."""
    return ("",)


@dataclass(slots=True)
class _Hand:
    """What one lane has in hand, and for how many batches it has had it."""

    consignment: int = 0
    batches: int = 0


class Turns:
    """Shared by the lanes of one destination. `opened` names the schedules that are open now, and the empty one."""

    def __init__(self, opened: Callable[[], tuple[str, ...]] = at_any_time, aet: str = "") -> None:
        self._opened = opened
        self._aet = aet
        self._hands: dict[int, _Hand] = {}
        self._count = 0
        self._lock = threading.Lock()

    def choice(self, lane: int) -> Choice:
        """What the lane with this number may claim now, and would rather have."""
        with self._lock:
            self._count += 1
            hand = self._hands.setdefault(lane, _Hand())
            others = frozenset(each.consignment for number, each in self._hands.items() if number != lane)
            return Choice(
                schedules=self._opened(),
                first=self._first(),
                mine=hand.consignment if hand.batches < KEPT else 0,
                taken=others - {0},
                aet=self._aet,
            )

    def is_open(self, schedule: str) -> bool:
        """Whether what goes by this schedule, empty: by none, may go now."""
        return not schedule or schedule in self._opened()

    def took(self, lane: int, consignment: int) -> None:
        """The lane has claimed from this consignment; 0: from none."""
        with self._lock:
            hand = self._hands.setdefault(lane, _Hand())
            if hand.consignment == consignment and hand.batches < KEPT:
                hand.batches += 1
            else:
                hand.consignment, hand.batches = consignment, 1

    def _first(self) -> int:
        if self._count % _SIXTEENTH == 0:
            return PRIORITIES["low"]
        return PRIORITIES["medium" if self._count % _FOURTH == 0 else "high"]
