"""The body of a request as it comes, under a deadline: a peer must bring some bytes a second, or it is too slow.

Only the time that we wait for the peer counts, not that in which the peer waits for our disk.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from dicomrules.wire.limits import Deadlines

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

_MOST_DISCARDED = 4 * 1024 * 1024  # of a body that is not wanted, so that its sender comes to read why
_DISCARDING = 2.0  # seconds


class Gone(Exception):
    """The peer has closed the connection before its request was whole."""


class TooSlow(Exception):
    """The peer has brought less than it must."""


class Body:
    """The body of one request."""

    def __init__(self, receive: Receive, deadlines: Deadlines) -> None:
        self._receive = receive
        self._deadlines = deadlines
        self._ended = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """What comes, to the end. Raises Gone and TooSlow."""
        loop = asyncio.get_running_loop()
        waited, came = 0.0, 0
        while not self._ended:
            began = loop.time()
            piece = await self._next(self._deadlines.rate_window - waited)
            waited, came = waited + loop.time() - began, came + len(piece)
            if piece:
                yield piece
            if waited >= self._deadlines.rate_window:
                if came < self._deadlines.rate * self._deadlines.rate_window:
                    raise TooSlow
                waited, came = 0.0, 0

    async def discard(self) -> None:
        """Read a body that is not wanted, for a moment: who is still sending does not read an answer."""
        left = _MOST_DISCARDED
        with suppress(TimeoutError, Gone):
            async with asyncio.timeout(_DISCARDING):
                while left > 0 and not self._ended:
                    left -= len(await self._next(_DISCARDING))

    async def _next(self, seconds: float) -> bytes:
        """Some bytes; none when nothing came in time, or at the end."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                event = await self._receive()
        except TimeoutError:
            return b""
        if event["type"] == "http.disconnect":
            raise Gone
        self._ended = not event.get("more_body", False)
        return bytes(event.get("body", b""))
