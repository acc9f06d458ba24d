"""Many objects out of one source, an archive or a medium: taken side by side, with one answer for all of them.

What is taken is safe, whatever becomes of the others. A source that must be taken a second time, after a crash or when
its faults are mended, brings its other objects again: the same bytes from the same peer are duplicates.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dicomrules.model.instance import Receipt, Verdict
from dicomrules.receivers.arrival import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from dicomrules.receivers.taking import is_for_now, is_success
from dicomrules.spool.errors import SpoolError

PARALLEL = 4  # objects of one source at once, so that they are made durable together
_TOLD = 100  # problems that a reason names

T = TypeVar("T")


class NoObject(Exception):
    """This part of a source is no DICOM object and is not meant to be one: it is passed over."""


class Faulty(Exception):
    """This part of a source cannot be taken, ever; the text says why, without patient data."""


class Bomb(Faulty):
    """Nothing more is taken from this source."""


@dataclass(slots=True)
class Tally:
    """What came of the parts of one source. `wait`: why the others have to wait."""

    taken: int = 0
    passed: int = 0
    problems: list[str] = field(default_factory=list)
    faults: int = 0
    wait: str = ""
    stopped: bool = False

    def fault(self, name: str, why: str) -> None:
        """Note one that cannot be taken."""
        self.faults += 1
        if len(self.problems) < _TOLD:
            self.problems.append(f"{shown(name)}: {why}")

    @property
    def receipt(self) -> Receipt:
        """The answer for the source as a whole. Its comment has numbers only."""
        if self.wait:
            return Receipt(Verdict.REJECT, OUT_OF_RESOURCES, self.wait)
        if self.faults:
            said = f"{self.faults} of its objects could not be taken, {self.taken} were"
            return Receipt(Verdict.REJECT, CANNOT_UNDERSTAND, said)
        if not self.taken:
            return Receipt(Verdict.REJECT, CANNOT_UNDERSTAND, "there is no DICOM object in it")
        return Receipt(Verdict.SEND)

    @property
    def details(self) -> str:
        """The problems, a line each. File names may hold patients' names: for the note beside the file only."""
        more = f"- and {self.faults - len(self.problems)} more\n" if self.faults > len(self.problems) else ""
        return "".join(f"- {problem}\n" for problem in self.problems) + more


@dataclass(frozen=True, slots=True)
class Many(Generic[T]):
    """Parts of a source, `name_of` each, and how one is taken (None: not now).

    `why_not` says why nothing more is taken now; empty: it is.
    """

    parts: Iterator[T]
    name_of: Callable[[T], str]
    take: Callable[[T], Awaitable[Receipt | None]]
    why_not: Callable[[], str]

    async def run(self) -> Tally:
        """Take them all, or as many as can be taken now."""
        tally = Tally()
        await asyncio.gather(*(self._work(tally) for _ in range(PARALLEL)))
        return tally

    async def _work(self, tally: Tally) -> None:
        for part in self.parts:
            tally.wait = tally.wait or self.why_not()
            if tally.wait or tally.stopped:
                return
            try:
                receipt = await self.take(part)
            except NoObject:
                tally.passed += 1
            except Faulty as fault:
                tally.fault(self.name_of(part), str(fault))
                tally.stopped = tally.stopped or isinstance(fault, Bomb)
            except (OSError, SpoolError) as error:
                tally.wait = str(error) if isinstance(error, SpoolError) else error.strerror or type(error).__name__
            else:
                self._count(tally, part, receipt)

    def _count(self, tally: Tally, part: T, receipt: Receipt | None) -> None:
        if receipt is None:
            tally.wait = "somebody is still writing it"
        elif is_success(receipt.status):
            tally.taken += 1
        elif is_for_now(receipt.status):
            tally.wait = receipt.comment or "it cannot be kept now"
        else:
            tally.fault(self.name_of(part), receipt.comment or receipt.verdict.value)


def shown(name: str) -> str:
    """A name out of a source, of one line, without anything that a terminal would obey."""
    return ascii(name[:200])[1:-1]
