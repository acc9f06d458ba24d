"""The STOW-RS receiver: uvicorn's HTTP/1.1 protocol on a port of ours, in the event loop of intake.

uvicorn parses requests and calls the application. Who may connect, how long a connection may be silent, and when all
of it ends is decided here: signals, processes and log files are the gateway's, so of uvicorn's own server only what
one connection needs is used.
"""

import asyncio
import logging
import ssl
from collections import Counter
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.model.receiver import StowReceiver
from dicomrules.net.tls import Secured, Unusable
from dicomrules.receivers.scp import Means
from dicomrules.receivers.stow.app import StowApp
from dicomrules.wire.limits import Deadlines

_LONGEST_HEAD = 16 * 1024  # bytes of a request's line and header fields
_KEEP_ALIVE = 15  # seconds between two requests of a connection
_TICK = 1.0
_REFUSAL = b"HTTP/1.1 %s\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class StowServer:
    """One receiver. `start`, then `drain` when it is to end."""

    def __init__(self, receiver: StowReceiver, means: Means, deadlines: Deadlines | None = None) -> None:
        self.receiver = receiver
        self.emit = means.emit
        self.deadlines = deadlines or Deadlines()
        self.connections: set[_Connection] = set()
        self.by_address: Counter[str] = Counter()
        self._crowding: set[str] = set()  # addresses that had too many, until they have none
        self._config = _config(StowApp(receiver, means, self.deadlines))
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on, also when the receiver's is 0."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Begin to listen. OSError when the port is taken or may not be used, or its certificates cannot be used."""
        _log_to(self.emit)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self, self._config, self._state),
            self.receiver.bind,
            self.receiver.port,
            backlog=256,
            ssl=self._context(),
            ssl_handshake_timeout=self.deadlines.handshake if self.receiver.tls else None,
        )
        self._ticker = loop.create_task(self._tick())

    async def drain(self, seconds: float) -> None:
        """Stop accepting; requests under way may finish for `seconds`, the rest is cut off."""
        if self._server is None or self._ticker is None:
            return
        self._server.close()
        for connection in list(self.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self.connections and loop.time() < deadline:
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.cut()
        if self._state.tasks:  # each sees that its peer is gone, and cleans up after itself
            await asyncio.wait(self._state.tasks, timeout=self.deadlines.handshake)
        self._ticker.cancel()

    # what a connection asks

    def admits(self, address: str) -> bytes:
        """Empty when one more connection from this address is borne; else what it is answered."""
        if len(self.connections) >= self.receiver.connections:
            return _REFUSAL % b"503 Service Unavailable"
        if self.by_address[address] < self.receiver.per_address:
            return b""
        if address not in self._crowding:  # told once, not for every connection of a flood
            self._crowding.add(address)
            fields: dict[str, str | int | float] = {"receiver": self.receiver.name, "address": address}
            self.emit(Event("connection.refused", Level.WARNING, "an address has too many connections", fields))
        return _REFUSAL % b"429 Too Many Requests"

    def forget(self, connection: "_Connection") -> None:
        """A connection that was admitted is over."""
        self.connections.discard(connection)
        self.by_address[connection.address] -= 1
        if not self.by_address[connection.address]:
            del self.by_address[connection.address]
            self._crowding.discard(connection.address)

    def _context(self) -> ssl.SSLContext | None:
        """A context that looks at the files of certificates anew at each handshake."""
        if self.receiver.tls is None:
            return None
        secured = Secured(self.receiver.tls, self._not_reloaded)
        try:
            context = secured.context()
        except Unusable as problem:
            raise OSError(str(problem)) from problem

        def named(of: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            of.context = secured.context()

        context.sni_callback = named
        return context

    def _not_reloaded(self, why: str) -> None:
        text = "changed certificates cannot be used; those of before go on being used"
        self.emit(Event("tls.not_reloaded", Level.ERROR, text, {"receiver": self.receiver.name, "why": why}))

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(_TICK, self.deadlines.artim / 8))
            for connection in list(self.connections):
                connection.check(loop.time())


class _Connection(H11Protocol):
    """A connection of uvicorn's that is counted, and cut when it only takes room."""

    def __init__(self, server: StowServer, config: Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self.address = ""
        self._of = server
        self._admitted = False
        self._heard = 0.0  # since when it has been the peer's turn
        self._unread = 0  # bytes that wait for the peer to read them

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        refusal = self._of.admits(self.address)
        super().connection_made(transport)
        self._heard = self.loop.time()
        if refusal:
            transport.write(refusal)
            transport.close()
            return
        self._admitted = True
        self._of.connections.add(self)
        self._of.by_address[self.address] += 1

    def data_received(self, data: bytes) -> None:
        if self._admitted and not self.transport.is_closing():
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._admitted:
            self._of.forget(self)

    def check(self, now: float) -> None:
        """Cut it when a request's head, or the reading of an answer, takes too long. Bodies have their own deadline."""
        unread = self.transport.get_write_buffer_size()
        rests = self.cycle is None or self.cycle.response_complete
        if not rests or (unread and unread != self._unread):
            self._heard = now
        self._unread = unread
        patience = self._of.deadlines.artim + (_KEEP_ALIVE if self.cycle is not None and not unread else 0)
        if now - self._heard >= patience:
            self.cut()

    def cut(self) -> None:
        """End it now."""
        self.transport.abort()


def _config(app: StowApp) -> Config:
    config = Config(
        app,
        http=_Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
    )
    config.load()
    return config


def _log_to(emit: Emit) -> None:
    """What uvicorn has to say becomes events: its constant words, and the kind of an error, never its text."""
    logger = logging.getLogger("uvicorn.error")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    logger.handlers = [_Events(emit)]


class _Events(logging.Handler):
    def __init__(self, emit: Emit) -> None:
        super().__init__()
        self._emit = emit

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"what": str(record.msg).strip()}
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
        level = Level.ERROR if record.levelno >= logging.ERROR else Level.WARNING
        self._emit(Event("stow.server", level, "the HTTP server has something to say", fields))
