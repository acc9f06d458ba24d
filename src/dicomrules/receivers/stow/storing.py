"""The parts of one request, one after the other, into the spool and to the inbox; what became of each of them.

A part is written as it comes. While the inbox makes it durable the next one is read already, a few at a time, so that
those of one request become durable together; what is answered keeps their order.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from dicomrules.model.instance import Envelope, Peer
from dicomrules.model.ports import Inbox
from dicomrules.receivers.arrival import CANNOT_UNDERSTAND, Refusal
from dicomrules.receivers.budget import Budget
from dicomrules.receivers.stow.answer import Result
from dicomrules.receivers.stow.media import DICOM, media_type
from dicomrules.receivers.stow.part import TOO_LONG, Origin, Part, Shelf

_T = TypeVar("_T")

_SMALL = 256 * 1024  # up to here a part is written and indexed at once, without a thread
_AT_ONCE = 8  # parts of one request that are on their way to the inbox
_OTHER_TYPE = Refusal(CANNOT_UNDERSTAND, "only parts of the type application/dicom are taken")
_ENCODED = Refusal(CANNOT_UNDERSTAND, "only parts in binary are taken")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the requests of one receiver share."""

    shelf: Shelf
    inbox: Inbox
    pool: Executor
    budget: Budget


class Storing:
    """One request. For each part `began`, `came` any number of times, `ended`; at last `results` or `broken`."""

    def __init__(self, around: Surroundings, peer: Peer, request: str, study: str) -> None:
        self._around = around
        self._peer = peer
        self._request = request
        self._study = study
        self._part: Part | None = None
        self._outcomes: list[asyncio.Task[Result]] = []
        self._free = asyncio.Semaphore(_AT_ONCE)

    def began(self, headers: Mapping[str, str]) -> None:
        """A part begins."""
        source = f"request {self._request}, part {len(self._outcomes) + 1}"
        origin = Origin(self._peer, source, datetime.now(UTC), self._study)
        self._part = Part(self._around.shelf, origin, _unwanted(headers))

    async def came(self, piece: bytes | memoryview) -> None:
        """Some of the part's content."""
        part = self._part
        assert part is not None
        await self._blocking(part, lambda: part.write(piece))

    async def ended(self) -> None:
        """The part is whole: on to the inbox with it."""
        part, self._part = self._part, None
        assert part is not None
        await self._free.acquire()
        self._outcomes.append(asyncio.create_task(self._accepted(part)))

    async def results(self) -> list[Result]:
        """What became of all parts that were whole, once all of that is certain. One that is not whole is removed."""
        if self._part is not None:
            self._part.abandon()
            self._part = None
        return list(await asyncio.gather(*self._outcomes))

    async def _accepted(self, part: Part) -> Result:
        try:
            async with self._around.budget.hold(part.length):
                made = await self._blocking(part, part.finish)
                if isinstance(made, Refusal):
                    return Result(*part.announced, made.status, made.comment, _http(made))
                receipt = await self._around.inbox.accept(made)
            return _result(made, receipt.status, receipt.comment)
        finally:
            self._free.release()

    async def _blocking(self, part: Part, work: Callable[[], _T]) -> _T:
        if part.length <= _SMALL:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._around.pool, work)


def _result(envelope: Envelope, status: int, comment: str) -> Result:
    key = envelope.key
    return Result(key.sop_class, key.sop_instance, status, comment, 503 if status >> 8 == 0xA7 else 409)


def _unwanted(headers: Mapping[str, str]) -> Refusal | None:
    """What the header fields of a part say against it."""
    media = media_type(headers.get("content-type", DICOM))
    if media is None or media.name != DICOM:
        return _OTHER_TYPE
    if headers.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit"):
        return _ENCODED
    return _ENCODED if headers.get("content-encoding", "identity").lower() != "identity" else None


def _http(refusal: Refusal) -> int:
    """What a request is answered when this holds for all of its parts."""
    if refusal is TOO_LONG:
        return 413
    if refusal in (_OTHER_TYPE, _ENCODED):
        return 415
    return 503 if refusal.status >> 8 == 0xA7 else 409
