"""The STOW-RS receiver: uvicorn's HTTP/1.1 protocol on a port of ours, in the event loop of intake.

uvicorn parses requests and calls the application. Who may connect, how long a connection may be silent, and when all
of it ends is decided here: signals, processes and log files are the gateway's, so of uvicorn's own server only what
one connection needs is used.
"""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from contextlib import suppress
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.model.receiver import StowReceiver
from dicomrules.net.door import Door, Peername, listening
from dicomrules.net.tls import Secured, Unusable, words
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
        self._admitted = 0
        self._door: Door | None = None
        self._context: ssl.SSLContext | None = None
        self._ticker: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on, also when the receiver's is 0."""
        assert self._door is not None
        return int(self._door.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Begin to listen. OSError when the port is taken or may not be used, or its certificates cannot be used."""
        _log_to(self.emit)
        self._context = self._secured()
        self._door = Door(listening(self.receiver.bind, self.receiver.port), self.admits, self._begin, self._exhausted)
        self._ticker = asyncio.get_running_loop().create_task(self._tick())

    async def drain(self, seconds: float) -> None:
        """Stop accepting; requests under way may finish for `seconds`, the rest is cut off."""
        if self._door is None or self._ticker is None:
            return
        self._door.close()
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

    # what the door asks, before a handshake costs anything

    def admits(self, sock: socket.socket, address: str) -> bool:
        """Count one more connection when it is borne; else tell it why not, where it understands that."""
        refusal = self._refusal(address)
        if not refusal:
            self._admitted += 1
            self.by_address[address] += 1
        elif self.receiver.tls is None:
            with suppress(OSError):
                sock.send(refusal)
        return not refusal

    def _refusal(self, address: str) -> bytes:
        if self._admitted >= self.receiver.connections:
            return _REFUSAL % b"503 Service Unavailable"
        if self.by_address[address] < self.receiver.per_address:
            return b""
        if address not in self._crowding:  # told once, not for every connection of a flood
            self._crowding.add(address)
            fields: dict[str, str | int | float] = {"receiver": self.receiver.name, "address": address}
            self.emit(Event("connection.refused", Level.WARNING, "an address has too many connections", fields))
        return _REFUSAL % b"429 Too Many Requests"

    def forget(self, address: str) -> None:
        """A connection that was admitted is over."""
        self._admitted -= 1
        self.by_address[address] -= 1
        if not self.by_address[address]:
            del self.by_address[address]
            self._crowding.discard(address)

    async def _begin(self, sock: socket.socket, peername: Peername) -> None:
        """The handshake, if any, and the beginning of HTTP; without one, the connection is said to be over."""
        connection = _Connection(self, peername[0], self._config, self._state)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=self._context,
                ssl_handshake_timeout=self.deadlines.handshake if self._context else None,
            )
        except OSError as error:
            sock.close()
            fields: dict[str, str | int | float] = {"receiver": self.receiver.name, "address": peername[0]}
            text = "a peer could not make a secure connection"
            self.emit(Event("tls.refused", Level.WARNING, text, {**fields, "why": words(error)}))
        finally:
            if not connection.begun:
                self.forget(peername[0])

    def _exhausted(self, why: str) -> None:
        fields: dict[str, str | int | float] = {"receiver": self.receiver.name, "why": why}
        self.emit(Event("listener.exhausted", Level.ERROR, "no connection can be accepted now", fields))

    def _secured(self) -> ssl.SSLContext | None:
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

    def __init__(self, server: StowServer, address: str, config: Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self.begun = False
        self._of = server
        self._address = address
        self._heard = 0.0  # since when it has been the peer's turn
        self._unread = 0  # bytes that wait for the peer to read them

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._heard = self.loop.time()
        self.begun = True
        self._of.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._of.connections.discard(self)
        self._of.forget(self._address)

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
