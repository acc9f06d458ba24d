"""Listens for associations and drives each of them: sockets, deadlines, limits, drain. Knows no policy (see
`service`).
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.model.security import ServerTls
from dicomrules.net.buffers import BufferPool
from dicomrules.net.link import Link
from dicomrules.net.secure_server import SecureServer
from dicomrules.net.service import Caller, Service
from dicomrules.wire.associate import LIMIT_EXCEEDED, Rejection, Titles
from dicomrules.wire.limits import Deadlines, WireLimits

_RESTS = 1.0  # seconds without a byte between two messages, after which a drain takes it that no other one follows


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Where to listen and how much to bear. `per_address` counts connections, `associations` those that were
    established.
    """

    name: str
    port: int
    bind: str = "127.0.0.1"
    associations: int = 200
    per_address: int = 32
    limits: WireLimits = field(default=WireLimits())
    deadlines: Deadlines = field(default=Deadlines())
    tls: ServerTls | None = None


class Listener:
    """One listening port. `start`, then `drain` when no more is to be taken."""

    def __init__(self, settings: ListenerSettings, service: Service, emit: Emit) -> None:
        self.settings = settings
        self.service = service
        self.emit = emit
        self.buffers = BufferPool()
        self._links: set[Link] = set()
        self._by_address: Counter[str] = Counter()
        self._crowding: set[str] = set()  # addresses that had too many, until they have none
        self._server: asyncio.Server | SecureServer | None = None
        self._ticker: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port, also when the settings left it to the system (0)."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def associations(self) -> int:
        """How many associations are established now."""
        return sum(link.connection.established for link in self._links)

    async def start(self) -> None:
        """Begin to listen. OSError when the port is taken or may not be used, or its certificates cannot be used."""
        loop = asyncio.get_running_loop()
        bind = self.settings.bind
        if self.settings.tls is not None:
            self._server = SecureServer(self, self.settings.tls)
        else:
            self._server = await loop.create_server(lambda: Link(self), bind, self.settings.port, backlog=256)
        self._ticker = loop.create_task(self._tick())

    async def drain(self, seconds: float) -> None:
        """Stop accepting; associations may finish for `seconds`, the rest is aborted (A-ABORT 0, 0).

        One that only stays open, with no message under way, is not waited for.
        """
        if self._server is None or self._ticker is None:
            return
        self._server.close()
        for link in self._links:
            if not link.connection.established:
                link.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._links and loop.time() < deadline:
            for link in [link for link in self._links if link.rests(loop.time(), _RESTS)]:
                link.abort()
            await asyncio.sleep(0.02)
        links = list(self._links)
        for link in links:
            link.abort()
        await asyncio.gather(*(link.finished() for link in links))
        self._ticker.cancel()

    # what a link asks

    def admits(self, address: str) -> bool:
        """Count a new connection; False when its address has too many."""
        if self._by_address[address] >= self.settings.per_address:
            if address not in self._crowding:  # told once, not for every connection of a flood
                self._crowding.add(address)
                text = "an address has too many connections"
                self.note("connection.refused", Level.WARNING, text, {"address": address})
            return False
        self._by_address[address] += 1
        return True

    def watch(self, link: Link) -> None:
        """A connection that was admitted begins."""
        self._links.add(link)

    def forget(self, link: Link | None, address: str) -> None:
        """A connection that was admitted is over; None: before it could begin."""
        if link is not None:
            self._links.discard(link)
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
            self._crowding.discard(address)

    def screen(self, titles: Titles, caller: Caller) -> Rejection | None:
        """The limit of associations first, then the service's own list."""
        if self.associations >= self.settings.associations:
            return LIMIT_EXCEEDED
        return self.service.screen(titles, caller)

    def note(self, name: str, level: Level, text: str, fields: dict[str, str | int | float]) -> None:
        """Tell what happened."""
        self.emit(Event(name, level, text, {"receiver": self.settings.name, **fields}))

    async def _tick(self) -> None:
        """Look at all deadlines, a few times within the shortest of them."""
        deadlines = self.settings.deadlines
        shortest = min(deadlines.artim, deadlines.pdu, deadlines.idle, deadlines.rate_window)
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(1.0, shortest / 8))
            now = loop.time()
            for link in list(self._links):
                link.check(now)
