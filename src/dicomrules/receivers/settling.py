"""Which files of a watched folder stand still: pure, with the clock as an argument.

The theory. A file is `looked at` again and again. Its size, time and inode are its look; when they have been the same
for `settle`, it is offered, once for each look. What becomes of it is told back: it is gone, or it is to be offered
`again` after a pause, which doubles from 5 seconds up to 5 minutes; a file whose look changes starts from the
beginning. Files that were offered and are still there are remembered, so that none is offered twice. Of the others, at
most `capacity` are followed at a time, so that a folder of millions costs no more memory than one of thousands; the
rest have their turn later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

CAPACITY = 10_000
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0  # seconds


class Look(NamedTuple):
    """What tells one state of a file from another, as `stat` gives it."""

    device: int
    inode: int
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class _Followed:
    """A file: how it looks, since when, when it may be offered, and how long the next pause is."""

    look: Look
    since: float
    due: float
    pause: float = FIRST_PAUSE
    offered: bool = False


class Settling:
    """The files of one folder. Times are seconds of a monotonic clock."""

    def __init__(self, settle: float, capacity: int = CAPACITY) -> None:
        self._settle = settle
        self._capacity = capacity
        self._files: dict[str, _Followed] = {}

    def look(self, seen: Iterable[tuple[str, Look]], now: float) -> list[tuple[str, Look]]:
        """All files that are in the folder now; returns those that stand still and are due, oldest first."""
        files: dict[str, _Followed] = {}
        followed = sum(not file.offered for file in self._files.values())
        for name, look in seen:
            known = self._files.get(name)
            if known is not None and known.look == look:
                files[name] = known
            elif followed < self._capacity:
                followed += 1
                files[name] = _Followed(look, now, now + self._settle)
        self._files = files
        due = [(name, file.look) for name, file in files.items() if not file.offered and file.due <= now]
        for name, _ in due:
            files[name] = replace(files[name], offered=True)
        return sorted(due, key=lambda offer: (offer[1].mtime_ns, offer[0]))

    def again(self, name: str, now: float) -> None:
        """The file could not be taken now: offer it after a pause, twice as long as the one before."""
        if file := self._files.get(name):
            longer = min(file.pause * 2, LONGEST_PAUSE)
            self._files[name] = replace(file, due=now + file.pause, pause=longer, offered=False)

    def not_now(self, name: str) -> None:
        """The file was not looked at, for a reason that is not its own: offer it again at once."""
        if file := self._files.get(name):
            self._files[name] = replace(file, offered=False)

    def next_due(self, now: float) -> float | None:
        """Seconds until a file may be due, 0 or more; None when no file is waited for."""
        dues = [file.due for file in self._files.values() if not file.offered]
        return max(min(dues) - now, 0.0) if dues else None
